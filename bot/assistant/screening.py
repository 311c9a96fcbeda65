"""Screening: whether a forwarded message is a scam, which kind, and what gives it away."""

from __future__ import annotations

from dataclasses import dataclass

from bot.assistant.answer import Risk
from bot.assistant.screening_rules import Look, RedFlag, ScamType, ScreeningRules
from retrieval.classifier import Classifier
from retrieval.embedder import Vectors

SCAM, LEGIT, QUESTION = "scam", "legit", "question"  # the labels of the message model
_FLAGS_SHOWN = 4


@dataclass(frozen=True)
class ScreeningModel:
    """What `make train` fitted."""

    message: Classifier  # scam, legit, or no message at all but a question
    kind: Classifier
    high_from: float
    medium_from: float
    message_from: float  # chance from which a text is taken for a message
    unsure_from: float  # and from which the person is asked


@dataclass(frozen=True)
class Screened:
    """What was found about one message."""

    scam: float  # the chance, 0..1, that it is a scam, given that it is a message
    message: float  # the chance that it is a message, not a question
    risk: Risk
    type: str
    name: str  # the type's plain name
    cards: tuple[str, ...]  # the type's cards, best first
    flags: tuple[RedFlag, ...]


class Screening:
    """Screens messages; nothing in them is ever opened or followed."""

    def __init__(
        self, rules: ScreeningRules, model: ScreeningModel | None, fingerprint: str = ""
    ) -> None:
        self._rules = rules
        self._model = model
        self._fits = model is not None and model.message.fits(fingerprint)

    @property
    def rules(self) -> ScreeningRules:
        """The rules and fixed wording."""
        return self._rules

    def look(self, text: str) -> Look:
        """The message without its disguise, and what the rules saw; embed `Look.text`."""
        return self._rules.look(text)

    def judge(self, look: Look, vector: Vectors | None) -> Screened:
        """Weigh what the rules saw; by the count of red flags alone when there is no model."""
        if self._model is None:
            scam = min(len(look.flags) / 3, 1.0)
            return self._screened(look, scam, float(len(look.text) > _LONG), "")
        given = vector if self._fits else None
        shares = self._model.message.probabilities(look.text, given, look.signals)
        either = shares[SCAM] + shares[LEGIT]
        scam = shares[SCAM] / either if either > 0 else 0.0
        kinds = self._model.kind.probabilities(look.text, given, look.signals)
        return self._screened(look, scam, either, max(kinds, key=lambda kind: kinds[kind]))

    def is_message(self, screened: Screened) -> bool:
        """Whether the text is a message to be judged."""
        return screened.message >= (self._model.message_from if self._model else 1.0)

    def may_be_message(self, screened: Screened) -> bool:
        """Whether it is worth asking the person if it is one."""
        return screened.message >= (self._model.unsure_from if self._model else 1.0)

    def _screened(self, look: Look, scam: float, message: float, kind: str) -> Screened:
        high = self._model.high_from if self._model else _HIGH
        medium = self._model.medium_from if self._model else _MEDIUM
        risk = Risk.HIGH if scam >= high else Risk.MEDIUM if scam >= medium else Risk.LOW
        found = self._rules.types.get(kind) or ScamType("", ("fraud.overview",))
        flags = look.flags[:_FLAGS_SHOWN] if risk is not Risk.LOW else ()
        return Screened(scam, message, risk, kind, found.name, found.cards, flags)


_LONG = 40  # characters; without a model a longer text is taken for a message
_HIGH, _MEDIUM = 0.9, 0.5

"""Triage: whether one message tells of an emergency, or a scam, that is happening now.

Readable rules (prompts/triage.toml) see signs and what speaks against them; a small linear model
(`make train`) weighs them together with the wording and its meaning. Without the model, or
without the embedder, the rest goes on alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.assistant.triage_rules import Reading, TriageRules
from retrieval.classifier import Classifier
from retrieval.grams import grams
from retrieval.question import Question
from retrieval.retriever import Heard

NONE, DANGER = "none", "danger"  # the labels of the danger model
NOW = "now"  # the one guard that speaks for an alarm
_SIGN_SHARE = 1.0  # what a sign the rules saw adds to a category's probability


@dataclass(frozen=True)
class Alarm:
    """An emergency that was recognised, and what it was recognised by."""

    category: str
    certainty: float
    why: tuple[str, ...]  # rules by name, or the nearest known wording


@dataclass(frozen=True)
class TriageModel:
    """What `make train` fitted: is it danger, of which kind, and known wordings of each kind."""

    danger: Classifier
    kind: Classifier
    alarm_from: Mapping[str, float]  # by standing(): with signs, signs spoken against, none
    prototypes: Mapping[str, Sequence[str]]


class Triage:
    """Recognises emergencies; holds no state but what was fitted."""

    def __init__(
        self, rules: TriageRules, model: TriageModel | None = None, fingerprint: str = ""
    ) -> None:
        self._rules = rules
        self._model = model
        self._fits = model is not None and model.danger.fits(fingerprint)

    def check(self, heard: Heard) -> Alarm | None:
        """The alarm that a message raises, or None."""
        reading = self._rules.read(heard.question.both)
        if self._model is None:
            return _by_rules(reading)
        certainty = self.certainty(heard, reading)
        if certainty < self._model.alarm_from[standing(reading)]:
            return None
        return self._alarm(heard, reading, certainty)

    def certainty(self, heard: Heard, reading: Reading | None = None) -> float:
        """The chance, 0..1, that this is danger happening now."""
        if self._model is None:
            return float(_by_rules(self._rules.read(heard.question.both)) is not None)
        reading = reading or self._rules.read(heard.question.both)
        signals = triage_signals(reading, heard.question)
        vector = heard.vector if self._fits else None
        return self._model.danger.probabilities(heard.question.plain, vector, signals)[DANGER]

    def _alarm(self, heard: Heard, reading: Reading, certainty: float) -> Alarm:
        assert self._model is not None  # noqa: S101 - check() asked
        signals = triage_signals(reading, heard.question)
        vector = heard.vector if self._fits else None
        shares = self._model.kind.probabilities(heard.question.plain, vector, signals)
        category = max(shares, key=lambda c: shares[c] + _SIGN_SHARE * (c in reading.signs))
        seen = reading.signs.get(category)
        nearest = _nearest(heard.question.plain, self._model.prototypes.get(category, ()))
        return Alarm(category, certainty, seen or (nearest,))


def standing(reading: Reading) -> str:
    """How a message stands by the rules: what no rule saw must be surer to raise an alarm."""
    if not reading.signs:
        return "unseen"
    return "doubted" if reading.guards.keys() - {NOW} else "plain"


def triage_signals(reading: Reading, question: Question) -> dict[str, float]:
    """What the rules saw, as the model is given it."""
    against = [kind for kind in reading.guards if kind != NOW]
    count = sum(len(found) for found in reading.signs.values())
    return {
        **{f"sign_{category}": 1.0 for category in reading.signs},
        **{f"guard_{kind}": 1.0 for kind in reading.guards},
        "signs": min(count, 4) / 2,
        "free": float(count > 0 and not against),
        "free_twice": float(count > 1 and not against),
        "against": min(len(against), 3) / 2,
        "now_signs": float(count > 0 and NOW in reading.guards),
        "length": min(len(question.text), 120) / 60,
    }


def _by_rules(reading: Reading) -> Alarm | None:
    """Rules alone: any sign, and nothing that speaks against it."""
    if not reading.signs or reading.guards.keys() - {NOW}:
        return None
    category = max(reading.signs, key=lambda c: len(reading.signs[c]))
    return Alarm(category, 1.0, reading.signs[category])


def _nearest(text: str, known: Sequence[str]) -> str:
    mine = grams(text).keys()
    return max(known, key=lambda k: len(mine & grams(k).keys()) / (len(k) + 1), default="")

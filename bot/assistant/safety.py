"""Safety: what comes before every search: an emergency, a forwarded message, a refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.assistant.answer import Answer, AnswerVerdict, Risk
from bot.assistant.composer import Composer, hotlines_in
from bot.assistant.emergency import EmergencyComposer, load_responses
from bot.assistant.models import load_refusal_model, load_screening_model, load_triage_model
from bot.assistant.refusal import Refusal, Refusals, load_refusals
from bot.assistant.scam import ScamComposer
from bot.assistant.screening import Screened, Screening
from bot.assistant.screening_rules import load_screening_rules
from bot.assistant.triage import Alarm, Triage
from bot.assistant.triage_rules import load_triage_rules
from knowledge.card import Revision
from retrieval.fusion import Outcome
from retrieval.retriever import Found, Heard, Retriever

SCREEN, SEARCH = "screen:", "search:"  # what a choice means when it names no card
SURE_CARD = 0.9  # confidence of an ordinary card that outweighs an alarm below SURE_ALARM
SURE_ALARM = 0.8
_GLANCE = 0.03  # chance of being a message, by words alone, below which no second look is taken
_SCREENED_CHARACTERS = 1200


@dataclass(frozen=True)
class Findings:
    """What was found before searching; `answer` is final, the others only lean."""

    answer: Answer | None = None
    alarm: Alarm | None = None
    screened: Screened | None = None
    refusal: Refusal | None = None


class Safety:
    """Triage, screening and refusal, in that order."""

    def __init__(
        self,
        retriever: Retriever,
        composer: Composer,
        lookup: Callable[[str], Revision | None],
        fingerprint: str = "",
    ) -> None:
        rules = load_screening_rules()
        self._retriever = retriever
        self.triage = Triage(load_triage_rules(), load_triage_model(), fingerprint)
        self.screening = Screening(rules, load_screening_model(), fingerprint)
        self.refusals = Refusals(load_refusals(), load_refusal_model(), fingerprint)
        self._emergencies = EmergencyComposer(load_responses(), composer, lookup)
        self._scams = ScamComposer(dict(rules.replies), composer, lookup)

    def look(self, question: str, heard: Heard) -> Findings:
        """Everything that comes before searching."""
        screened = self._glance(question)
        alarm = self.triage.check(heard)
        # A message that is before us says more by its quotes than an alarm would.
        if alarm is not None and not (screened and self._is_scam_message(screened)):
            return Findings(None, alarm, screened)
        if screened and self._is_scam_message(screened):
            return Findings(self._scams.answer(screened), None, screened)
        return Findings(None, None, screened, self.refusals.check(heard))

    def raise_alarm(self, alarm: Alarm, found: Found) -> Answer | None:
        """The answer to an alarm; None when searching found something surer than a faint alarm."""
        best = found.hits[0].revision if found.hits else None
        sure = best is not None and found.outcome is Outcome.ANSWER
        if best and sure and self._emergencies.fits(alarm, best.card):
            return self._emergencies.answer(alarm, best)
        if sure and found.confidence >= SURE_CARD and alarm.certainty < SURE_ALARM:
            return None
        return self._emergencies.answer(alarm)

    def _is_scam_message(self, screened: Screened) -> bool:
        return self.screening.is_message(screened) and screened.risk is not Risk.LOW

    def screen(self, text: str) -> Answer:
        """The answer about a text that is a message for certain."""
        return self._scams.answer(self.judge(text))

    def judge(self, text: str) -> Screened:
        """What is found about a text that is a message for certain."""
        look = self.screening.look(text[:_SCREENED_CHARACTERS])
        return self.screening.judge(look, self._retriever.embed(look.text))

    def harmless(self, screened: Screened) -> Answer:
        """The answer about a message in which nothing was found."""
        return self._scams.answer(screened)

    def ask_if_message(self) -> Answer:
        """Asks whether the text is a message that came."""
        return self._scams.unsure(SCREEN, SEARCH)

    def refuse(self, refusal: Refusal, card: Answer | None) -> Answer:
        """The refusal, with what a card may still say."""
        if card is None or not refusal.with_card:
            return Answer(
                verdict=AnswerVerdict.REFUSED,
                text=refusal.text,
                confidence=refusal.certainty,
                hotlines=hotlines_in(refusal.text),
                refusal=refusal.category,
                alert=refusal.category == "self_harm_method",
            )
        text = f"{refusal.text}\n\n{card.text}"
        return replace(
            card,
            verdict=AnswerVerdict.REFUSED,
            text=text,
            hotlines=hotlines_in(text),
            refusal=refusal.category,
        )

    def _glance(self, question: str) -> Screened | None:
        """What a text looks like as a message; None when it plainly is none."""
        look = self.screening.look(question[:_SCREENED_CHARACTERS])
        if self.screening.judge(look, None).message < _GLANCE:
            return None
        return self.screening.judge(look, self._retriever.embed(look.text))

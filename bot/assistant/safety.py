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
from bot.assistant.triage import Triage
from bot.assistant.triage_rules import load_triage_rules
from knowledge.card import Revision
from retrieval.retriever import Heard, Retriever

SCREEN, SEARCH = "screen:", "search:"  # what a choice means when it names no card
_GLANCE = 0.03  # chance of being a message, by words alone, below which no second look is taken
_SCREENED_CHARACTERS = 1200


@dataclass(frozen=True)
class Findings:
    """What was found before searching; `answer` is final, the others only lean."""

    answer: Answer | None = None
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
        if alarm is not None:
            answer = self._emergencies.answer(alarm)
            forwarded = screened is not None and self.screening.is_message(screened)
            if forwarded and screened and answer.verdict is AnswerVerdict.SCAM:
                # The message itself is before us: its quotes say more than the alarm would.
                return Findings(self._scams.answer(screened), screened)
            return Findings(answer, screened)
        if screened and self.screening.is_message(screened) and screened.risk is not Risk.LOW:
            return Findings(self._scams.answer(screened), screened)
        return Findings(None, screened, self.refusals.check(heard))

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

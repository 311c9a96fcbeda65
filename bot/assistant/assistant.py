"""The assistant: one question in, one Answer out, every word from a published card or prompts/."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Protocol

from bot.assistant.answer import Answer, AnswerVerdict, FollowUp, Risk, UsedCard
from bot.assistant.claims import denies, goes_round
from bot.assistant.composer import Composer
from bot.assistant.drafting import Drafting
from bot.assistant.follow_up import covers, focus, leans_back, points, stand_alone
from bot.assistant.refusal import Refusal
from bot.assistant.safety import Findings, Safety
from knowledge.card import Revision
from knowledge.hotline import nearest_hotline
from prompts import Wording
from retrieval.fusion import Outcome
from retrieval.retriever import Found, Query, Retriever, choices
from retrieval.text import clean, has_words, is_chinese

FOLLOW_UPS = 3
SURE_CARD = 0.85  # confidence from which a card outweighs a refusal that has none
_GREETING = re.compile(
    r"(?:你好|您好|在吗|在不在|有人吗|喂|哈喽|hello|hi|早上好|晚上好|早|下午好)[啊呀吗么.!?~ ]*"
)
_THANKS = re.compile(
    r"(?:好的|嗯嗯?|哦|知道了|明白了|谢谢[你您]?|多谢|感谢|辛苦了|再见|拜拜|ok|好)[啊呀了哈.!~ ]*"
)


class Cards(Protocol):
    """What the assistant needs of the published cards: the indexer gives it."""

    def lookup(self, key: str) -> Revision | None:
        """The published revision in force today, or None."""
        ...

    def drop_retired(self) -> None:
        """Forget what is published no longer."""
        ...


@dataclass(frozen=True)
class Background:
    """What was said just before: the question, and the card that answered it."""

    question: str = ""
    card: str = ""


class Assistant:
    """Answers questions from the retriever's cards; holds no state of its own."""

    def __init__(
        self,
        retriever: Retriever,
        cards: Cards,
        wording: Wording,
        today: Callable[[], date] = date.today,
        fingerprint: str = "",
        drafting: Drafting | None = None,
    ) -> None:
        self._drafting = drafting
        self._retriever = retriever
        self._cards = cards
        self._wording = wording
        self._composer = Composer(wording)
        self._today = today
        self.safety = Safety(retriever, self._composer, cards.lookup, fingerprint)

    def answer(self, question: str, background: Background | None = None) -> Answer:
        """Answer a question, in the light of the one before it when it leans on that.

        Safe words first: an emergency, then a forwarded message, then what must be refused.
        """
        text = clean(question[:2000])
        fixed = self._fixed(text)
        if fixed is not None:
            return fixed
        self._cards.drop_retired()
        findings = self.safety.look(question[:2000], self._retriever.hear(text))
        if findings.answer is not None:
            return findings.answer
        alone = self._retriever.retrieve(Query(text))
        urgent = self.safety.raise_alarm(findings.alarm, alone) if findings.alarm else None
        if urgent is not None:
            return urgent
        if findings.refusal is not None:
            return self._refuse(text, findings.refusal, alone)
        if background and background.question and leans_back(text):
            leaning = self._answer_leaning(text, background, alone, findings)
            if leaning is not None:
                return leaning
        return self._with_draft(text, alone, findings, self._from_found(text, alone, findings))

    def screen(self, text: str) -> Answer:
        """Whether a text, which is a message for certain, is a scam."""
        self._cards.drop_retired()
        return self.safety.screen(text[:2000])

    def answer_picture(self, words: str, caption: str = "") -> Answer:
        """Answer what was read in a picture; `caption` is what the person wrote under it.

        A plain scam is called one before an emergency is looked for, unlike in a person's own
        words: 您儿子出车祸了 in a screenshot of such a message is the bait, not the accident.
        """
        self._cards.drop_retired()
        screened = self.safety.judge(words[:2000])
        message = self.safety.screening.is_message(screened)
        if message and screened.risk is Risk.HIGH:
            return self.safety.screen(words)
        answer = self.answer(f"{caption}\n{words}" if caption else words)
        urgent = answer.verdict is AnswerVerdict.EMERGENCY
        return self.safety.screen(words) if message and not urgent else answer

    def search(self, question: str) -> Answer:
        """Answer a question that is no message and no emergency: from the cards alone."""
        text = clean(question[:2000])
        self._cards.drop_retired()
        return self._from_found(text, self._retriever.retrieve(Query(text)))

    def answer_card(self, key: str) -> Answer | None:
        """The answer of one card, chosen by tapping; None when it may no longer be used."""
        self._cards.drop_retired()
        revision = self._cards.lookup(key)
        return self._compose(revision, 1.0, ()) if revision else None

    def rank(self, question: str, count: int = 10) -> tuple[str, ...]:
        """The keys that a question finds, best first, whatever becomes of them; for measuring."""
        found = self._retriever.retrieve(Query(question), count)
        return tuple(hit.revision.card.key for hit in found.hits)

    def _fixed(self, text: str) -> Answer | None:
        say = self._wording.say
        if not text:
            return self._abstained(say("abstain.empty"))
        if _GREETING.fullmatch(text):
            return self._abstained(say("abstain.chat_hello"))
        if _THANKS.fullmatch(text):
            return self._abstained(say("abstain.chat_thanks"))
        if not has_words(text):
            return self._abstained(say("abstain.no_words"))
        if not is_chinese(text):
            known = any(char.isdigit() for char in text) and len(text) <= 6  # noqa: PLR2004 - a lone number
            return self._abstained(say("abstain.no_words" if known else "abstain.foreign"))
        return None

    def _answer_leaning(
        self, text: str, background: Background, alone: Found, findings: Findings
    ) -> Answer | None:
        """The answer to a follow-up; None when the question stands well enough by itself."""
        if alone.outcome is Outcome.ANSWER:
            return None
        whole = stand_alone(text, background.question)
        joined = self._retriever.retrieve(Query(whole))
        if joined.outcome is not Outcome.ANSWER:
            return self._answer_rewritten(text, background)
        about = focus(text)
        best = joined.hits[0].revision
        if about and not covers(best.card, about):
            before = self._cards.lookup(background.card)
            title = before.card.title if before else best.card.title
            return self._abstain_follow_up(title, about)
        return self._with_draft(whole, joined, findings, self._from_found(text, joined))

    def _answer_rewritten(self, text: str, background: Background) -> Answer | None:
        """The answer to a follow-up that a model made whole; None when none comes of that."""
        if self._drafting is None:
            return None
        whole = self._drafting.make_whole(text, background.question)
        if whole is None:
            return None
        # A model wrote these words: they pass by safety and retrieval like anybody's.
        heard = clean(whole)
        findings = self.safety.look(whole, self._retriever.hear(heard))
        if findings.answer or findings.alarm or findings.refusal:
            return None
        found = self._retriever.retrieve(Query(heard))
        about = focus(text)
        if found.outcome is not Outcome.ANSWER or not (
            points(about) or covers(found.hits[0].revision.card, about)
        ):
            return None
        return self._with_draft(heard, found, findings, self._from_found(heard, found))

    def _with_draft(
        self, question: str, found: Found, findings: Findings, composed: Answer
    ) -> Answer:
        """The composed answer, with the means to have a model say it better where one may."""
        # A faint alarm, a possible message or a refusal in the air: only the cards' own words.
        if self._drafting is None or findings.alarm or findings.refusal:
            return composed
        if findings.screened and self.safety.screening.may_be_message(findings.screened):
            return composed
        revisions = self._drafting.choose(found, composed)
        if not revisions:
            return composed
        return replace(composed, later=partial(self._drafting.begin, question, revisions, composed))

    def _refuse(self, text: str, refusal: Refusal, found: Found) -> Answer:
        card = self._from_found(text, found) if found.outcome is Outcome.ANSWER else None
        if card and not refusal.with_card and found.confidence >= SURE_CARD:
            return card  # a card that fits this well says more than a refusal
        return self.safety.refuse(refusal, card)

    def _from_found(self, text: str, found: Found, findings: Findings | None = None) -> Answer:
        screened = findings.screened if findings else None
        if found.outcome is not Outcome.ANSWER and screened:
            if self.safety.screening.is_message(screened):
                return self.safety.harmless(screened)
            if self.safety.screening.may_be_message(screened):
                return self.safety.ask_if_message()
        if found.outcome is Outcome.ANSWER:
            others = [hit.revision for hit in found.hits[1:]]
            best = found.hits[0].revision
            told = not (best.card.claim and denies(text, best.card.claim))
            return self._compose(best, found.confidence, others, found.keyword_only, told)
        if found.outcome is Outcome.CLARIFY:
            return self._clarify(found)
        return self._abstain(text, found)

    def _compose(
        self,
        revision: Revision,
        confidence: float,
        others: list[Revision] | tuple[()],
        keyword_only: bool = False,
        with_verdict: bool = True,
    ) -> Answer:
        related = [self._cards.lookup(key) for key in revision.card.related]
        near = [other for other in others if other.card.topic == revision.card.topic]
        offered: dict[str, FollowUp] = {}
        for other in [*related, *near]:
            if other and other.card.key != revision.card.key:
                offered.setdefault(other.card.key, FollowUp(other.card.asks[0], other.card.key))
        follow_ups = list(offered.values())[:FOLLOW_UPS]
        return self._composer.compose(
            revision, confidence, follow_ups, self._today(), keyword_only, with_verdict
        )

    def _clarify(self, found: Found) -> Answer:
        offered = choices(found)
        return Answer(
            verdict=AnswerVerdict.CLARIFY,
            text=self._wording.say("clarify.text"),
            cards=tuple(UsedCard(h.revision.card.key, h.revision.number) for h in offered),
            heading=self._wording.say("clarify.heading"),
            follow_ups=tuple(
                FollowUp(h.revision.card.asks[0], h.revision.card.key) for h in offered
            ),
            confidence=found.confidence,
            keyword_only=found.keyword_only,
        )

    def _abstain(self, text: str, found: Found) -> Answer:
        if goes_round(text):
            said = self._wording.say("abstain.unchecked")
            return replace(self._abstained(said, found.confidence), unchecked=True)
        hotline = nearest_hotline(text)
        said = self._wording.say(
            "abstain.text", number=hotline.number, name=hotline.name, use=hotline.use
        )
        return self._abstained(said, found.confidence, found.keyword_only, (hotline.number,))

    def _abstain_follow_up(self, title: str, about: str) -> Answer:
        hotline = nearest_hotline(title + about)
        said = self._wording.say(
            "abstain.follow_up",
            title=title,
            focus=about,
            number=hotline.number,
            name=hotline.name,
            use=hotline.use,
        )
        return self._abstained(said, hotlines=(hotline.number,))

    @staticmethod
    def _abstained(
        text: str,
        confidence: float = 0.0,
        keyword_only: bool = False,
        hotlines: tuple[str, ...] = (),
    ) -> Answer:
        return Answer(
            verdict=AnswerVerdict.ABSTAINED,
            text=text,
            confidence=confidence,
            keyword_only=keyword_only,
            hotlines=hotlines,
        )

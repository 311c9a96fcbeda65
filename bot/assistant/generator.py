"""The generator: cards in, sentences that the cards bear out, or nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.assistant import generation as endings
from bot.assistant.generation import Generation, JudgedSentence, core_stands
from bot.assistant.grounding import Grounding, Judgement, NumberedPassage, Reason
from bot.assistant.links import LinkRules, find_links
from bot.assistant.model import Model, ModelError, Usage
from bot.assistant.sentences import SentenceCutter, echoes, mostly_chinese, without_citations
from bot.redaction import redact
from knowledge.card import Card, Revision
from prompts.model_prompts import PromptTemplate, load_prompt

log = structlog.get_logger()
SENTENCES = 8  # the prompt asks for six; what comes after the eighth is not listened to
QUESTION_CHARACTERS = 300
NOTHING = "资料没有"  # what prompts/answer.md tells the model to say
_NO_RULES = LinkRules(frozenset(), frozenset(), frozenset(), ())


@dataclass
class _Listening:
    """What has been heard of one answer so far; `known` is what it would be idle to say again."""

    known: tuple[str, ...] = ()
    judged: list[Judgement] = field(default_factory=list)
    raw: str = ""
    usage: Usage = field(default_factory=Usage)


class Generator:
    """Asks a model to say what the cards say; every sentence is judged before it is passed on."""

    def __init__(
        self,
        model: Model,
        grounding: Grounding,
        cost: Callable[[Usage], float] = lambda _usage: 0.0,
        timeout_seconds: float = 20.0,
        template: PromptTemplate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._grounding = grounding
        self._cost = cost
        self._timeout_seconds = timeout_seconds
        self._template = template or load_prompt("answer")
        self._clock = clock

    @property
    def ready(self) -> bool:
        """Whether asking the model makes sense just now."""
        return self._model.ready() is None

    def generate(
        self,
        question: str,
        revisions: Sequence[Revision],
        show: Callable[[Judgement], None] = lambda _kept: None,
    ) -> Generation:
        """Say what the revisions say to a question, best card first; never raises.

        `show` gets each kept sentence as soon as it is judged.
        """
        started = self._clock()
        heard = _Listening((question, *(revision.card.title for revision in revisions)))
        passages = number(revisions)
        try:
            ending = self._listen(question, passages, heard, show)
        except ModelError as error:
            ending = error.fault.value
        except Exception as error:  # noqa: BLE001 - the composed answer goes out whatever breaks
            log.warning("generation_failed", error=type(error).__name__)
            ending = endings.FAILED
        cards = {passage.number: passage.card for passage in passages}
        return Generation(
            ending=ending,
            model=self._model.name,
            prompt=self._template.version,
            sentences=tuple(_record(judgement, cards) for judgement in heard.judged),
            usage=heard.usage,
            cost=self._cost(heard.usage),
            elapsed_ms=(self._clock() - started) * 1000,
        )

    def _listen(
        self,
        question: str,
        passages: Sequence[NumberedPassage],
        heard: _Listening,
        show: Callable[[Judgement], None],
    ) -> str:
        shown = "\n".join(f"[{p.number}] {p.text}" for p in passages)
        asked = redact(question)[:QUESTION_CHARACTERS]
        prompt = self._template.render(passages=shown, question=asked)
        cutter = SentenceCutter()
        for piece in self._model.stream(prompt, self._timeout_seconds):
            heard.usage = piece.usage or heard.usage
            heard.raw += piece.text
            for sentence in cutter.feed(piece.text):
                self._judge(sentence, passages, heard, show)
            if len(heard.judged) >= SENTENCES:
                break
        else:
            for sentence in cutter.finish():
                self._judge(sentence, passages, heard, show)
        return _ending(heard)

    def _judge(
        self,
        sentence: str,
        passages: Sequence[NumberedPassage],
        heard: _Listening,
        show: Callable[[Judgement], None],
    ) -> None:
        if NOTHING in sentence:
            return
        bare = without_links(sentence, "\n".join(passage.text for passage in passages))
        for found in self._grounding.judge(bare, passages):
            idle = found.kept and echoes(found.sentence, heard.known)
            judgement = replace(found, kept=False, reason=Reason.ECHO) if idle else found
            heard.judged.append(judgement)
            # Nothing is shown before the first sentence, which is the answer, has held.
            if judgement.kept and heard.judged[0].kept:
                show(judgement)


def number(revisions: Sequence[Revision]) -> tuple[NumberedPassage, ...]:
    """One numbered passage a card, best first, from 1."""
    return tuple(
        NumberedPassage(i, card_words(revision.card), revision.card.key, revision.number)
        for i, revision in enumerate(revisions, 1)
    )


def card_words(card: Card) -> str:
    """A card's title, then all that it says to a resident, a line each.

    Grounding takes the first sentence for the title: what the rest may lean on, and says nothing.
    """
    title = card.title.rstrip("。？?！! ") + "。"
    lines = [
        title,
        card.answer,
        *card.steps,
        *card.never,
        *card.red_flags,
        card.seek_help,
        card.details,
    ]
    return "\n".join(line.strip() for line in lines if line.strip())


def without_links(sentence: str, allowed: str) -> str:
    """A sentence without the addresses that stand in no card."""
    sentence = sentence.replace("[", " [")  # a citation is no part of the address before it
    for link in find_links(sentence, _NO_RULES):
        if link.quote.lower() not in allowed.lower():
            whole = re.compile(r"(?:https?[:：]//)?" + re.escape(link.quote), re.IGNORECASE)
            sentence = whole.sub("", sentence)
    return re.sub(r"\s+\[", "[", sentence)


def _ending(heard: _Listening) -> str:
    said = without_citations(heard.raw)
    if not said.strip(" \n。.!！?？"):
        return endings.EMPTY
    if not mostly_chinese(said):
        return endings.LANGUAGE
    if not heard.judged:
        return endings.NOTHING_IN_CARDS
    return endings.SENT if core_stands(heard.judged) else endings.UNFAITHFUL


def _record(judgement: Judgement, cards: dict[int, str]) -> JudgedSentence:
    return JudgedSentence(
        sentence=judgement.sentence,
        cards=tuple(cards.get(n, "") for n in judgement.citations),
        kept=judgement.kept,
        reason=judgement.reason.value if judgement.reason else "",
        score=round(float(judgement.score), 4),
    )

"""The strictest grounding: only what stands in the cited passage word for word is kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.assistant.grounds import NumberedPassage
from bot.assistant.sentences import SentenceCutter, without_citations
from retrieval.text import clean

_CITED = re.compile(r"\[(\d+)\]")
_MARKS = re.compile(r"[\W_]+")


class VerbatimReason(StrEnum):
    """Why a sentence was dropped."""

    UNCITED = "uncited"
    NOT_THERE = "not_there"


@dataclass(frozen=True)
class VerbatimJudgement:
    """As Judgement."""

    sentence: str
    citations: tuple[int, ...]
    kept: bool
    reason: StrEnum | None
    score: float


class VerbatimGrounds:
    """Judges by copying alone; needs no embedder."""

    def judge(self, text: str, passages: Sequence[NumberedPassage]) -> Sequence[VerbatimJudgement]:
        """As Grounds.judge."""
        cutter = SentenceCutter()
        return [_judge(s, passages) for s in (*cutter.feed(text), *cutter.finish())]


def _judge(sentence: str, passages: Sequence[NumberedPassage]) -> VerbatimJudgement:
    by_number = {passage.number: passage for passage in passages}
    cited = tuple(int(n) for n in _CITED.findall(sentence))
    bare = without_citations(sentence)
    if not cited or any(n not in by_number for n in cited):
        return VerbatimJudgement(bare, cited, False, VerbatimReason.UNCITED, 0.0)
    there = any(_bare(bare) in _bare(by_number[n].text) for n in cited) and bool(_bare(bare))
    reason = None if there else VerbatimReason.NOT_THERE
    return VerbatimJudgement(bare, cited, there, reason, float(there))


def _bare(text: str) -> str:
    return _MARKS.sub("", clean(text))

"""What pages are given because they may not reach it: answers, suggestions, drafts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Suggestion:
    """A published card that may answer, with its short answer."""

    key: str
    title: str
    brief: str
    score: float


@dataclass(frozen=True)
class CounterAnswer:
    """An answer as it is read out or printed at a counter."""

    question: str
    verdict: str
    text: str
    title: str
    sources: tuple[str, ...]
    address: str  # what the QR code leads to: the source itself, or the chat page
    script: str  # for the village loudspeaker, one minute


Suggest = Callable[[str], list[Suggestion]]
Answering = Callable[[str], CounterAnswer]
Brief = Callable[[str], str]  # a card's key -> what a volunteer may send of it, with its source
SpokenBy = Callable[[str, str, str], str]  # name, question, answer -> the message as it arrives
# question, who makes it -> the draft card's key
MakeDraft = Callable[[str, str], str]

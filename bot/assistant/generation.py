"""Generation: what came of asking a model for one answer, kept for the console."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.assistant.grounding import Judgement
from bot.assistant.model import Usage

SENT = "sent"
# Why nothing generated went out, beside the faults of a model (model.Fault).
UNFAITHFUL = "unfaithful"  # the core was not borne out by the cards
EMPTY = "empty"
LANGUAGE = "language"
NOTHING_IN_CARDS = "nothing_in_cards"  # the model itself said so
FAILED = "failed"  # an error of ours


@dataclass(frozen=True)
class JudgedSentence:
    """One sentence of a model, the cards it cites, and why it was dropped if it was."""

    sentence: str
    cards: tuple[str, ...]
    kept: bool
    reason: str
    score: float


@dataclass(frozen=True)
class Generation:
    """One attempt: `ending` is SENT, or why the composed answer went out instead."""

    ending: str
    model: str
    prompt: str  # version, such as answer@1
    sentences: tuple[JudgedSentence, ...] = ()
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    elapsed_ms: float = 0.0
    late: bool = False  # it was not there in time; the composed answer had gone out

    @property
    def sent(self) -> bool:
        """Whether it can be said."""
        return self.ending == SENT


def core_stands(judged: Sequence[Judgement], best: int = 1) -> bool:
    """Whether what was kept still answers: its first sentence, half of the rest, the best card.

    A text whose first sentence fell says steps without the answer that they belong to; one that
    lost more than half was made up for the most part; one that never cites the best card answers
    another question. Each time the composed answer serves better.
    """
    kept = [j for j in judged if j.kept]
    if not kept or not judged[0].kept or len(kept) * 2 < len(judged):
        return False
    return any(best in j.citations for j in kept)

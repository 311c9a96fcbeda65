"""Golden questions and what is counted on them: recall, rank, abstention, calibration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

BINS = 10


@dataclass(frozen=True)
class GoldenQuestion:
    """A question, and the cards (or themes) that own it; none when it must be abstained from."""

    id: str
    text: str
    cards: tuple[str, ...]
    style: str = ""

    @property
    def answerable(self) -> bool:
        """Whether some card answers it."""
        return bool(self.cards)


@dataclass(frozen=True)
class Asked:
    """What came of one golden question: the cards best first, and whether it was given."""

    question: GoldenQuestion
    cards: tuple[str, ...]
    outcome: str  # answer | clarify | abstain
    confidence: float

    @property
    def first_right(self) -> bool:
        """Whether the best card owns the question."""
        return bool(self.cards) and owns(self.question.cards, self.cards[0])


@dataclass(frozen=True)
class Figures:
    """The figures of one run; shares are 0..1."""

    questions: int
    answerable: int
    recall_at_1: float
    recall_at_5: float
    mrr_at_10: float
    answered_right: float  # of the answerable: given, and the right card
    answered_wrong: int  # given with a wrong card, or given where it must abstain
    clarified: int
    abstention_precision: float
    abstention_recall: float
    calibration_error: float  # expected calibration error over ten bins


def read_questions(path: Path) -> list[GoldenQuestion]:
    """Read JSON lines of {id, text, cards, style}; raises ValueError naming the line."""
    questions = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            questions.append(
                GoldenQuestion(
                    id=str(row.get("id", number)),
                    text=row["text"],
                    cards=tuple(row.get("cards", ())),
                    style=row.get("style", ""),
                )
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path}:{number}: {error!r}") from error
    return questions


def owns(wanted: Sequence[str], key: str) -> bool:
    """Whether a card is one of the wanted, or belongs to a wanted theme."""
    return any(key == want or key.startswith(want + ".") for want in wanted)


def measure(asked: Sequence[Asked]) -> Figures:
    """The figures over what came of every question."""
    answerable = [a for a in asked if a.question.answerable]
    silent = [a for a in asked if a.outcome == "abstain"]
    unknown = [a for a in asked if not a.question.answerable]
    given = [a for a in asked if a.outcome == "answer"]
    return Figures(
        questions=len(asked),
        answerable=len(answerable),
        recall_at_1=_share(a.first_right for a in answerable),
        recall_at_5=_share(
            any(owns(a.question.cards, key) for key in a.cards[:5]) for a in answerable
        ),
        mrr_at_10=_mean([_reciprocal_rank(a) for a in answerable]),
        answered_right=_share(a.first_right and a.outcome == "answer" for a in answerable),
        answered_wrong=sum(not a.first_right for a in given),
        clarified=sum(a.outcome == "clarify" for a in asked),
        abstention_precision=_share(not a.question.answerable for a in silent),
        abstention_recall=_share(a.outcome == "abstain" for a in unknown),
        calibration_error=calibration_error([(a.confidence, a.first_right) for a in asked]),
    )


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: mean gap between confidence and hit rate, by bins of 0.1."""
    total = 0.0
    for i in range(BINS):
        last = i == BINS - 1
        inside = [p for p in pairs if i / BINS <= p[0] < (i + 1) / BINS or (last and p[0] >= 1)]
        if inside:
            sure = _mean([p[0] for p in inside])
            right = _share(p[1] for p in inside)
            total += len(inside) / len(pairs) * abs(sure - right)
    return total


def _reciprocal_rank(asked: Asked) -> float:
    for rank, key in enumerate(asked.cards[:10], 1):
        if owns(asked.question.cards, key):
            return 1.0 / rank
    return 0.0


def _share(found: Iterable[bool]) -> float:
    values = list(found)
    return sum(values) / len(values) if values else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0

"""From the evidence for each card to one order and one calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from retrieval.index import Evidence
from retrieval.passage import Part

CALIBRATION = Path(__file__).parent / "calibration.json"

# What the fused score is made of; the weights are learned (`python -m retrieval.calibrate`).
RANK_SIGNALS = ("semantic_ask", "semantic_answer", "lexical_ask", "lexical_body", "not_ask")
# What the confidence is made of, for the best card beside its rivals.
TRUST_SIGNALS = (
    "fused",
    "margin",
    "semantic_ask",
    "lexical_ask",
    "lexical_body",
    "not_ask",
    "agreement",
    "length",
)


class Outcome(StrEnum):
    """What to do with what was found."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"


@dataclass(frozen=True)
class Linear:
    """A learned linear form: named weights and a constant."""

    weights: Mapping[str, float]
    bias: float

    def __call__(self, signals: Mapping[str, float]) -> float:
        """The weighted sum."""
        return self.bias + sum(w * signals[name] for name, w in self.weights.items())


@dataclass(frozen=True)
class Calibration:
    """Learned weights and thresholds, for one state of the embedder (working, or not)."""

    rank: Linear
    trust: Linear
    answer_from: float  # confidence at which the best card is given
    clarify_from: float  # confidence at which asking back beats abstaining


@dataclass(frozen=True)
class Scored:
    """One card with its fused score and the signals it came from."""

    key: str
    score: float
    signals: Mapping[str, float]


@cache
def load_calibration(path: Path = CALIBRATION) -> dict[str, Calibration]:
    """The learned numbers: `hybrid` (words and meaning) and `keyword` (words alone)."""
    raw = json.loads(path.read_text("utf-8"))
    return {
        state: Calibration(
            rank=Linear(row["rank"]["weights"], row["rank"]["bias"]),
            trust=Linear(row["trust"]["weights"], row["trust"]["bias"]),
            answer_from=row["answer_from"],
            clarify_from=row["clarify_from"],
        )
        for state, row in raw.items()
        if isinstance(row, dict) and "rank" in row
    }


def rank_signals(evidence: Evidence) -> dict[str, float]:
    """The signals of one card that its fused score is made of."""
    semantic, lexical = evidence.semantic, evidence.lexical
    # A part that was not among the nearest is at most as near as the farthest that was; 0 is
    # what two unrelated questions have after centring.
    ask = max(semantic.get(Part.ASK, 0.0), semantic.get(Part.TITLE, 0.0))
    near_miss = semantic.get(Part.NOT_ASK, 0.0) - ask
    lexical_near_miss = lexical[Part.NOT_ASK] - max(lexical[Part.ASK], lexical[Part.TITLE])
    return {
        "semantic_ask": ask,
        "semantic_answer": semantic.get(Part.ANSWER, 0.0),
        "lexical_ask": max(lexical[Part.ASK], lexical[Part.TITLE]),
        "lexical_body": lexical[Part.BODY],
        "not_ask": max(0.0, near_miss, lexical_near_miss),
    }


def order(found: Sequence[Evidence], calibration: Calibration) -> list[Scored]:
    """Every card with its fused score, best first; ties by key, so that runs agree."""
    scored = []
    for evidence in found:
        signals = rank_signals(evidence)
        scored.append(Scored(evidence.key, calibration.rank(signals), signals))
    return sorted(scored, key=lambda s: (-s.score, s.key))


def trust_signals(ordered: Sequence[Scored], token_count: int) -> dict[str, float]:
    """The signals of the best card beside its rivals that the confidence is made of."""
    best = ordered[0]
    rival = next((s.score for s in ordered[1:] if theme(s.key) != theme(best.key)), 0.0)
    by_words = max(ordered, key=lambda s: s.signals["lexical_body"])
    by_meaning = max(ordered, key=lambda s: s.signals["semantic_ask"])
    return {
        "fused": best.score,
        "margin": best.score - rival,
        "semantic_ask": best.signals["semantic_ask"],
        "lexical_ask": best.signals["lexical_ask"],
        "lexical_body": best.signals["lexical_body"],
        "not_ask": best.signals["not_ask"],
        "agreement": float(theme(by_words.key) == theme(by_meaning.key)),
        "length": math.log1p(token_count),
    }


def confidence(signals: Mapping[str, float], calibration: Calibration) -> float:
    """The chance, 0..1, that the best card answers the question."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, calibration.trust(signals)))))


def theme(key: str) -> str:
    """The first two parts of a key: cards of one theme are near each other rightly."""
    return ".".join(key.split(".")[:2])

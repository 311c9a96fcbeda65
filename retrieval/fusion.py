"""From the evidence for each card to one order and one calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from knowledge.card import CardKind
from retrieval.cues import Cues
from retrieval.index import Coverage, Evidence
from retrieval.passage import Part

CALIBRATION = Path(__file__).parent / "calibration.json"
HOTLINE_TOPIC = "hotline."

# What the fused score is made of; the weights are learned (`python -m retrieval.calibrate`).
SEMANTIC_SIGNALS = ("semantic_ask", "semantic_asks", "semantic_answer", "stranger_meaning")
RANK_SIGNALS = (
    "semantic_ask",
    "semantic_asks",
    "semantic_answer",
    "lexical_ask",
    "lexical_body",
    "lexical_share",
    "sound_ask",
    "sound_body",
    "sound_share",
    "rumour_unasked",
    "hotline_asked",
    "hotline_unasked",
    "theme_card",
)
# What the confidence is made of, for the best card beside its rivals.
TRUST_SIGNALS = (
    "fused",
    "margin",
    "semantic_ask",
    "semantic_asks",
    "lexical_ask",
    "lexical_body",
    "sound_body",
    "not_ask",
    "agreement",
    "length",
    "covered",
    "missing",
    "stranger_meaning",
    "stranger_words",
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
class Best:
    """The best keyword scores any card has, which the shares are of."""

    lexical: float
    sound: float


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


def rank_signals(evidence: Evidence, cues: Cues, best: Best) -> dict[str, float]:
    """The signals of one card that its fused score is made of."""
    semantic, lexical, sound = evidence.semantic, evidence.lexical, evidence.sound
    hotline = evidence.key.startswith(HOTLINE_TOPIC)
    return {
        # A part that was not among the nearest counts as 0: what unrelated questions have.
        "semantic_ask": max(semantic.get(Part.ASK, 0.0), semantic.get(Part.TITLE, 0.0)),
        "semantic_asks": evidence.semantic_asks,
        "semantic_answer": semantic.get(Part.ANSWER, 0.0),
        "lexical_ask": max(lexical[Part.ASK], lexical[Part.TITLE]),
        "lexical_body": lexical[Part.BODY],
        "lexical_share": lexical[Part.BODY] / best.lexical if best.lexical else 0.0,
        "sound_ask": max(sound[Part.ASK], sound[Part.TITLE]),
        "sound_body": sound[Part.BODY],
        "sound_share": sound[Part.BODY] / best.sound if best.sound else 0.0,
        "rumour_unasked": float(evidence.kind is CardKind.RUMOUR and not cues.rumour),
        "hotline_asked": float(hotline and cues.hotline),
        "hotline_unasked": float(hotline and not cues.hotline),
        "theme_card": float(evidence.key.count(".") == 1),
        "not_ask": max(
            0.0,
            semantic.get(Part.NOT_ASK, 0.0) - semantic.get(Part.ASK, 0.0),
            lexical[Part.NOT_ASK] - lexical[Part.ASK],
        ),
    }


def all_signals(found: Sequence[Evidence], cues: Cues) -> list[tuple[str, dict[str, float]]]:
    """(key, signals) of every card."""
    best = Best(
        lexical=max((e.lexical[Part.BODY] for e in found), default=0.0),
        sound=max((e.sound[Part.BODY] for e in found), default=0.0),
    )
    return [(evidence.key, rank_signals(evidence, cues, best)) for evidence in found]


def order(found: Sequence[Evidence], cues: Cues, calibration: Calibration) -> list[Scored]:
    """Every card with its fused score, best first; ties by key, so that runs agree."""
    scored = [
        Scored(key, calibration.rank(signals), signals) for key, signals in all_signals(found, cues)
    ]
    return sorted(scored, key=lambda s: (-s.score, s.key))


def trust_signals(
    ordered: Sequence[Scored], length: int, coverage: Coverage, stranger: Mapping[str, float]
) -> dict[str, float]:
    """The signals of the best card beside its rivals that the confidence is made of.

    `length` is the question's, in characters.
    """
    best = ordered[0]
    rival = next((s.score for s in ordered[1:] if theme(s.key) != theme(best.key)), 0.0)
    by_words = max(ordered, key=lambda s: s.signals["lexical_body"])
    by_meaning = max(ordered, key=lambda s: s.signals["semantic_ask"])
    return {
        "fused": best.score,
        "margin": best.score - rival,
        **{name: best.signals[name] for name in TRUST_SIGNALS if name in best.signals},
        "agreement": float(theme(by_words.key) == theme(by_meaning.key)),
        "length": math.log1p(length),
        "covered": coverage.covered,
        "missing": coverage.missing,
        **stranger,
    }


def confidence(signals: Mapping[str, float], calibration: Calibration) -> float:
    """The chance, 0..1, that the best card answers the question."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, calibration.trust(signals)))))


def theme(key: str) -> str:
    """The first two parts of a key: cards of one theme are near each other rightly."""
    return ".".join(key.split(".")[:2])

"""From the evidence for each card to one order and one calibrated confidence."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np

from retrieval.cues import Cues
from retrieval.index import COLUMN, Column, Coverage, Evidence
from retrieval.passage import Part

CALIBRATION = Path(__file__).parent / "calibration.json"
RANKED = 40  # entries looked at beyond the best: rivals, choices, and retired ones to skip

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
    "stranger_scope",
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
        """The weighted sum of one set of signals."""
        return self.bias + sum(w * signals[name] for name, w in self.weights.items())

    def rows(self, signals: Mapping[str, Column]) -> Column:
        """The weighted sum for every row of the signals' columns."""
        table = np.stack([signals[name] for name in self.weights], axis=1)
        weights = np.array(list(self.weights.values()), dtype=np.float32)
        return np.asarray(table @ weights + np.float32(self.bias), dtype=np.float32)


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


def rank_signals(found: Evidence, cues: Cues) -> dict[str, Column]:
    """The signals of every entry that its fused score is made of, a column each."""
    semantic, lexical, sound = found.semantic, found.lexical, found.sound
    ask, title, answer = COLUMN[Part.ASK], COLUMN[Part.TITLE], COLUMN[Part.ANSWER]
    body, not_ask = COLUMN[Part.BODY], COLUMN[Part.NOT_ASK]
    nearer_miss = np.maximum(
        semantic[:, not_ask] - semantic[:, ask], lexical[:, not_ask] - lexical[:, ask]
    )
    themes = np.array([key.count(".") == 1 for key in found.keys], dtype=np.float32)
    return {
        "semantic_ask": np.maximum(semantic[:, ask], semantic[:, title]),
        "semantic_asks": found.semantic_asks,
        "semantic_answer": semantic[:, answer],
        "lexical_ask": np.maximum(lexical[:, ask], lexical[:, title]),
        "lexical_body": lexical[:, body],
        "lexical_share": _share_of_best(lexical[:, body]),
        "sound_ask": np.maximum(sound[:, ask], sound[:, title]),
        "sound_body": sound[:, body],
        "sound_share": _share_of_best(sound[:, body]),
        "rumour_unasked": found.rumour * np.float32(not cues.rumour),
        "hotline_asked": found.hotline * np.float32(cues.hotline),
        "hotline_unasked": found.hotline * np.float32(not cues.hotline),
        "theme_card": themes,
        "not_ask": np.maximum(np.float32(0), nearer_miss),
    }


def order(
    found: Evidence, cues: Cues, calibration: Calibration, count: int = RANKED
) -> list[Scored]:
    """The best `count` entries that anything speaks for; ties by position, so that runs agree."""
    if not found.keys:
        return []
    signals = rank_signals(found, cues)
    scores = calibration.rank.rows(signals)
    heard = np.concatenate([found.semantic, found.lexical, found.sound], axis=1)
    spoken_for = np.count_nonzero(heard, axis=1) > 0
    best = [i for i in np.argsort(-scores, kind="stable")[:count].tolist() if spoken_for[i]]
    return [
        Scored(found.keys[i], float(scores[i]), {n: float(c[i]) for n, c in signals.items()})
        for i in best
    ]


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


def _share_of_best(column: Column) -> Column:
    best = column.max(initial=0.0)
    return column / best if best > 0 else column


def theme(key: str) -> str:
    """The first two parts of a key: cards of one theme are near each other rightly."""
    return ".".join(key.split(".")[:2])

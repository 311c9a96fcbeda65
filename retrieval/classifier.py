"""Classifier: a small linear model over a text's vector, its n-grams and named signals.

Made by `make train` (scikit-learn); reading one needs NumPy only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.embedder import Vectors
from retrieval.grams import Grams

Weights = NDArray[np.float32]
_STATES = ("with", "alone")
_PARTS = ("vector", "grams", "signals", "bias")


@dataclass(frozen=True)
class State:
    """One fitted form; `vector` has no rows in the form that works without an embedder.

    Each matrix has a column per label.
    """

    vector: Weights
    grams: Weights
    signals: Weights
    bias: Weights


@dataclass(frozen=True)
class Classifier:
    """Probabilities of labels for one clean text; calibrated on what it was fitted on."""

    labels: tuple[str, ...]
    signal_names: tuple[str, ...]
    embedder: str  # fingerprint of the vectors it was fitted on
    known: Grams
    with_vector: State
    alone: State

    def probabilities(
        self, text: str, vector: Vectors | None, signals: Mapping[str, float]
    ) -> dict[str, float]:
        """A probability for each label; they sum to one. A missing signal counts as 0."""
        state = self.alone if vector is None or not len(self.with_vector.vector) else None
        state = state or self.with_vector
        places, values = self.known.row(text)
        given = np.array([signals.get(n, 0.0) for n in self.signal_names], dtype=np.float32)
        scores = state.bias + values @ state.grams[places] + given @ state.signals
        if len(state.vector) and vector is not None:
            scores = scores + vector @ state.vector
        odds = np.exp(scores - scores.max())
        shares = odds / odds.sum()
        return {label: float(share) for label, share in zip(self.labels, shares, strict=True)}

    def fits(self, fingerprint: str) -> bool:
        """Whether vectors of this embedder may be given to it."""
        return fingerprint == self.embedder

    def write(self, path: Path) -> None:
        """Keep it in one file (.npz, half precision)."""
        about = {
            "labels": self.labels,
            "signals": self.signal_names,
            "embedder": self.embedder,
            "grams": list(self.known.known),
        }
        arrays: dict[str, Any] = {"idf": self.known.idf}
        for name, state in zip(_STATES, (self.with_vector, self.alone), strict=True):
            for part in _PARTS:
                arrays[f"{name}_{part}"] = getattr(state, part).astype(np.float16)
        text = json.dumps(about, ensure_ascii=False).encode()
        np.savez_compressed(path, about=np.frombuffer(text, dtype=np.uint8), **arrays)


def read_classifier(path: Path) -> Classifier:
    """Read what Classifier.write kept; raises OSError or ValueError for a broken file."""
    with np.load(path, allow_pickle=False) as held:
        about = json.loads(bytes(held["about"]))
        states = [
            State(
                *(
                    held[f"{n}_{p}"].astype(np.float32)
                    for p in ("vector", "grams", "signals", "bias")
                )
            )
            for n in ("with", "alone")
        ]
        known = Grams(about["grams"], held["idf"].astype(np.float32))
    return Classifier(
        tuple(about["labels"]), tuple(about["signals"]), about["embedder"], known, *states
    )

"""Character n-grams of a short text, weighed as in information retrieval (tf-idf, length one)."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

LONGEST = 3


def grams(text: str) -> Counter[str]:
    """How often each run of one to three characters stands in a text."""
    found: Counter[str] = Counter()
    for length in range(1, LONGEST + 1):
        found.update(text[i : i + length] for i in range(len(text) - length + 1))
    return found


@dataclass(frozen=True)
class Grams:
    """The n-grams a model knows, in order, and the weight (idf) of each."""

    known: Sequence[str]
    idf: NDArray[np.float32]

    @cached_property
    def position(self) -> Mapping[str, int]:
        """Where each n-gram stands."""
        return {gram: i for i, gram in enumerate(self.known)}

    def row(self, text: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Positions and values of a text's known n-grams; the values have length one."""
        held = [
            (place, 1.0 + math.log(count))
            for gram, count in grams(text).items()
            if (place := self.position.get(gram)) is not None
        ]
        if not held:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        places = np.array([place for place, _ in held], dtype=np.int64)
        values = np.array([value for _, value in held], dtype=np.float32) * self.idf[places]
        return places, values / np.float32(np.linalg.norm(values))

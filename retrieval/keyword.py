"""BM25 over words, characters and bigrams, with scores that mean the same for every question."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

# bm25s writes a debug line to standard error for every index it builds.
logging.getLogger("bm25s").setLevel(logging.WARNING)

K1 = 1.2
B = 0.5  # asks are all short: length says little, so it is half discounted


class KeywordIndex:
    """An immutable BM25 index over token lists; scores are shares of the best possible score."""

    def __init__(self, documents: Sequence[Sequence[str]]) -> None:
        self._size = len(documents)
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(t, len(vocabulary)) for t in doc] for doc in documents]
        self._vocabulary = vocabulary
        self._bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        self._weights = np.zeros(0, dtype=np.float32)
        if vocabulary:
            self._bm25.index((ids, vocabulary), show_progress=False)
            found = Counter(t for doc in ids for t in set(doc))
            held = np.array([found[i] for i in range(len(vocabulary))], dtype=np.float32)
            self._weights = np.log1p((self._size - held + 0.5) / (held + 0.5))

    def __len__(self) -> int:
        """How many documents there are."""
        return self._size

    def weight(self, token: str) -> float:
        """The token's inverse document frequency; an unknown token weighs as the rarest known."""
        if not len(self._weights):
            return 0.0
        position = self._vocabulary.get(token)
        return float(self._weights[position] if position is not None else self._rarest())

    def scores(self, tokens: Sequence[str]) -> NDArray[np.float32]:
        """One score in 0..1 for every document: its BM25 over the sum of the tokens' weights.

        Words that no document knows count in that sum, so that a question about something
        else scores low everywhere: what abstention needs.
        """
        known = [self._vocabulary[t] for t in tokens if t in self._vocabulary]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        raw = np.asarray(self._bm25.get_scores_from_ids(known), dtype=np.float32)
        whole = sum(self.weight(t) for t in tokens)
        shares: NDArray[np.float32] = np.clip(raw / max(whole, 1e-6), 0.0, 1.0)
        return shares

    def _rarest(self) -> float:
        return float(self._weights.max())

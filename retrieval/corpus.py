"""CorpusIndex: the same words and meaning over plain texts, where there are no cards to lean on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from retrieval.embedder import Embedder
from retrieval.faiss_index import FaissIndex
from retrieval.keyword import Entry, KeywordIndex
from retrieval.text import clean, clean_question, tokenise

_WORDS = "words"
BATCH_TEXTS = 64
CANDIDATES = 200
# Share of the keyword score in the fused one. DEPENDENCIES.md: normalised score fusion beat rank
# fusion everywhere.
KEYWORD_SHARE = 0.5


class CorpusIndex:
    """Texts by id, searched by normalised fusion of BM25 and cosine."""

    def __init__(
        self,
        texts: Mapping[str, str],
        embedder: Embedder,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._ids = list(texts)
        cleaned = [clean(text) for text in texts.values()]
        self._keyword = KeywordIndex((_WORDS,))
        self._keyword.update(
            [], (Entry(i, "", {_WORDS: tokenise(text)}) for i, text in enumerate(cleaned))
        )
        self._embedder = embedder
        self._vectors = FaissIndex()
        for start in range(0, len(cleaned), BATCH_TEXTS):
            batch = cleaned[start : start + BATCH_TEXTS]
            self._vectors.add(range(start, start + len(batch)), embedder.embed(batch))
            if progress:
                progress(start + len(batch), len(cleaned))

    def search(self, query: str, count: int) -> list[str]:
        """The ids of the best `count` texts, best first."""
        text = clean_question(query)
        found = self._keyword.search(_WORDS, tokenise(text), CANDIDATES)
        share = dict(zip(found.ids.tolist(), found.shares.tolist(), strict=True))
        cosine = dict(self._vectors.search(self._embedder.embed([text])[0], CANDIDATES))
        candidates = np.array(sorted({*share, *cosine}))
        if not len(candidates):
            return []
        lexical = np.array([share.get(int(i), 0.0) for i in candidates])
        floor = min(cosine.values(), default=0.0)
        semantic = np.array([cosine.get(int(i), floor) for i in candidates])
        fused = KEYWORD_SHARE * _spread(lexical) + (1 - KEYWORD_SHARE) * _spread(semantic)
        best = candidates[np.argsort(-fused, kind="stable")[:count]]
        return [self._ids[int(i)] for i in best]


def _spread(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores scaled to 0..1 over the candidates."""
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.zeros(len(scores))
    return np.asarray((scores - low) / (high - low), dtype=np.float64)

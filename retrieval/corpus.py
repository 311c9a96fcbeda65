"""CorpusIndex: the same words and meaning over plain texts, where there are no cards to lean on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from retrieval.embedder import Embedder
from retrieval.keyword import Entry, KeywordIndex
from retrieval.large_index import LargeIndex
from retrieval.text import clean, clean_question, is_word, tokenise

KEYWORD_FIELD = "words"
BATCH_TEXTS = 64
CANDIDATES = 400
# Characters of a window: models blur what is longer (DEPENDENCIES.md), and a question is often
# about one sentence of a long text. Whole sentences, unless one is longer still.
WINDOW_CHARACTERS = 110
# Shares beside the whole text's cosine (1.0): fitted on the two tuning corpora of
# tests/bench_retrieval/foreign.py, by MRR@10.
WINDOW_SHARE, KEYWORD_SHARE = 0.2, 0.2
_SENTENCE = re.compile(r"[^。！？!?；;\n]+[。！？!?；;\n]?")


class CorpusIndex:
    """Texts by id, searched by normalised fusion of BM25 and of cosine to text and window."""

    def __init__(
        self,
        texts: Mapping[str, str],
        embedder: Embedder,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        self._ids = list(texts)
        cleaned = [clean(text) for text in texts.values()]
        self._keyword = KeywordIndex((KEYWORD_FIELD,))
        self._keyword.update(
            [],
            (Entry(i, "", {KEYWORD_FIELD: keyword_terms(text)}) for i, text in enumerate(cleaned)),
        )
        self._embedder = embedder
        self._vectors, self._windows = LargeIndex(), LargeIndex()
        pieces = [(i, piece) for i, text in enumerate(cleaned) for piece in windows(text)]
        # A text of one window is its own: what is embedded twice costs twice.
        self._owners = [i for i, piece in pieces if piece != cleaned[i]]
        inner = [piece for i, piece in pieces if piece != cleaned[i]]
        total = len(cleaned) + len(inner)
        self._add(self._vectors, cleaned, 0, total, progress)
        self._add(self._windows, inner, len(cleaned), total, progress)

    def search(self, query: str, count: int) -> list[str]:
        """The ids of the best `count` texts, best first."""
        text = clean_question(query)
        found = self._keyword.search(KEYWORD_FIELD, keyword_terms(text), CANDIDATES)
        share = dict(zip(found.ids.tolist(), found.shares.tolist(), strict=True))
        vector = self._embedder.embed([text])[0]
        whole = dict(self._vectors.search(vector, CANDIDATES))
        window = dict(whole)
        for place, cosine in self._windows.search(vector, CANDIDATES):
            owner = self._owners[place]
            window[owner] = max(window.get(owner, -1.0), cosine)
        candidates = sorted({*share, *whole, *window})
        if not candidates:
            return []
        fused = _spread(_column(whole, candidates))
        fused += WINDOW_SHARE * _spread(_column(window, candidates))
        fused += KEYWORD_SHARE * _spread(np.array([share.get(i, 0.0) for i in candidates]))
        best = np.argsort(-fused, kind="stable")[:count]
        return [self._ids[candidates[int(i)]] for i in best]

    def _add(
        self,
        index: LargeIndex,
        texts: Sequence[str],
        done: int,
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        for start in range(0, len(texts), BATCH_TEXTS):
            batch = list(texts[start : start + BATCH_TEXTS])
            index.add(range(start, start + len(batch)), self._embedder.embed(batch))
            if progress:
                progress(done + start + len(batch), total)


def windows(text: str) -> list[str]:
    """A text as runs of whole sentences, each at most about WINDOW_CHARACTERS long."""
    found, run = [], ""
    for sentence in _SENTENCE.findall(text):
        for start in range(0, len(sentence), WINDOW_CHARACTERS):
            part = sentence[start : start + WINDOW_CHARACTERS]
            if run and len(run) + len(part) > WINDOW_CHARACTERS:
                found.append(run)
                run = ""
            run += part
    return [*found, run] if run else found


def keyword_terms(text: str) -> list[str]:
    """Words of two characters and more; what has none is searched by all its tokens."""
    tokens = tokenise(text)
    return [token for token in tokens if is_word(token)] or tokens


def _column(scores: Mapping[int, float], candidates: Sequence[int]) -> NDArray[np.float64]:
    """A score for each candidate; the least of those found for one that was not."""
    floor = min(scores.values(), default=0.0)
    return np.array([scores.get(i, floor) for i in candidates], dtype=np.float64)


def _spread(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scores scaled to 0..1 over the candidates."""
    low, high = float(scores.min()), float(scores.max())
    if high <= low:
        return np.zeros(len(scores))
    return np.asarray((scores - low) / (high - low), dtype=np.float64)

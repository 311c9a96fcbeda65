"""Background: questions that no card is meant to answer; nearness to them speaks for abstaining.

The first 900 were written without seeing the cards; the others are near misses of cards, written
from their titles. Nobody who wrote them saw the development or the golden questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np

from retrieval.embedder import Vectors
from retrieval.keyword import Entry, KeywordIndex
from retrieval.text import clean_question, tokenise

QUESTIONS = Path(__file__).parent / "background.txt"
_WORDS = "words"


@cache
def background_texts(path: Path = QUESTIONS) -> tuple[str, ...]:
    """The background questions, clean, each once."""
    lines = path.read_text("utf-8").splitlines()
    return tuple(dict.fromkeys(text for line in lines if (text := clean_question(line))))


class Background:
    """How near a question is to those that are not our business."""

    def __init__(self, vectors: Vectors | None = None) -> None:
        self._keyword = _keyword()
        self._vectors = vectors

    def give_vectors(self, vectors: Vectors) -> None:
        """One vector for each of background_texts(), in order."""
        self._vectors = vectors

    def signals(self, text: str, vector: Vectors | None) -> Mapping[str, float]:
        """The nearest background question by meaning (cosine) and by words (share)."""
        by_words = self._keyword.search(_WORDS, tokenise(text), 1).shares
        meaning = 0.0
        if vector is not None and self._vectors is not None and self._vectors.size:
            meaning = float(np.max(self._vectors @ vector))
        return {
            "stranger_meaning": meaning,
            "stranger_words": float(by_words[0]) if len(by_words) else 0.0,
        }


@cache
def _keyword() -> KeywordIndex:
    index = KeywordIndex((_WORDS,))
    texts = enumerate(background_texts())
    index.update([], (Entry(i, str(i), {_WORDS: tokenise(text)}) for i, text in texts))
    return index

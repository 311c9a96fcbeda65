"""Background: questions that no card is meant to answer; nearness to them speaks for abstaining.

The first 900 were written without seeing the cards; the others are near misses of cards, written
from their titles. Nobody who wrote them saw the development or the golden questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import structlog

from retrieval.classifier import Classifier, read_classifier
from retrieval.embedder import Vectors
from retrieval.keyword import Entry, KeywordIndex
from retrieval.text import clean_question, tokenise

log = structlog.get_logger()
QUESTIONS = Path(__file__).parent / "background.txt"
SCOPE = Path(__file__).parent / "scope.npz"
OURS, STRANGE = "ours", "strange"  # the labels of the scope classifier
_WORDS = "words"
_SUREST = 6.0  # log odds beyond which one more says nothing


@cache
def background_texts(path: Path = QUESTIONS) -> tuple[str, ...]:
    """The background questions, clean, each once."""
    lines = path.read_text("utf-8").splitlines()
    return tuple(dict.fromkeys(text for line in lines if (text := clean_question(line))))


@cache
def load_scope(path: Path = SCOPE) -> Classifier | None:
    """Whether a question sounds like those the starter pack answers; None when there is none."""
    try:
        return read_classifier(path)
    except (OSError, ValueError, KeyError) as error:
        log.warning("scope_unreadable", error=type(error).__name__)
        return None


class Background:
    """How near a question is to those that are not our business."""

    def __init__(
        self,
        vectors: Vectors | None = None,
        scope: Classifier | None = None,
        fingerprint: str = "",
    ) -> None:
        self._keyword = _keyword()
        self._vectors = vectors
        self._scope = scope
        self._fits = scope is not None and scope.fits(fingerprint)

    def give_vectors(self, vectors: Vectors) -> None:
        """One vector for each of background_texts(), in order."""
        self._vectors = vectors

    def signals(self, text: str, vector: Vectors | None) -> Mapping[str, float]:
        """The nearest background question by meaning (cosine) and by words (share), and scope.

        `stranger_scope` is the log odds, -6..6, that the question is not of our kind.
        """
        by_words = self._keyword.search(_WORDS, tokenise(text), 1).shares
        meaning = 0.0
        if vector is not None and self._vectors is not None and self._vectors.size:
            meaning = float(np.max(self._vectors @ vector))
        return {
            "stranger_meaning": meaning,
            "stranger_words": float(by_words[0]) if len(by_words) else 0.0,
            "stranger_scope": self._strangeness(text, vector),
        }

    def _strangeness(self, text: str, vector: Vectors | None) -> float:
        if self._scope is None:
            return 0.0
        found = self._scope.probabilities(text, vector if self._fits else None, {})
        odds = math.log(max(found[STRANGE], 1e-9) / max(found[OURS], 1e-9))
        return max(-_SUREST, min(_SUREST, odds))


@cache
def _keyword() -> KeywordIndex:
    index = KeywordIndex((_WORDS,))
    texts = enumerate(background_texts())
    index.update([], (Entry(i, str(i), {_WORDS: tokenise(text)}) for i, text in texts))
    return index

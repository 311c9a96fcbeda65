"""A question as it is searched: the person's own words, and the same in plain ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from retrieval.cues import Cues, read_cues
from retrieval.embedder import Vectors, unit
from retrieval.lexicon import load_lexicon
from retrieval.text import clean_question, has_words


@dataclass(frozen=True)
class Question:
    """Clean text; `plain` is the text with dialect words in Mandarin, equal when there are none."""

    text: str
    plain: str

    @property
    def searchable(self) -> bool:
        """Whether there is anything to search for."""
        return has_words(self.text)

    @property
    def both(self) -> str:
        """What keyword search sees: plain words are added beside the person's, never instead."""
        return self.text if self.plain == self.text else f"{self.text} {self.plain}"

    @property
    def cues(self) -> Cues:
        """What sort of card its words ask for."""
        return read_cues(self.both)

    def vector(self, embed: Callable[[list[str]], Vectors]) -> Vectors:
        """One unit vector: the middle of both wordings when they differ."""
        wordings = [self.text] if self.plain == self.text else [self.text, self.plain]
        found: Vectors = unit(np.mean(embed(wordings), axis=0, keepdims=True))[0]
        return found


def read_question(text: str) -> Question:
    """Clean a question and put its dialect words plainly; total, like clean_question."""
    cleaned = clean_question(text)
    plain = load_lexicon().in_plain_words(cleaned).strip()
    return Question(cleaned, plain if has_words(plain) else cleaned)

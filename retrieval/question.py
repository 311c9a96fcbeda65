"""A question as it is searched: the person's own words, and the same in plain ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from retrieval.cues import Cues, read_cues
from retrieval.embedder import Vectors, unit
from retrieval.lexicon import load_lexicon
from retrieval.spelling import NO_SPELLER, Speller
from retrieval.text import clean_question, has_words


@dataclass(frozen=True)
class Question:
    """Clean text; `plain` has dialect words in Mandarin and slips of voice typing corrected."""

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


def read_question(text: str, speller: Speller = NO_SPELLER) -> Question:
    """Clean a question, put its dialect words plainly and its slips right; total."""
    cleaned = clean_question(text)
    plain = speller.correct(load_lexicon().in_plain_words(cleaned)).strip()
    return Question(cleaned, plain if has_words(plain) else cleaned)

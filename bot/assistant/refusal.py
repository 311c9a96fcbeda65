"""Refusal: questions that are not ours to answer, each with the place to turn to instead."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts
from retrieval.classifier import Classifier
from retrieval.retriever import Heard

RULES = Path(prompts.__file__).parent / "refusals.toml"
NONE = "none"  # the label of what is ours
# What would hurt to be told by mistake must be likelier than an ordinary question.
_GRAVE = {"self_harm_method", "poison", "magic_cure", "insult", "pesticide_mix", "politics"}


@dataclass(frozen=True)
class Refusal:
    """A kind of question that is refused: what is said, and whether a card may still help."""

    category: str
    text: str
    with_card: bool
    certainty: float = 1.0


@dataclass(frozen=True)
class RefusalModel:
    """What `make train` fitted."""

    kind: Classifier
    refuse_from: float


class Refusals:
    """Recognises what must be refused."""

    def __init__(
        self,
        refusals: Mapping[str, Refusal],
        model: RefusalModel | None,
        fingerprint: str = "",
    ) -> None:
        self._refusals = refusals
        self._model = model
        self._fits = model is not None and model.kind.fits(fingerprint)

    def check(self, heard: Heard) -> Refusal | None:
        """The refusal that a question calls for, or None."""
        if self._model is None:
            return None
        vector = heard.vector if self._fits else None
        shares = self._model.kind.probabilities(heard.question.plain, vector, {})
        if 1.0 - shares[NONE] < self._model.refuse_from:
            return None
        best = max((label for label in shares if label != NONE), key=lambda label: shares[label])
        if best in _GRAVE and shares[best] < shares[NONE]:
            return None
        found = self._refusals[best]
        return Refusal(best, found.text, found.with_card, 1.0 - shares[NONE])


@cache
def load_refusals(path: Path = RULES) -> dict[str, Refusal]:
    """Read prompts/refusals.toml; a missing part raises KeyError at start."""
    raw = tomllib.loads(path.read_text("utf-8"))
    return {
        category: Refusal(category, part["text"].strip(), part["with_card"])
        for category, part in raw.items()
    }

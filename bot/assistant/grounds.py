"""What the generator needs of grounding: numbered passages in, one judgement a sentence out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True)
class NumberedPassage:
    """A card's words as the model sees them, under the number it cites them by."""

    number: int
    text: str
    card: str
    revision: int


class Judgement(Protocol):
    """One sentence, and whether the passages it cites bear it out."""

    @property
    def sentence(self) -> str: ...  # noqa: D102 - as the model wrote it
    @property
    def citations(self) -> tuple[int, ...]: ...  # noqa: D102 - the numbers it cites
    @property
    def kept(self) -> bool: ...  # noqa: D102
    @property
    def reason(self) -> StrEnum | None: ...  # noqa: D102 - why it was dropped
    @property
    def score(self) -> float: ...  # noqa: D102 - 0..1


class Grounds(Protocol):
    """Judges sentences."""

    def judge(self, text: str, passages: Sequence[NumberedPassage]) -> Sequence[Judgement]:
        """One judgement for each sentence of a text, in order."""
        ...

"""VectorIndex: nearest vectors by inner product; every implementation passes one contract suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from retrieval.embedder import Vectors


class VectorIndex(Protocol):
    """A set of unit vectors by id; adding an id replaces it, removing a stranger does nothing."""

    @property
    def ids(self) -> frozenset[int]:
        """The ids that have a vector."""
        ...

    def __len__(self) -> int:
        """How many vectors there are."""
        ...

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; vectors has one row per id. Raises ValueError on another width."""
        ...

    def remove(self, ids: Sequence[int]) -> None:
        """Forget these ids."""
        ...

    def search(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """Up to `count` (id, cosine), best first."""
        ...

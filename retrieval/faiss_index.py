"""FaissIndex: a VectorIndex in memory, exact."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import faiss
import numpy as np

from retrieval.embedder import Vectors

# One question is answered on one thread: more only get in each other's way under load.
faiss.omp_set_num_threads(1)


class FaissIndex:
    """Every vector is compared: fast enough to ~200,000 of them (DEPENDENCIES.md).

    Kept in half precision, which halves the memory and what a search has to read, and moves a
    cosine by less than 1e-4. FAISS allows many readers or one writer; the lock keeps it so.
    """

    def __init__(self) -> None:
        self._index: faiss.IndexIDMap2 | None = None
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path) -> FaissIndex:
        """An index as write() left it; raises RuntimeError when the file is broken."""
        found = cls()
        if path.stat().st_size:
            found._index = cast("faiss.IndexIDMap2", faiss.read_index(str(path)))
        return found

    def write(self, path: Path) -> None:
        """Write the whole index to a file; an index of nothing is an empty file."""
        with self._lock:
            if self._index is None:
                path.touch()
            else:
                faiss.write_index(self._index, str(path))

    @property
    def ids(self) -> frozenset[int]:
        """The ids that have a vector."""
        if self._index is None:
            return frozenset()
        return frozenset(faiss.vector_to_array(self._index.id_map).tolist())

    @property
    def width(self) -> int:
        """How long the vectors are; 0 while there are none."""
        return int(self._index.d) if self._index is not None else 0

    def take(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these ids, a row each; raises RuntimeError for one that has none."""
        with self._lock:
            if self._index is None:
                raise RuntimeError("an index of nothing")
            found: Vectors = self._index.reconstruct_batch(np.asarray(ids, dtype=np.int64))
            return found

    def __len__(self) -> int:
        """How many vectors there are."""
        return int(self._index.ntotal) if self._index is not None else 0

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """As VectorIndex.add."""
        if len(ids) == 0:
            return
        with self._lock:
            if self._index is None:
                half, inner = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
                kept = faiss.IndexScalarQuantizer(vectors.shape[1], half, inner)
                self._index = faiss.IndexIDMap2(kept)
            if vectors.shape != (len(ids), self._index.d):
                raise ValueError(f"{vectors.shape} vectors into an index of width {self._index.d}")
            wanted = np.asarray(ids, dtype=np.int64)
            self._index.remove_ids(faiss.IDSelectorBatch(wanted))
            self._index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), wanted)

    def remove(self, ids: Sequence[int]) -> None:
        """As VectorIndex.remove."""
        with self._lock:
            if self._index is not None and len(ids):
                self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(ids, dtype=np.int64)))

    def search(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """As VectorIndex.search."""
        with self._lock:
            if self._index is None or self._index.ntotal == 0 or count < 1:
                return []
            row = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
            if row.shape[1] != self._index.d:
                raise ValueError(f"a vector of {row.shape[1]} in an index of {self._index.d}")
            scores, ids = self._index.search(row, min(count, self._index.ntotal))
        return [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i != -1]

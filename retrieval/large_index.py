"""LargeIndex: a VectorIndex for up to millions of vectors, approximate and memory-mapped.

A base of inverted lists (FAISS IVF, half precision) that is never changed once written, an exact
index of what came since, and the ids that were taken away: so an update costs what it brings, and
a restart reads no more than it touches. `compact` makes the three one again. Up to `grow_at`
vectors there is no base, and every search is exact.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from retrieval.embedder import Vectors
from retrieval.faiss_index import FaissIndex

GROW_AT = 200_000  # vectors up to which exact search is quick enough (DEPENDENCIES.md)
# Lists looked at for a question. Measured by `python -m tests.bench_million`.
PROBES = 112
_LISTS_PER_ROOT = 4  # FAISS's guideline: between 4 and 16 lists per root of the size
_TRAINED_PER_LIST = 39  # the least that k-means wants; more costs minutes and gains little
_ADDED_AT_ONCE = 50_000
_FRESH, _GONE = ".fresh", ".gone"  # beside the base's file
_OUTGROWN = 6  # times the size that the lists were made for, from which they are made anew
Progress = Callable[[int, int], None]


class LargeIndex:
    """Approximate from `grow_at` vectors on; many readers beside one writer."""

    def __init__(self, grow_at: int = GROW_AT, probes: int = PROBES) -> None:
        self._grow_at = grow_at
        self._probes = probes
        self._base: Any = None
        self._base_ids: frozenset[int] = frozenset()
        self._gone: set[int] = set()
        self._fresh = FaissIndex()
        self._trained_on = 0  # vectors that the lists were made for
        self._writable = False  # a mapped base is not
        self._file: Path | None = None  # where the base as it is now is kept
        self._lock = threading.Lock()

    @classmethod
    def read(cls, path: Path, grow_at: int = GROW_AT, probes: int = PROBES) -> LargeIndex:
        """An index as write() left it, its base mapped and not loaded.

        Raises RuntimeError, OSError or ValueError when a file is missing or broken.
        """
        found = cls(grow_at, probes)
        if not path.stat().st_size:
            return found
        held = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        if isinstance(held, faiss.IndexIDMap2):
            found._fresh = FaissIndex.read(path)
            return found
        found._take(held)
        found._file = path
        found._fresh = FaissIndex.read(path.with_suffix(_FRESH))
        found._gone = set(np.fromfile(path.with_suffix(_GONE), dtype=np.int64).tolist())
        return found

    def write(self, path: Path) -> list[Path]:
        """Keep the index in `path` and, once it has a base, in two small files beside it.

        A file that is there is replaced, never changed, so a link to it stays what it was. The
        base is written once. Returns the files.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock:
            base, gone, fresh = self._base, sorted(self._gone), self._fresh
        if base is None:
            _replace(path, fresh.write)
            return [path]
        if self._file != path:
            _replace(path, lambda made: faiss.write_index(base, str(made)))
            self._file = path
        beside = [path.with_suffix(_FRESH), path.with_suffix(_GONE)]
        _replace(beside[0], fresh.write)
        _replace(beside[1], np.array(gone, dtype=np.int64).tofile)
        return [path, *beside]

    @property
    def ids(self) -> frozenset[int]:
        """The ids that have a vector."""
        return (self._base_ids - self._gone) | self._fresh.ids

    def __len__(self) -> int:
        """How many vectors there are."""
        return len(self._base_ids) - len(self._gone) + len(self._fresh)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """As VectorIndex.add."""
        if len(ids) and self._base is not None and vectors.shape[1] != self._base.d:
            raise ValueError(f"{vectors.shape} vectors into an index of width {self._base.d}")
        self._fresh.add(ids, vectors)
        with self._lock:
            self._gone |= self._base_ids.intersection(ids)
        if len(self._fresh) + len(self._gone) > self._grow_at:
            self.compact()

    def remove(self, ids: Sequence[int]) -> None:
        """As VectorIndex.remove."""
        self._fresh.remove(ids)
        with self._lock:
            self._gone |= self._base_ids.intersection(ids)

    def search(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """As VectorIndex.search."""
        found = self._fresh.search(vector, count)
        with self._lock:
            if self._base is None or count < 1:
                return found
            row = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
            if row.shape[1] != self._base.d:
                raise ValueError(f"a vector of {row.shape[1]} in an index of {self._base.d}")
            # What was taken away may stand among the nearest: ask for as many more.
            wanted = min(count + len(self._gone), max(self._base.ntotal, 1), count * 4)
            scores, ids = self._base.search(row, wanted)
            gone = self._gone
            found += [
                (int(i), float(s))
                for i, s in zip(ids[0], scores[0], strict=True)
                if i != -1 and i not in gone
            ]
        return sorted(found, key=lambda pair: -pair[1])[:count]

    def compact(self, progress: Progress | None = None) -> None:
        """Make one base of everything; `progress(done, of)` as vectors are put into lists."""
        ids = np.array(sorted(self.ids), dtype=np.int64)
        if not len(ids) or (not self._gone and not len(self._fresh)):
            return
        fresh = self._fresh.ids
        appended = (
            self._writable and not self._gone and len(ids) <= _OUTGROWN * max(self._trained_on, 1)
        )
        base = self._base if appended else self._trained(ids, fresh)
        left = np.array(sorted(fresh), dtype=np.int64) if appended else ids
        for start in range(0, len(left), _ADDED_AT_ONCE):
            some = left[start : start + _ADDED_AT_ONCE]
            rows = self._vectors(some, fresh)
            with self._lock:
                base.add_with_ids(rows, some)
            if progress:
                progress(min(start + _ADDED_AT_ONCE, len(left)), len(left))
        with self._lock:
            self._take(base)
            self._file = None
            self._writable = True
            self._fresh = FaissIndex()
            self._gone = set()

    def _trained(self, ids: Any, fresh: frozenset[int]) -> Any:
        """A base with lists for as many, and nothing in them."""
        lists = max(1, min(int(_LISTS_PER_ROOT * len(ids) ** 0.5), len(ids) // _TRAINED_PER_LIST))
        made: Any = faiss.index_factory(
            self._width(), f"IVF{lists},SQfp16", faiss.METRIC_INNER_PRODUCT
        )
        made.cp.min_points_per_centroid = 1  # a small index warns of nothing that matters
        chosen = np.random.default_rng(0).permutation(ids)[: lists * _TRAINED_PER_LIST]
        made.train(self._vectors(chosen, fresh))
        self._trained_on = len(ids)
        return made

    def _take(self, base: Any) -> None:
        base.nprobe = self._probes
        lists = base.invlists
        held = [
            faiss.rev_swig_ptr(lists.get_ids(i), lists.list_size(i)).copy()
            for i in range(base.nlist)
            if lists.list_size(i)
        ]
        self._base = base
        self._base_ids = frozenset(np.concatenate(held).tolist()) if held else frozenset()

    def _width(self) -> int:
        return int(self._base.d) if self._base is not None else self._fresh.width

    def _vectors(self, ids: Any, fresh: frozenset[int]) -> Vectors:
        """Rows for ids, wherever they are kept."""
        rows = np.zeros((len(ids), self._width()), dtype=np.float32)
        new = np.array([i in fresh for i in ids.tolist()], dtype=bool)
        if new.any():
            rows[new] = self._fresh.take(ids[new].tolist())
        if not new.all():
            with self._lock:
                # SWIG makes the name at run time.
                self._base.set_direct_map_type(faiss.DirectMap.Hashtable)  # type: ignore[attr-defined]
                rows[~new] = self._base.reconstruct_batch(ids[~new])
        return rows


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    made = path.with_name(path.name + ".new")
    write(made)
    made.replace(path)

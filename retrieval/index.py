"""PassageIndex: the passages of every card, searched by word and by meaning."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.embedder import Vectors
from retrieval.faiss_index import FaissIndex
from retrieval.keyword import KeywordIndex
from retrieval.passage import EMBEDDED, Part, Passage
from retrieval.text import tokenise
from retrieval.vectors import VectorIndex

NEAREST = 240  # passages asked of the vector index; a card has about 15, so some 20 cards at least
PARTS = tuple(Part)


@dataclass(frozen=True)
class Evidence:
    """What speaks for one entry: the best score of each part, by word and by meaning, in -1..1."""

    key: str
    lexical: Mapping[Part, float]
    semantic: Mapping[Part, float]  # empty when the embedder failed


@dataclass(frozen=True)
class _Words:
    """One immutable picture of the keyword side, swapped as a whole when entries change."""

    keys: tuple[str, ...]
    keyword: KeywordIndex
    entry_of: NDArray[np.int64]  # document -> position in keys
    part_of: NDArray[np.int64]  # document -> position in PARTS


class PassageIndex:
    """Entries by key; safe for many readers beside one writer."""

    def __init__(self, vectors: VectorIndex | None = None) -> None:
        self._vectors: VectorIndex = vectors if vectors is not None else FaissIndex()
        self._entries: dict[str, list[Passage]] = {}
        self._tokens: dict[int, list[str]] = {}
        self._place: dict[int, tuple[str, Part]] = {}
        self._lock = threading.Lock()
        self._words = _picture({}, {})

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self._place)

    @property
    def keys(self) -> tuple[str, ...]:
        """The entries, in order."""
        return self._words.keys

    @property
    def keyword(self) -> KeywordIndex:
        """The keyword side as it stands."""
        return self._words.keyword

    def update(
        self,
        removed: Iterable[str],
        added: Mapping[str, Sequence[Passage]],
        vectors: Mapping[int, Vectors] | None = None,
    ) -> None:
        """Forget the removed entries and take the added ones, in one step for readers.

        `vectors` maps passage id to its vector; passages without one are found by word only.
        """
        with self._lock:
            gone = [
                passage.id for key in {*removed, *added} for passage in self._entries.pop(key, [])
            ]
            for passage_id in gone:
                self._tokens.pop(passage_id, None)
                self._place.pop(passage_id, None)
            for key, passages in added.items():
                self._entries[key] = list(passages)
                for passage in passages:
                    self._tokens[passage.id] = tokenise(passage.text)
                    self._place[passage.id] = (key, passage.part)
            self._words = _picture(self._entries, self._tokens)
            self._vectors.remove(gone)
            self._add_vectors(vectors or {})

    def give_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        """Add vectors for passages that are here already (the embedder was slow or down before)."""
        with self._lock:
            self._add_vectors({i: v for i, v in vectors.items() if i in self._place})

    def search(self, tokens: Sequence[str], vector: Vectors | None) -> list[Evidence]:
        """The evidence for every entry that anything speaks for, unordered."""
        words = self._words
        lexical = _best_by_entry(words, words.keyword.scores(tokens))
        semantic: dict[str, dict[Part, float]] = {}
        if vector is not None:
            for passage_id, score in self._vectors.search(vector, NEAREST):
                place = self._place.get(passage_id)
                if place is not None:
                    parts = semantic.setdefault(place[0], {})
                    parts[place[1]] = max(score, parts.get(place[1], -1.0))
        found = []
        for position, key in enumerate(words.keys):
            row = lexical[position]
            near = semantic.get(key, {})
            if near or row.any():
                by_part = {part: float(row[i]) for i, part in enumerate(PARTS)}
                found.append(Evidence(key, by_part, near))
        return found

    def _add_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        if vectors:
            self._vectors.add(list(vectors), np.stack(list(vectors.values())))


def embedded(passages: Iterable[Passage]) -> list[Passage]:
    """The passages that get a vector."""
    return [passage for passage in passages if passage.part in EMBEDDED]


def _picture(
    entries: Mapping[str, Sequence[Passage]], tokens: Mapping[int, Sequence[str]]
) -> _Words:
    keys = tuple(entries)
    flat = [(i, passage) for i, key in enumerate(keys) for passage in entries[key]]
    return _Words(
        keys=keys,
        keyword=KeywordIndex([tokens[passage.id] for _, passage in flat]),
        entry_of=np.array([i for i, _ in flat], dtype=np.int64),
        part_of=np.array([PARTS.index(passage.part) for _, passage in flat], dtype=np.int64),
    )


def _best_by_entry(words: _Words, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    best = np.zeros((len(words.keys), len(PARTS)), dtype=np.float32)
    np.maximum.at(best, (words.entry_of, words.part_of), scores)
    return best

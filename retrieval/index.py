"""PassageIndex: the passages of every card, searched by word and by meaning."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.card import CardKind
from retrieval.embedder import Vectors
from retrieval.faiss_index import FaissIndex
from retrieval.keyword import KeywordIndex
from retrieval.passage import EMBEDDED, Part, Passage
from retrieval.sound import sound_tokens
from retrieval.text import is_word, tokenise
from retrieval.vectors import VectorIndex

NEAREST = 240  # passages asked of the vector index; a card has about 15, so some 20 cards at least
PARTS = tuple(Part)
TOP_ASKS = 3


@dataclass(frozen=True)
class Evidence:
    """What speaks for one entry: the best score of each part, by word and by meaning, in -1..1."""

    key: str
    kind: CardKind
    lexical: Mapping[Part, float]
    sound: Mapping[Part, float]
    semantic: Mapping[Part, float]  # empty when the embedder failed
    semantic_asks: float = 0.0  # the mean of the three nearest asks


@dataclass(frozen=True)
class Coverage:
    """How much of a question an entry speaks of: covered 0..1, and the weightiest word missing."""

    covered: float
    missing: float


@dataclass(frozen=True)
class _Tokens:
    """A passage's tokens, kept so that a change elsewhere need not make them again."""

    words: list[str]
    sounds: list[str]


@dataclass(frozen=True)
class _Words:
    """One immutable picture of the keyword side, swapped as a whole when entries change."""

    keys: tuple[str, ...]
    kinds: tuple[CardKind, ...]
    keyword: KeywordIndex
    sound: KeywordIndex
    entry_of: NDArray[np.int64]  # document -> position in keys
    part_of: NDArray[np.int64]  # document -> position in PARTS


class PassageIndex:
    """Entries by key; safe for many readers beside one writer."""

    def __init__(self, vectors: VectorIndex | None = None) -> None:
        self._vectors: VectorIndex = vectors if vectors is not None else FaissIndex()
        self._entries: dict[str, list[Passage]] = {}
        self._tokens: dict[int, _Tokens] = {}
        self._place: dict[int, tuple[str, Part]] = {}
        self._bodies: dict[str, frozenset[str]] = {}
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
                    self._tokens[passage.id] = _Tokens(
                        tokenise(passage.text), sound_tokens(passage.text)
                    )
                    self._place[passage.id] = (key, passage.part)
            self._bodies = {
                key: frozenset(t for p in passages for t in self._tokens[p.id].words)
                for key, passages in self._entries.items()
            }
            self._words = _picture(self._entries, self._tokens)
            self._vectors.remove(gone)
            self._add_vectors(vectors or {})

    def give_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        """Add vectors for passages that are here already (the embedder was slow or down before)."""
        with self._lock:
            self._add_vectors({i: v for i, v in vectors.items() if i in self._place})

    def search(self, text: str, vector: Vectors | None) -> list[Evidence]:
        """The evidence for every entry that anything speaks for, unordered; text is clean."""
        words = self._words
        lexical = _best_by_entry(words, words.keyword.scores(tokenise(text)))
        sound = _best_by_entry(words, words.sound.scores(sound_tokens(text)))
        near = self._near(vector) if vector is not None else {}
        found = []
        for position, key in enumerate(words.keys):
            parts = near.get(key, {})
            if parts or lexical[position].any() or sound[position].any():
                asks = sorted(parts.get(Part.ASK, ()), reverse=True)[:TOP_ASKS]
                found.append(
                    Evidence(
                        key=key,
                        kind=words.kinds[position],
                        lexical=_by_part(lexical[position]),
                        sound=_by_part(sound[position]),
                        semantic={part: max(scores) for part, scores in parts.items()},
                        semantic_asks=sum(asks) / TOP_ASKS,
                    )
                )
        return found

    def coverage(self, key: str, text: str) -> Coverage:
        """How much of a question's words an entry speaks of at all."""
        words = self._words
        body = self._bodies.get(key, frozenset())
        weights = {token: words.keyword.weight(token) for token in set(tokenise(text))}
        missing = {token: w for token, w in weights.items() if token not in body}
        whole = sum(weights.values())
        return Coverage(
            covered=1.0 - sum(missing.values()) / whole if whole else 0.0,
            missing=max((w for t, w in missing.items() if is_word(t)), default=0.0),
        )

    def _near(self, vector: Vectors) -> dict[str, dict[Part, list[float]]]:
        near: dict[str, dict[Part, list[float]]] = {}
        for passage_id, score in self._vectors.search(vector, NEAREST):
            place = self._place.get(passage_id)
            if place is not None:
                near.setdefault(place[0], {}).setdefault(place[1], []).append(score)
        return near

    def _add_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        if vectors:
            self._vectors.add(list(vectors), np.stack(list(vectors.values())))


def embedded(passages: Iterable[Passage]) -> list[Passage]:
    """The passages that get a vector."""
    return [passage for passage in passages if passage.part in EMBEDDED]


def _picture(entries: Mapping[str, Sequence[Passage]], tokens: Mapping[int, _Tokens]) -> _Words:
    keys = tuple(entries)
    flat = [(i, passage) for i, key in enumerate(keys) for passage in entries[key]]
    return _Words(
        keys=keys,
        kinds=tuple(entries[key][0].kind for key in keys),
        keyword=KeywordIndex([tokens[passage.id].words for _, passage in flat]),
        sound=KeywordIndex([tokens[passage.id].sounds for _, passage in flat]),
        entry_of=np.array([i for i, _ in flat], dtype=np.int64),
        part_of=np.array([PARTS.index(passage.part) for _, passage in flat], dtype=np.int64),
    )


def _by_part(row: NDArray[np.float32]) -> dict[Part, float]:
    return {part: float(score) for part, score in zip(PARTS, row, strict=True)}


def _best_by_entry(words: _Words, scores: NDArray[np.float32]) -> NDArray[np.float32]:
    best = np.zeros((len(words.keys), len(PARTS)), dtype=np.float32)
    np.maximum.at(best, (words.entry_of, words.part_of), scores)
    return best

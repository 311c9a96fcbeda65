"""PassageIndex: the passages of every card, searched by word and by meaning."""

from __future__ import annotations

import sys
import threading
from collections import Counter
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
COLUMN = {part: i for i, part in enumerate(PARTS)}
HOTLINE_TOPIC = "hotline."
Column = NDArray[np.float32]
TOP_ASKS = 3


@dataclass(frozen=True)
class Evidence:
    """What speaks for every entry: the best score of each part, by word, sound and meaning.

    Arrays have one row per entry, and `lexical`, `sound`, `semantic` one column per PARTS.
    Scores are in 0..1, cosines in -1..1; a part that was not among the nearest counts as 0, what
    unrelated questions have.
    """

    keys: tuple[str, ...]
    rumour: Column  # whether the entry is a rumour card
    hotline: Column  # whether it belongs to the hotlines
    lexical: Column
    sound: Column
    semantic: Column
    semantic_asks: Column  # the mean of the three nearest asks


@dataclass(frozen=True)
class Coverage:
    """How much of a question an entry speaks of: covered 0..1, and the weightiest word missing."""

    covered: float
    missing: float


@dataclass(frozen=True)
class _Tokens:
    """A passage's tokens, kept so that a change elsewhere need not make them again."""

    words: tuple[str, ...]
    sounds: tuple[str, ...]


@dataclass(frozen=True)
class _Words:
    """One immutable picture of the keyword side, swapped as a whole when entries change."""

    keys: tuple[str, ...]
    position: Mapping[str, int]
    rumour: Column
    hotline: Column
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
                        _interned(tokenise(passage.text)), _interned(sound_tokens(passage.text))
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

    def search(self, text: str, vector: Vectors | None) -> Evidence:
        """The evidence for every entry, in the order of `keys`; text is clean."""
        words = self._words
        semantic, asks = self._near(words, vector)
        return Evidence(
            keys=words.keys,
            rumour=words.rumour,
            hotline=words.hotline,
            lexical=_best_by_entry(words, words.keyword.scores(tokenise(text))),
            sound=_best_by_entry(words, words.sound.scores(sound_tokens(text))),
            semantic=semantic,
            semantic_asks=asks,
        )

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

    def _near(self, words: _Words, vector: Vectors | None) -> tuple[Column, Column]:
        best = np.zeros((len(words.keys), len(PARTS)), dtype=np.float32)
        asks = np.zeros(len(words.keys), dtype=np.float32)
        if vector is None:
            return best, asks
        asks_seen: Counter[int] = Counter()
        for passage_id, score in self._vectors.search(vector, NEAREST):
            place = self._place.get(passage_id)
            row = words.position.get(place[0]) if place else None
            if place is None or row is None:
                continue
            column = COLUMN[place[1]]
            best[row, column] = max(best[row, column], score)
            # They come best first, so the first three asks of an entry are its nearest.
            if place[1] is Part.ASK and asks_seen[row] < TOP_ASKS:
                asks_seen[row] += 1
                asks[row] += score / TOP_ASKS
        return best, asks

    def _add_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        if vectors:
            self._vectors.add(list(vectors), np.stack(list(vectors.values())))


def embedded(passages: Iterable[Passage]) -> list[Passage]:
    """The passages that get a vector."""
    return [passage for passage in passages if passage.part in EMBEDDED]


def _interned(tokens: list[str]) -> tuple[str, ...]:
    """The same token is one object wherever it stands: a tenth of the memory."""
    return tuple(map(sys.intern, tokens))


def _picture(entries: Mapping[str, Sequence[Passage]], tokens: Mapping[int, _Tokens]) -> _Words:
    keys = tuple(entries)
    flat = [(i, passage) for i, key in enumerate(keys) for passage in entries[key]]
    rumour = [entries[key][0].kind is CardKind.RUMOUR for key in keys]
    return _Words(
        keys=keys,
        position={key: i for i, key in enumerate(keys)},
        rumour=np.array(rumour, dtype=np.float32),
        hotline=np.array([key.startswith(HOTLINE_TOPIC) for key in keys], dtype=np.float32),
        keyword=KeywordIndex([tokens[passage.id].words for _, passage in flat]),
        sound=KeywordIndex([tokens[passage.id].sounds for _, passage in flat]),
        entry_of=np.array([i for i, _ in flat], dtype=np.int64),
        part_of=np.array([COLUMN[passage.part] for _, passage in flat], dtype=np.int64),
    )


def _best_by_entry(words: _Words, scores: NDArray[np.float32]) -> Column:
    best = np.zeros((len(words.keys), len(PARTS)), dtype=np.float32)
    np.maximum.at(best, (words.entry_of, words.part_of), scores)
    return best

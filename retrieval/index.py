"""PassageIndex: the passages of every card, searched by word, by sound and by meaning."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from knowledge.card import CardKind
from retrieval.embedder import Vectors
from retrieval.faiss_index import FaissIndex
from retrieval.keyword import Entry, KeywordIndex, Scores
from retrieval.passage import EMBEDDED, Part, Passage
from retrieval.sound import sound_tokens
from retrieval.spelling import Speller, make_speller
from retrieval.text import is_word, tokenise
from retrieval.vectors import VectorIndex

# Passages asked of each index. A card has about 20 short ones, so some 15 to 30 cards at least.
NEAREST = 320
WORD_NEAREST = 480
BODY_NEAREST = 80
PARTS = tuple(Part)
COLUMN = {part: i for i, part in enumerate(PARTS)}
WORDS, SOUNDS = "words", "sounds"
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
class _Places:
    """One immutable picture of where every passage belongs, swapped as a whole."""

    keys: tuple[str, ...]
    rumour: Column
    hotline: Column
    cell: Mapping[int, int]  # passage id -> row of its entry x columns + column of its part


class PassageIndex:
    """Entries by key; safe for many readers beside one writer.

    Short passages and whole bodies are kept apart: BM25 judges a text's length against its like.
    """

    def __init__(self, vectors: VectorIndex | None = None, folder: Path | None = None) -> None:
        self.vectors: VectorIndex = vectors if vectors is not None else FaissIndex()
        self._short = KeywordIndex((WORDS, SOUNDS), folder / "short" if folder else None)
        self._bodies = KeywordIndex((WORDS, SOUNDS), folder / "bodies" if folder else None)
        self._entries: dict[str, list[Passage]] = {}
        self._lock = threading.Lock()
        self._speller: Speller | None = None
        self._places = _picture({})

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self._places.cell)

    @property
    def keys(self) -> tuple[str, ...]:
        """The entries, in order."""
        return self._places.keys

    @property
    def entries(self) -> Mapping[str, Sequence[Passage]]:
        """The passages of every entry."""
        return self._entries

    @property
    def whole(self) -> bool:
        """Whether the keyword side holds just as many passages as the entries have."""
        return len(self._short) + len(self._bodies) == len(self)

    @property
    def speller(self) -> Speller:
        """The words of the cards' questions by their sound; made when first asked for."""
        made = self._speller
        if made is None:
            asked = (Part.ASK, Part.TITLE)
            entries = list(self._entries.values())
            made = make_speller(p.written for ps in entries for p in ps if p.part in asked)
            self._speller = made
        return made

    def adopt(
        self, entries: Mapping[str, Sequence[Passage]], speller: Speller | None = None
    ) -> None:
        """Take entries whose passages the folder and the vectors hold already."""
        with self._lock:
            self._entries.update({key: list(passages) for key, passages in entries.items()})
            self._speller = speller
            self._places = _picture(self._entries)

    def update(
        self,
        removed: Iterable[str],
        added: Mapping[str, Sequence[Passage]],
        vectors: Mapping[int, Vectors] | None = None,
    ) -> None:
        """Forget the removed entries and take the added ones.

        `vectors` maps passage id to its vector; passages without one are found by word only.
        """
        with self._lock:
            owners = {*removed, *added}
            gone = [p.id for key in owners for p in self._entries.pop(key, [])]
            self._entries.update({key: list(passages) for key, passages in added.items()})
            fresh = [passage for passages in added.values() for passage in passages]
            self._short.update(owners, (_entry(p) for p in fresh if p.part is not Part.BODY))
            self._bodies.update(owners, (_entry(p) for p in fresh if p.part is Part.BODY))
            self.vectors.remove(gone)
            self._add_vectors(vectors or {})
            self._places = _picture(self._entries)
            self._speller = None

    def give_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        """Add vectors for passages that are here already (the embedder was slow or down before)."""
        with self._lock:
            held = self._places.cell
            self._add_vectors({i: v for i, v in vectors.items() if i in held})

    def search(self, text: str, vector: Vectors | None) -> Evidence:
        """The evidence for every entry, in the order of `keys`; text is clean."""
        places = self._places
        semantic, asks = self._near(places, vector)
        words, sounds = tokenise(text), sound_tokens(text)
        return Evidence(
            keys=places.keys,
            rumour=places.rumour,
            hotline=places.hotline,
            lexical=self._heard(places, WORDS, words),
            sound=self._heard(places, SOUNDS, sounds),
            semantic=semantic,
            semantic_asks=asks,
        )

    def coverage(self, key: str, text: str) -> Coverage:
        """How much of a question's words an entry speaks of at all."""
        tokens = set(tokenise(text))
        spoken = {t for passage in self._entries.get(key, ()) for t in tokenise(passage.text)}
        weights = {token: self._short.weight(WORDS, token) for token in tokens}
        missing = {token: w for token, w in weights.items() if token not in spoken}
        whole = sum(weights.values())
        return Coverage(
            covered=1.0 - sum(missing.values()) / whole if whole else 0.0,
            missing=max((w for t, w in missing.items() if is_word(t)), default=0.0),
        )

    def _heard(self, places: _Places, field: str, tokens: list[str]) -> Column:
        best = np.zeros(len(places.keys) * len(PARTS), dtype=np.float32)
        for found in (
            self._short.search(field, tokens, WORD_NEAREST),
            self._bodies.search(field, tokens, BODY_NEAREST),
        ):
            _raise(best, places, found)
        return best.reshape(-1, len(PARTS))

    def _near(self, places: _Places, vector: Vectors | None) -> tuple[Column, Column]:
        best = np.zeros((len(places.keys), len(PARTS)), dtype=np.float32)
        asks = np.zeros(len(places.keys), dtype=np.float32)
        if vector is None:
            return best, asks
        asks_seen: Counter[int] = Counter()
        for passage_id, score in self.vectors.search(vector, NEAREST):
            cell = places.cell.get(passage_id)
            if cell is None:
                continue
            row, column = divmod(cell, len(PARTS))
            best[row, column] = max(best[row, column], score)
            # They come best first, so the first three asks of an entry are its nearest.
            if column == COLUMN[Part.ASK] and asks_seen[row] < TOP_ASKS:
                asks_seen[row] += 1
                asks[row] += score / TOP_ASKS
        return best, asks

    def _add_vectors(self, vectors: Mapping[int, Vectors]) -> None:
        if vectors:
            self.vectors.add(list(vectors), np.stack(list(vectors.values())))


def embedded(passages: Iterable[Passage]) -> list[Passage]:
    """The passages that get a vector."""
    return [passage for passage in passages if passage.part in EMBEDDED]


def _entry(passage: Passage) -> Entry:
    tokens = {WORDS: tokenise(passage.text), SOUNDS: sound_tokens(passage.text)}
    return Entry(passage.id, passage.card, tokens)


def _picture(entries: Mapping[str, Sequence[Passage]]) -> _Places:
    keys = tuple(entries)
    rumour = [entries[key][0].kind is CardKind.RUMOUR for key in keys]
    return _Places(
        keys=keys,
        rumour=np.array(rumour, dtype=np.float32),
        hotline=np.array([key.startswith(HOTLINE_TOPIC) for key in keys], dtype=np.float32),
        cell={
            passage.id: row * len(PARTS) + COLUMN[passage.part]
            for row, key in enumerate(keys)
            for passage in entries[key]
        },
    )


def _raise(best: Column, places: _Places, found: Scores) -> None:
    """Raise each cell to the best score found for it; passages gone meanwhile are skipped."""
    cells = np.array([places.cell.get(i, -1) for i in found.ids.tolist()], dtype=np.int64)
    known = cells >= 0
    np.maximum.at(best, cells[known], found.shares[known])

"""BM25 over tokens of our own making, with scores that mean the same for every question."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tantivy
from numpy.typing import NDArray

# Tantivy's BM25 has k1 fixed at 1.2; its term score is at most (k1 + 1) times the term's weight.
_TOP = 2.2
_ANALYSER = "tokens"
_WRITER_BYTES = 15_000_000  # the least that tantivy takes; a bigger one only delays a segment
_BULK_BYTES = 128_000_000
_BULK_ENTRIES = 50_000


@dataclass(frozen=True)
class Entry:
    """One text to find: its id, the owner it is forgotten with, and its tokens by field."""

    id: int
    owner: str
    tokens: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Scores:
    """What a search found: ids, best first, and their scores as shares (0..1) of the best possible.

    Words that no text knows count in that best, so that a question about something else scores
    low everywhere: what abstention needs.
    """

    ids: NDArray[np.int64]
    shares: NDArray[np.float32]


_NOTHING = Scores(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))


class KeywordIndex:
    """A tantivy index in memory or in a folder; many readers beside one writer.

    It does not scan: a search touches the texts that share a token with it, and adding a text
    costs ten milliseconds however many there are. A folder belongs to one process at a time.
    """

    def __init__(self, fields: Sequence[str], folder: Path | None = None) -> None:
        self._schema = _schema(fields)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        self._index = tantivy.Index(self._schema, path=str(folder) if folder else None)
        analyser = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        self._index.register_tokenizer(_ANALYSER, analyser)
        self._index.config_reader("manual")
        self._lock = threading.Lock()
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        """How many texts there are."""
        return int(self._searcher.num_docs)

    def update(self, gone: Iterable[str], added: Iterable[Entry]) -> None:
        """Forget every text of the owners in `gone`, then take the added ones; one commit."""
        entries, owners = list(added), list(gone)
        if not entries and not owners:
            return
        size = _BULK_BYTES if len(entries) > _BULK_ENTRIES else _WRITER_BYTES
        with self._lock:
            writer = self._index.writer(heap_size=size, num_threads=1)
            for owner in owners:
                writer.delete_documents_by_term("owner", owner)
            for entry in entries:
                document = tantivy.Document()
                document.add_unsigned("id", entry.id)
                document.add_text("owner", entry.owner)
                for field, tokens in entry.tokens.items():
                    document.add_text(field, " ".join(tokens))
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()
            self._searcher = self._index.searcher()

    def search(self, field: str, tokens: Sequence[str], count: int) -> Scores:
        """The best `count` texts for the tokens in one field."""
        searcher = self._searcher
        if not tokens or not searcher.num_docs:
            return _NOTHING
        wanted = [
            (
                tantivy.Occur.Should,
                tantivy.Query.term_query(self._schema, field, token, index_option="freq"),
            )
            for token in tokens
        ]
        found = searcher.search(tantivy.Query.boolean_query(wanted), count, count=False).hits
        if not found:
            return _NOTHING
        ids = searcher.fast_field_values("id", [address for _, address in found])
        raw = np.array([score for score, _ in found], dtype=np.float32)
        whole = _TOP * sum(self.weight(field, token) for token in tokens)
        return Scores(
            np.array(ids, dtype=np.int64),
            np.clip(raw / max(whole, 1e-6), 0.0, 1.0).astype(np.float32),
        )

    def weight(self, field: str, token: str) -> float:
        """The token's inverse document frequency; an unknown token weighs as the rarest known."""
        size = self._searcher.num_docs
        held = max(1, self._searcher.doc_freq(field, token)) if size else 1
        return math.log1p((size - held + 0.5) / (held + 0.5)) if size >= held else 0.0


def _schema(fields: Iterable[str]) -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("id", stored=False, indexed=False, fast=True)
    builder.add_text_field("owner", stored=False, tokenizer_name="raw", index_option="basic")
    for field in fields:
        builder.add_text_field(field, stored=False, tokenizer_name=_ANALYSER, index_option="freq")
    return builder.build()

"""Embeddings stored by text hash in SQL, so that nothing is embedded twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import sqlalchemy as sa

from knowledge.database import metadata
from retrieval.embedder import Embedder, Vectors

embeddings = sa.Table(
    "embeddings",
    metadata,
    sa.Column("fingerprint", sa.String(120), primary_key=True),
    sa.Column("text_hash", sa.String(64), primary_key=True),
    sa.Column("vector", sa.LargeBinary, nullable=False),
)

BATCH_TEXTS = 32
LOOKUP_TEXTS = 500  # below SQLite's limit of 999 variables in old builds


class EmbeddingCache:
    """embed() through a table keyed by the embedder's fingerprint and the text's SHA-256."""

    def __init__(self, engine: sa.Engine, embedder: Embedder) -> None:
        self._engine = engine
        self._embedder = embedder

    def embed(
        self, texts: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> Vectors:
        """Vectors of the texts, in order; calls progress(done, of) as missing ones are made."""
        hashes = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        known = self._read(sorted(set(hashes)))
        missing = {h: t for h, t in zip(hashes, texts, strict=True) if h not in known}
        done = 0
        for batch in _batches(list(missing), BATCH_TEXTS):
            vectors = self._embedder.embed([missing[h] for h in batch])
            made = dict(zip(batch, vectors, strict=True))
            self._write(made)
            known.update(made)
            done += len(batch)
            if progress:
                progress(done, len(missing))
        if not hashes:
            return np.zeros((0, 0), dtype=np.float32)
        return np.stack([known[h] for h in hashes]).astype(np.float32)

    def _read(self, hashes: list[str]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        with self._engine.connect() as connection:
            for batch in _batches(hashes, LOOKUP_TEXTS):
                query = sa.select(embeddings.c.text_hash, embeddings.c.vector).where(
                    embeddings.c.fingerprint == self._embedder.fingerprint,
                    embeddings.c.text_hash.in_(batch),
                )
                for row in connection.execute(query):
                    found[row.text_hash] = np.frombuffer(row.vector, dtype=np.float32)
        return found

    def _write(self, made: dict[str, Vectors]) -> None:
        rows = [
            {
                "fingerprint": self._embedder.fingerprint,
                "text_hash": text_hash,
                "vector": vector.astype(np.float32).tobytes(),
            }
            for text_hash, vector in made.items()
        ]
        try:
            with self._engine.begin() as connection:
                connection.execute(embeddings.insert(), rows)
        except sa.exc.SQLAlchemyError:
            # Another process stored the same texts first, or the disk is full: the vectors in
            # memory serve this run, and what is not stored is embedded again next time.
            return


def _batches(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[i : i + size] for i in range(0, len(items), size))

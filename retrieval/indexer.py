"""Published revisions -> passages: incremental, idempotent, quick to forget the retired."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import date

from knowledge.card import Revision
from knowledge.store import CardStore
from retrieval.embedder import EmbedderError, Vectors
from retrieval.embedding_cache import EmbeddingCache
from retrieval.index import PassageIndex, embedded
from retrieval.passage import Passage, passages_of
from retrieval.snapshot import Snapshots

Progress = Callable[[int, int], None]


class Indexer:
    """Keeps an index equal to the store's published cards.

    Any process may publish: `refresh` sees it by the store's mark. A retired card is gone from
    `lookup`, and so from every answer, at the next question. With `snapshots` the index starts
    from the last one kept; without, from nothing.
    """

    def __init__(
        self,
        store: CardStore,
        cache: EmbeddingCache,
        today: Callable[[], date] = date.today,
        snapshots: Snapshots | None = None,
    ) -> None:
        self._store = store
        self._cache = cache
        self._today = today
        self._snapshots = snapshots
        self._held: dict[str, Revision] = {}
        self._waiting: dict[str, list[Passage]] = {}  # found by word only, until embedded
        self._mark = -1
        self._saved_mark = -1
        self._lock = threading.Lock()
        self.error = ""  # why some passages have no vectors; empty when all have
        self.index = self._open()

    def lookup(self, key: str) -> Revision | None:
        """The published revision in force today, or None."""
        revision = self._held.get(key)
        return revision if revision and revision.card.in_force(self._today()) else None

    @property
    def revisions(self) -> list[Revision]:
        """Every indexed revision in force today."""
        return [r for r in self._held.values() if r.card.in_force(self._today())]

    def current(self) -> bool:
        """Whether the index has seen every publication; one query."""
        return self._store.mark() == self._mark and not self._waiting

    def drop_retired(self) -> None:
        """Forget what is published no longer, without embedding anything: cheap, for every turn."""
        if self._store.mark() == self._mark:
            return
        numbers = self._store.published_numbers()
        with self._lock:
            for key, revision in list(self._held.items()):
                if numbers.get(key) != revision.number:
                    del self._held[key]

    def refresh(self, progress: Progress | None = None) -> int:
        """Bring the index up to the store; returns how many cards changed.

        New cards are found by word at once and by meaning as soon as they are embedded; when the
        embedder fails they wait, `error` says why, and the next refresh tries again.
        """
        with self._lock:
            mark = self._store.mark()
            changed = self._take_changes() if mark != self._mark else 0
            self._mark = mark
            self._embed_waiting(progress)
            return changed

    def save(self) -> None:
        """Keep a snapshot of the index when it is whole and newer than the last one kept."""
        with self._lock:
            if self._snapshots and not self._waiting and self._mark != self._saved_mark:
                numbers = {key: revision.number for key, revision in self._held.items()}
                self._snapshots.save(self.index, numbers)
                self._saved_mark = self._mark

    def close(self) -> None:
        """Keep what changed, and leave no working copy behind."""
        self.save()
        if self._snapshots:
            self._snapshots.close()

    def _open(self) -> PassageIndex:
        """Start from the last snapshot: what it holds of today's revisions is taken as it is."""
        if self._snapshots is None:
            return PassageIndex()
        opened = self._snapshots.open()
        held = [
            revision
            for revision in (self._store.published() if opened.numbers else [])
            if opened.numbers.get(revision.card.key) == revision.number
        ]
        entries = {revision.card.key: passages_of(revision) for revision in held}
        gone = opened.numbers.keys() - entries.keys()
        opened.index.update(gone, {})
        opened.index.adopt(entries, None if gone else opened.speller)
        if not opened.index.whole:
            return self._snapshots.empty().index
        self._held = {revision.card.key: revision for revision in held}
        self._waiting = _without_vectors(opened.index, entries)
        if entries and entries.keys() == opened.numbers.keys() and not self._waiting:
            mark = self._store.mark()
            if self._store.published_numbers() == dict(opened.numbers):
                self._mark = self._saved_mark = mark
        return opened.index

    def _take_changes(self) -> int:
        numbers = self._store.published_numbers()
        indexed = {k: r.number for k, r in self._held.items()}
        known = set(self.index.keys)
        gone = [key for key in known if key not in numbers]
        fresh = [k for k, n in numbers.items() if indexed.get(k) != n or k not in known]
        revisions = self._store.published(fresh) if len(fresh) < len(numbers) else None
        if revisions is None:
            revisions = self._store.published()
        added = {r.card.key: passages_of(r) for r in revisions}
        if added or gone:
            self.index.update(gone, added)
        for key in gone:
            self._held.pop(key, None)
            self._waiting.pop(key, None)
        self._held.update({r.card.key: r for r in revisions})
        self._waiting.update({key: embedded(passages) for key, passages in added.items()})
        return len(gone) + len(added)

    def _embed_waiting(self, progress: Progress | None) -> None:
        passages = [p for waiting in self._waiting.values() for p in waiting]
        if not passages:
            return
        try:
            vectors = self._cache.embed([p.text for p in passages], progress)
        except Exception as error:  # noqa: BLE001 - whatever a model raises, words still work
            self.error = str(error) if isinstance(error, EmbedderError) else type(error).__name__
            return
        by_id: dict[int, Vectors] = {p.id: v for p, v in zip(passages, vectors, strict=True)}
        self.index.give_vectors(by_id)
        self._waiting.clear()
        self.error = ""


def _without_vectors(
    index: PassageIndex, entries: Mapping[str, list[Passage]]
) -> dict[str, list[Passage]]:
    ids = index.vectors.ids
    found = {k: [p for p in embedded(ps) if p.id not in ids] for k, ps in entries.items()}
    return {key: passages for key, passages in found.items() if passages}

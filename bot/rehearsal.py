"""The publish gate's rehearsal: every golden question, before and after an edit.

It keeps an index of its own, so that nothing staged is ever found by a resident's question.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import structlog

from knowledge.card import Revision
from knowledge.gate import Change, GateReport
from knowledge.golden import Golden, digest_of
from knowledge.store import CardStore
from retrieval.background import Background
from retrieval.embedder import Embedder
from retrieval.embedding_cache import EmbeddingCache
from retrieval.fusion import Outcome
from retrieval.index import embedded
from retrieval.indexer import Indexer
from retrieval.passage import passages_of
from retrieval.question import read_question
from retrieval.retriever import Query, Retriever
from retrieval.snapshot import Snapshots

log = structlog.get_logger()
Progress = Callable[[int, int], None]
EVERY = 20  # questions between two reports of progress


@dataclass(frozen=True)
class _Told:
    """What a question gets: a card when it is answered, else nothing."""

    card: str = ""


class Rehearsal:
    """One index, refreshed and reused; one rehearsal at a time."""

    def __init__(
        self,
        store: CardStore,
        cache: EmbeddingCache,
        embedder: Embedder,
        background: Background,
        today: Callable[[], date],
        open_snapshots: Callable[[], Snapshots] | None = None,
    ) -> None:
        self._store = store
        self._cache = cache
        self._embedder = embedder
        self._background = background
        self._today = today
        self._open_snapshots = open_snapshots
        self._snapshots: Snapshots | None = None  # read, never written
        self._lock = threading.Lock()
        self._indexer: Indexer | None = None
        self._before: tuple[int, tuple[str, ...], list[_Told]] | None = None
        self._preparing: threading.Thread | None = None
        self._closing = False

    @property
    def preparing(self) -> bool:
        """Whether something is asked in the background."""
        return self._preparing is not None and self._preparing.is_alive()

    def prepare(self, questions: Sequence[Golden]) -> None:
        """Ask what is published now in the background, so that the run has half to do."""
        if self.preparing:
            return
        texts = tuple(q.text for q in questions)
        self._preparing = threading.Thread(target=self._prepare, args=(texts,), daemon=True)
        self._preparing.start()

    def _prepare(self, texts: tuple[str, ...]) -> None:
        try:
            with self._lock:
                mark = self._store.mark()
                self._published(mark, texts, lambda _: None)
        except Exception as error:  # noqa: BLE001 - the run itself will tell whoever waits for it
            log.warning("gate_not_prepared", error=type(error).__name__)

    def run(
        self, revision: Revision, questions: Sequence[Golden], progress: Progress = lambda *_: None
    ) -> GateReport:
        """What publishing a revision would change; seconds on a warm index."""
        with self._lock:
            started = time.perf_counter()
            mark = self._store.mark()  # first: what is published meanwhile makes the run stale
            texts = tuple(q.text for q in questions)
            known = self._before is not None and self._before[:2] == (mark, texts)
            total = len(texts) if known else 2 * len(texts)
            indexer, before = self._published(mark, texts, lambda n: progress(n, total))
            done = total - len(texts)
            after = self._staged(indexer, revision, texts, lambda n: progress(done + n, total))
        progress(total, total)
        seconds = round(time.perf_counter() - started, 2)
        return _report(mark, revision.card.key, questions, before, after, seconds)

    def close(self) -> None:
        """Leave no working copy of the index behind."""
        self._closing = True
        if self._preparing is not None:
            self._preparing.join()
        if self._snapshots:
            self._snapshots.close()

    def _published(
        self, mark: int, texts: tuple[str, ...], tick: Callable[[int], None]
    ) -> tuple[Indexer, list[_Told]]:
        """The index of what is published, and what it answers; remembered while it is so."""
        if self._indexer is None:
            if self._open_snapshots:
                self._snapshots = self._open_snapshots()
            self._indexer = Indexer(self._store, self._cache, self._today, self._snapshots)
        self._indexer.refresh()
        if self._before is None or self._before[:2] != (mark, texts):
            self._before = (mark, texts, self._ask(self._indexer, None, texts, tick))
        return self._indexer, self._before[2]

    def _staged(
        self,
        indexer: Indexer,
        revision: Revision,
        texts: Sequence[str],
        tick: Callable[[int], None],
    ) -> list[_Told]:
        """With the revision in the index, and the index as it was afterwards."""
        key, index = revision.card.key, indexer.index
        published = indexer.lookup(key)
        staged = passages_of(revision)
        index.update([], {key: staged})
        try:
            wanted = embedded(staged)
            vectors = self._cache.embed([p.text for p in wanted])
            index.give_vectors({p.id: v for p, v in zip(wanted, vectors, strict=True)})
            return self._ask(indexer, revision, texts, tick)
        finally:
            if published is None:
                index.update([key], {})
            else:
                old = passages_of(published)
                index.update([], {key: old})
                wanted = embedded(old)
                vectors = self._cache.embed([p.text for p in wanted])
                index.give_vectors({p.id: v for p, v in zip(wanted, vectors, strict=True)})

    def _ask(
        self,
        indexer: Indexer,
        revision: Revision | None,
        texts: Sequence[str],
        tick: Callable[[int], None],
    ) -> list[_Told]:
        def lookup(key: str) -> Revision | None:
            if revision is not None and key == revision.card.key:
                return revision
            return indexer.lookup(key)

        self._cache.embed([question.text for question in map(read_question, texts)])
        retriever = Retriever(
            indexer.index, _Remembering(self._embedder, self._cache), lookup, self._background
        )
        told = []
        for number, text in enumerate(texts, 1):
            if self._closing:
                raise ClosingError
            found = retriever.retrieve(Query(text), 1)
            answered = found.outcome is Outcome.ANSWER and found.hits
            told.append(_Told(found.hits[0].revision.card.key if answered else ""))
            if number % EVERY == 0:
                tick(number)
        return told


class ClosingError(RuntimeError):
    """The house closes; whoever rehearsed begins anew after the start."""


class _Remembering:
    """The embedder with the cache before it: the questions are the same at every rehearsal."""

    def __init__(self, embedder: Embedder, cache: EmbeddingCache) -> None:
        self.fingerprint = embedder.fingerprint
        self.embed = cache.embed


def _report(
    mark: int,
    key: str,
    questions: Sequence[Golden],
    before: Sequence[_Told],
    after: Sequence[_Told],
    seconds: float,
) -> GateReport:
    lost, changed, gained, reworded = [], [], [], []
    for question, was, becomes in zip(questions, before, after, strict=True):
        if was == becomes:
            if was.card == key:
                reworded.append(question.text)
            continue
        change = Change(question.text, was.card, becomes.card)
        right_before, right_after = _right(question, was), _right(question, becomes)
        if right_before and not right_after:
            lost.append(change)
        elif right_after and not right_before:
            gained.append(change)
        else:
            changed.append(change)
    return GateReport(
        mark,
        len(questions),
        tuple(lost),
        tuple(changed),
        tuple(gained),
        tuple(reworded),
        digest_of(questions),
        seconds,
    )


def _right(question: Golden, told: _Told) -> bool:
    return question.owned_by(told.card) if question.cards else not told.card

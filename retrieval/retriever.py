"""The room's front door: a Query becomes Hits, one confidence, and what to do with them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace

from knowledge.card import Revision
from retrieval.background import Background
from retrieval.embedder import Embedder, Vectors
from retrieval.fusion import (
    Calibration,
    Outcome,
    Scored,
    confidence,
    load_calibration,
    order,
    trust_signals,
)
from retrieval.index import PassageIndex
from retrieval.question import Question, read_question

CACHED_QUERIES = 2048
CHOICES = 3
NEAR_TIE = 0.35  # share of the best card's lead over nothing within which a rival is a choice


@dataclass(frozen=True)
class Query:
    """What is searched: a question that stands alone."""

    text: str


@dataclass(frozen=True)
class Heard:
    """A text read once for everybody: plain, and with its vector while the embedder works."""

    question: Question
    vector: Vectors | None


@dataclass(frozen=True)
class Hit:
    """A card that was found, with its fused score."""

    revision: Revision
    score: float


@dataclass(frozen=True)
class Found:
    """What a search came to; hits are best first, and all are published and in force."""

    hits: tuple[Hit, ...]
    confidence: float
    outcome: Outcome
    keyword_only: bool = False


NOTHING = Found((), 0.0, Outcome.ABSTAIN)


class Retriever:
    """Searches an index of cards; when the embedder fails, keyword search answers alone."""

    def __init__(
        self,
        index: PassageIndex,
        embedder: Embedder,
        lookup: Callable[[str], Revision | None],
        background: Background | None = None,
        calibrations: dict[str, Calibration] | None = None,
        on_embedder: Callable[[bool], None] = lambda _works: None,
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._lookup = lookup
        self._background = background or Background()
        self._calibrations = calibrations or load_calibration()
        self._on_embedder = on_embedder
        self._recent: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = threading.Lock()

    def retrieve(self, query: Query, count: int = 5) -> Found:
        """Up to `count` hits with one confidence; never raises for what a person can type."""
        heard = self.hear(query.text)
        question, vector = heard.question, heard.vector
        if not question.searchable:
            return NOTHING
        calibration = self._calibrations["keyword" if vector is None else "hybrid"]
        ordered = order(self._index.search(question.both, vector), question.cues, calibration)
        hits = self._hits(ordered, count)
        if not hits:
            return replace(NOTHING, keyword_only=vector is None)
        signals = trust_signals(
            ordered,
            len(question.text),
            self._index.coverage(ordered[0].key, question.plain),
            self._background.signals(question.plain, vector),
        )
        sure = confidence(signals, calibration)
        return Found(tuple(hits), sure, _outcome(sure, calibration), vector is None)

    def hear(self, text: str) -> Heard:
        """Read a text: clean, plain, spelled right, with its vector; never raises."""
        question = read_question(text, self._index.speller)
        return Heard(question, self._vector(question) if question.searchable else None)

    def embed(self, text: str) -> Vectors | None:
        """The vector of a clean text as it stands; None when the embedder fails."""
        return self._vector(Question(text, text)) if text else None

    def _hits(self, ordered: list[Scored], count: int) -> list[Hit]:
        hits = []
        for scored in ordered:
            # The index may lag a moment behind the store; what is not in force is never used.
            revision = self._lookup(scored.key)
            if revision is not None:
                hits.append(Hit(revision, scored.score))
            if len(hits) == count:
                break
        return hits

    def _vector(self, question: Question) -> Vectors | None:
        with self._lock:
            if question.text in self._recent:
                self._recent.move_to_end(question.text)
                return self._recent[question.text]
        try:
            vector = question.vector(self._embedder.embed)
        except Exception:  # noqa: BLE001 - any model or network failure means the same here
            self._on_embedder(False)
            return None
        self._on_embedder(True)
        with self._lock:
            self._recent[question.text] = vector
            while len(self._recent) > CACHED_QUERIES:
                self._recent.popitem(last=False)
        return vector


def choices(found: Found) -> list[Hit]:
    """The two or three cards worth offering when asking back, of different questions."""
    best = found.hits[0].score
    kept = [hit for hit in found.hits if hit.score >= best - NEAR_TIE * max(best, 1e-6)]
    return kept[:CHOICES] if len(kept) > 1 else list(found.hits[:CHOICES])


def _outcome(sure: float, calibration: Calibration) -> Outcome:
    if sure >= calibration.answer_from:
        return Outcome.ANSWER
    return Outcome.CLARIFY if sure >= calibration.clarify_from else Outcome.ABSTAIN

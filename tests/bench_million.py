"""`python -m tests.bench_million [PASSAGES]`: search among a million passages.

Embedding a million texts would take hours, so the vectors are made: each is the middle of two of
the pack's asks with noise, which keeps their spectrum and their neighbourhoods. The texts are two
sentences of cards side by side. Questions are the development questions, embedded for real.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from knowledge.cardfile import read_cards
from knowledge.starterpack import PACK
from retrieval.bundled import BundledEmbedder
from retrieval.calibrate import build_pack
from retrieval.corpus import KEYWORD_FIELD, keyword_terms
from retrieval.embedder import unit
from retrieval.evaluation import read_questions
from retrieval.faiss_index import FaissIndex
from retrieval.index import embedded
from retrieval.keyword import Entry, KeywordIndex
from retrieval.large_index import LargeIndex
from retrieval.passage import Part
from retrieval.text import clean, clean_question

QUESTIONS = 300
NOISE = 0.35  # of a unit vector's length
TOP = 10
BATCH = 50_000


def main() -> None:
    """Build, save, restart, search, update; print what each took."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    pack = build_pack(BundledEmbedder())
    asks = [p.text for e in pack.index.entries.values() for p in embedded(e) if p.part is Part.ASK]
    known = pack.cache.embed(asks)
    texts = [q.text for q in read_questions(Path("tests/golden/development.jsonl"))][:QUESTIONS]
    questions = pack.cache.embed([clean_question(t) for t in texts])

    def made(start: int, count: int) -> np.ndarray:
        some = np.random.default_rng(start)
        pairs = some.integers(0, len(known), size=(2, count))
        noise = some.normal(size=(count, known.shape[1])).astype(np.float32)
        noise *= NOISE / np.sqrt(known.shape[1])
        rows: np.ndarray = unit(known[pairs[0]] + 0.6 * known[pairs[1]] + noise)
        return rows.astype(np.float32)

    with tempfile.TemporaryDirectory() as folder:
        by_meaning = search_meaning(Path(folder), made, size, questions)
        by_words = search_words(Path(folder), size, texts)
    tell("both", [a + b for a, b in zip(by_meaning, by_words, strict=True)])
    say("peak memory", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "MB")


def search_meaning(
    folder: Path, made: Callable[[int, int], np.ndarray], size: int, questions: np.ndarray
) -> list[float]:
    """The vectors' side; milliseconds of each search."""
    large = LargeIndex()
    started = time.perf_counter()
    for start in tqdm(range(0, size, BATCH), desc="vectors", disable=None):
        count = min(BATCH, size - start)
        large.add(range(start, start + count), made(start, count))
    large.compact()
    large.write(folder / "large")
    say("vectors: built and saved", time.perf_counter() - started, "s")
    say("vectors: file", (folder / "large").stat().st_size / 1e6, "MB")
    del large
    started = time.perf_counter()
    large = LargeIndex.read(folder / "large")
    large.search(questions[0], TOP)
    say("vectors: restart to first search", time.perf_counter() - started, "s")
    exact = nearest(made, size, questions)
    found = [{i for i, _ in large.search(q, TOP)} for q in questions]
    held = [len(f & e) / TOP for f, e in zip(found, exact, strict=True)]
    say(f"vectors: recall@{TOP} against exact", float(np.mean(held)), "")
    spent = timed(lambda i: large.search(questions[i], 100), len(questions))
    tell("meaning", spent)
    started = time.perf_counter()
    large.add(range(size, size + 20), made(size + 7, 20))
    say("vectors: 20 more", (time.perf_counter() - started) * 1000, "ms")
    return spent


def search_words(folder: Path, size: int, texts: list[str]) -> list[float]:
    """The words' side; milliseconds of each search."""
    sentences = [clean(s) for c in read_cards(PACK).values() for s in (c.answer, *c.steps)]
    pairs = np.random.default_rng(5).integers(0, len(sentences), size=(size, 2)).tolist()
    bar = tqdm(pairs, desc="words", disable=None)
    started = time.perf_counter()
    words = KeywordIndex((KEYWORD_FIELD,), folder / "words")
    words.update(
        [],
        (
            Entry(i, "", {KEYWORD_FIELD: keyword_terms(sentences[a] + sentences[b])})
            for i, (a, b) in enumerate(bar)
        ),
    )
    say("words: built", time.perf_counter() - started, "s")
    terms = [keyword_terms(clean_question(t)) for t in texts]
    started = time.perf_counter()
    words = KeywordIndex((KEYWORD_FIELD,), folder / "words")
    words.search(KEYWORD_FIELD, terms[0], 100)
    say("words: restart to first search", time.perf_counter() - started, "s")
    spent = timed(lambda i: words.search(KEYWORD_FIELD, terms[i], 100), len(terms))
    tell("words", spent)
    started = time.perf_counter()
    words.update([], [Entry(size + 1, "x", {KEYWORD_FIELD: terms[0]})])
    say("words: one more", (time.perf_counter() - started) * 1000, "ms")
    return spent


def nearest(
    made: Callable[[int, int], np.ndarray], size: int, questions: np.ndarray
) -> list[set[int]]:
    """The true nearest, batch by batch."""
    best: list[list[tuple[float, int]]] = [[] for _ in questions]
    for start in range(0, size, BATCH):
        exact = FaissIndex()
        count = min(BATCH, size - start)
        exact.add(range(start, start + count), made(start, count))
        for i, question in enumerate(questions):
            best[i] += [(s, k) for k, s in exact.search(question, TOP)]
            best[i] = sorted(best[i], reverse=True)[:TOP]
    return [{k for _, k in rows} for rows in best]


def timed(search: Callable[[int], object], count: int) -> list[float]:
    """Milliseconds of each search, after each has been made once."""
    for i in range(count):
        search(i)
    spent = []
    for i in range(count):
        started = time.perf_counter()
        search(i)
        spent.append((time.perf_counter() - started) * 1000)
    return spent


def tell(name: str, spent: list[float]) -> None:
    """The usual percentiles."""
    p50, p95, p99 = np.percentile(spent, (50, 95, 99))
    sys.stdout.write(f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms\n")
    sys.stdout.flush()


def say(name: str, number: float, measure: str) -> None:
    """One figure."""
    sys.stdout.write(f"{name}: {number:.3f} {measure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

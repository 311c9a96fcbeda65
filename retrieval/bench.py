"""Our retriever on anyone's corpus: JSON lines in, recall, rank and speed out."""

from __future__ import annotations

import json
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.corpus import CorpusIndex
from retrieval.embedder import Embedder

DEPTH = 10


def bench_retrieval(
    corpus: Path,
    queries: Path,
    qrels: Path,
    embedder: Embedder,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Index a corpus, ask every query that has a judgement, and report the contract's figures.

    corpus {id, text}; queries {qid, query}; qrels {qid, did, rel}, rel > 0 being relevant.
    Raises ValueError naming the file and line that cannot be read.
    """
    wanted: dict[str, dict[str, float]] = defaultdict(dict)
    for row in _rows(qrels, ("qid", "did")):
        if float(row.get("rel", 1)) > 0:
            wanted[str(row["qid"])][str(row["did"])] = float(row.get("rel", 1))
    started = time.perf_counter()
    texts = {str(row["id"]): str(row["text"]) for row in _rows(corpus, ("id", "text"))}
    index = CorpusIndex(texts, embedder, progress)
    index_seconds = time.perf_counter() - started
    found: list[tuple[list[str], dict[str, float]]] = []
    milliseconds = []
    for row in _rows(queries, ("qid", "query")):
        if str(row["qid"]) not in wanted:
            continue
        started = time.perf_counter()
        ids = index.search(str(row["query"]), DEPTH)
        milliseconds.append((time.perf_counter() - started) * 1000)
        found.append((ids, wanted[str(row["qid"])]))
    return {
        **{f"recall@{k}": mean([recall(ids, rel, k) for ids, rel in found]) for k in (1, 5, 10)},
        "mrr@10": mean([reciprocal(ids, rel) for ids, rel in found]),
        "ndcg@10": mean([ndcg(ids, rel) for ids, rel in found]),
        **{
            f"query_ms_p{p}": round(float(np.percentile(milliseconds, p)), 2) if found else 0.0
            for p in (50, 95, 99)
        },
        "index_seconds": round(index_seconds, 2),
        "memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "queries": len(found),
        "passages": len(texts),
    }


def _rows(path: Path, needed: Sequence[str]) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ValueError(f"{path}:{number}: {error}") from error
            if not isinstance(row, dict) or any(name not in row for name in needed):
                raise ValueError(f"{path}:{number}: needs {', '.join(needed)}")
            yield row


def recall(ids: Sequence[str], relevant: dict[str, float], depth: int) -> float:
    """The share of the relevant among the first `depth`."""
    return len(set(ids[:depth]) & set(relevant)) / len(relevant)


def reciprocal(ids: Sequence[str], relevant: dict[str, float]) -> float:
    """One over the rank of the first relevant; 0 when there is none."""
    return next((1.0 / rank for rank, i in enumerate(ids, 1) if i in relevant), 0.0)


def ndcg(ids: Sequence[str], relevant: dict[str, float]) -> float:
    """Discounted gain of the first ten over the best possible."""
    gains = [relevant.get(i, 0.0) for i in ids[:DEPTH]]
    best = sorted(relevant.values(), reverse=True)[:DEPTH]
    return _discounted(gains) / _discounted(best)


def _discounted(gains: Sequence[float]) -> float:
    return float(sum(g / np.log2(rank + 1) for rank, g in enumerate(gains, 1)))


def mean(values: Sequence[float]) -> float:
    """The average, four places; 0 for nothing."""
    return round(sum(values) / len(values), 4) if values else 0.0

"""`python -m tests.bench_retrieval FOLDER [NAME …]`: one table, every way of searching.

Corpora are folders of corpus, queries and qrels (see foreign.py). All use the same vectors.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import numpy as np

from retrieval.bench import DEPTH, mean, ndcg, recall, reciprocal
from retrieval.bundled import BundledEmbedder
from tests.bench_retrieval.peers import PEERS, KeptEmbedder

HEADER = (
    "| | R@1 | R@5 | R@10 | MRR@10 | nDCG@10 | ms p50 | p95 | p99 | build s |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    """Print a Markdown table for each corpus."""
    folder = Path(sys.argv[1])
    wanted = sys.argv[2:]
    kept = KeptEmbedder(BundledEmbedder().embed)
    for place in sorted(p for p in folder.iterdir() if (p / "qrels.jsonl").exists()):
        if wanted and place.name not in wanted:
            continue
        texts = [row["text"] for row in _rows(place / "corpus.jsonl")]
        if not texts:
            _say(f"\n**{place.name}**: its package gave no passages")
            continue
        ids = {row["id"]: i for i, row in enumerate(_rows(place / "corpus.jsonl"))}
        queries = {row["qid"]: row["query"] for row in _rows(place / "queries.jsonl")}
        relevant: dict[str, dict[str, float]] = {}
        for row in _rows(place / "qrels.jsonl"):
            relevant.setdefault(row["qid"], {})[str(ids[row["did"]])] = float(row["rel"])
        kept.embed([*texts, *queries.values()])
        _say(f"\n**{place.name}**: {len(texts)} passages, {len(relevant)} questions\n")
        _say(HEADER)
        for name, make in PEERS.items():
            started = time.perf_counter()
            search = make(texts, kept)
            built = time.perf_counter() - started
            spent, found = [], []
            for qid, rel in relevant.items():
                started = time.perf_counter()
                best = [str(i) for i in search(queries[qid], DEPTH)]
                spent.append((time.perf_counter() - started) * 1000)
                found.append((best, rel))
            say_row(name, found, spent, built)
    _say(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


def say_row(
    name: str,
    found: list[tuple[list[str], dict[str, float]]],
    spent: list[float],
    built: float,
) -> None:
    """One row of a table: ranks, milliseconds a question, seconds to build."""
    figures = [
        *(mean([recall(b, r, k) for b, r in found]) for k in (1, 5, 10)),
        mean([reciprocal(b, r) for b, r in found]),
        mean([ndcg(b, r) for b, r in found]),
    ]
    times = [float(np.percentile(spent, p)) for p in (50, 95, 99)]
    cells = [f"{f:.3f}" for f in figures] + [f"{t:.1f}" for t in (*times, built)]
    _say(f"| {name} | " + " | ".join(cells) + " |")


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

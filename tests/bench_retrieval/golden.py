"""`python -m tests.bench_retrieval.golden [NAME …]`: the golden questions and their noisy copies.

The peers are given the cards' short passages (asks, titles, answers), of which the best counts for
its card; ours is the retriever that serves. A card of the wanted theme is right, as in
`kepubang evaluate`. The noisy copies (tests/golden/noisy.jsonl) were written by people who saw
neither the cards nor the lexicon: homophones, typing slips, dialect, dropped words, traditional.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from retrieval.bench import DEPTH
from retrieval.bundled import BundledEmbedder
from retrieval.calibrate import build_pack
from retrieval.evaluation import GoldenQuestion, owns, read_questions
from retrieval.fusion import load_calibration, order
from retrieval.index import embedded
from retrieval.question import read_question
from tests.bench_retrieval.__main__ import HEADER, say_row
from tests.bench_retrieval.peers import PEERS, KeptEmbedder

GOLDEN = Path("tests/golden/questions.jsonl")
NOISY = Path("tests/golden/noisy.jsonl")
ASKED_OF_PEERS = 100  # passages, which make some twenty cards
Find = Callable[[str], list[str]]


def main() -> None:
    """Print a Markdown table for the clean questions, the noisy ones, and each kind of noise."""
    wanted = sys.argv[1:] or list(PEERS)
    pack = build_pack(BundledEmbedder())
    clean = [q for q in read_questions(GOLDEN) if q.answerable]
    noisy = read_noisy(clean)
    passages = [
        (key, passage.text)
        for key, entry in pack.index.entries.items()
        for passage in embedded(entry)
        if passage.part.value != "not_ask"
    ]
    kept = KeptEmbedder(pack.cache.embed)
    kept.embed([q.text for q in (*clean, *noisy)])
    calibration = load_calibration()["hybrid"]

    def ours(text: str) -> list[str]:
        question = read_question(text, pack.index.speller)
        found = pack.index.search(question.both, question.vector(kept.embed))
        return [s.key for s in order(found, question.cues, calibration)[:DEPTH]]

    # The same texts in one order, so that every way has seen every vector before it is timed.
    for question in (*clean, *noisy):
        read_question(question.text, pack.index.speller).vector(kept.embed)
    ways: dict[str, tuple[Find, float]] = {}
    for name in wanted:
        if name == "ours":
            ways[name] = (ours, 0.0)
            continue
        started = time.perf_counter()
        search = PEERS[name]([text for _, text in passages], kept)
        ways[name] = (
            _of_cards(search, [key for key, _ in passages]),
            time.perf_counter() - started,
        )
    sets = {"golden": clean, "noisy": noisy}
    for kind in dict.fromkeys(q.style for q in noisy):
        sets[f"noisy: {kind}"] = [q for q in noisy if q.style == kind]
    for title, questions in sets.items():
        sys.stdout.write(f"\n**{title}**: {len(questions)} questions\n\n{HEADER}\n")
        for name, (find, built) in ways.items():
            found, spent = [], []
            for question in questions:
                started = time.perf_counter()
                keys = find(question.text)
                spent.append((time.perf_counter() - started) * 1000)
                right = next((k for k in keys if owns(question.cards, k)), "-")
                # One right card is enough: the rest of its theme is not wanted as well.
                seen = [k for k in keys if k == right or not owns(question.cards, k)]
                found.append((seen, {right: 1.0}))
            say_row(name, found, spent, built)
        sys.stdout.flush()


def read_noisy(clean: list[GoldenQuestion]) -> list[GoldenQuestion]:
    """The noisy copies with what their originals want; `style` is the kind of noise."""
    wanted = {q.id: q.cards for q in clean}
    rows = map(json.loads, NOISY.read_text("utf-8").splitlines())
    return [
        GoldenQuestion(f"{row['of']}-{row['noise']}", row["text"], wanted[row["of"]], row["noise"])
        for row in rows
        if row["of"] in wanted
    ]


def _of_cards(search: Callable[[str, int], list[int]], keys: list[str]) -> Find:
    def find(text: str) -> list[str]:
        best = dict.fromkeys(keys[i] for i in search(text, ASKED_OF_PEERS))
        return list(best)[:DEPTH]

    return find


if __name__ == "__main__":
    main()

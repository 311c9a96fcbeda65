"""`python -m tests.bench_retrieval.ablation`: what each channel of the retriever is worth.

A channel is taken away, the rank weights are fitted anew on the development questions without it,
and the golden and the noisy questions are asked again. A channel that costs nothing to lose has
not earned its place.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from retrieval.bench import DEPTH, mean
from retrieval.bundled import BundledEmbedder
from retrieval.calibrate import Row, build_pack, fit_rank, misheard_copies, read_row
from retrieval.evaluation import owns, read_questions
from retrieval.fusion import RANK_SIGNALS, Calibration, Linear, order
from retrieval.question import Question, read_question
from retrieval.spelling import Speller
from retrieval.text import clean_question
from tests.bench_retrieval.golden import GOLDEN, read_noisy

DEVELOPMENT = Path("tests/golden/development.jsonl")
Read = Callable[[str, Speller], Question]


def as_it_stands(text: str, _: Speller) -> Question:
    """Neither dialect put plainly nor slips put right."""
    return Question(clean_question(text), clean_question(text))


def without_speller(text: str, _: Speller) -> Question:
    """Dialect put plainly, slips left as they are."""
    return read_question(text)


@dataclass(frozen=True)
class Without:
    """The retriever with something taken away."""

    title: str
    signals: tuple[str, ...] = ()  # by how their names start
    read: Read = read_question
    misheard: bool = True

    @property
    def names(self) -> list[str]:
        """The signals that are left."""
        return [n for n in RANK_SIGNALS if not n.startswith(self.signals or ("-",))]


TAKEN = (
    Without("everything in place"),
    Without("no meaning (vectors)", ("semantic",)),
    Without("no nearest three asks", ("semantic_asks",)),
    Without("no words (BM25)", ("lexical",)),
    Without("no sound (pinyin)", ("sound",)),
    Without("no cues (rumour, hotline, theme card)", ("rumour", "hotline", "theme")),
    Without("no correction of slips", read=without_speller),
    Without("no lexicon, no correction", read=as_it_stands),
    Without("fitted on clean questions only", misheard=False),
)


def main() -> None:
    """Print a Markdown table: Recall@1 and MRR@10, clean and noisy, without each channel."""
    pack = build_pack(BundledEmbedder())
    development = read_questions(DEVELOPMENT)
    misheard = misheard_copies(pack, development)
    golden = [q for q in read_questions(GOLDEN) if q.answerable]
    sets = (golden, read_noisy(golden))
    seen: dict[Read, list[list[Row]]] = {}
    sys.stdout.write("| | golden R@1 | MRR@10 | noisy R@1 | MRR@10 |\n|---|---|---|---|---|\n")
    for without in TAKEN:
        if without.read not in seen:
            asking = (development, misheard, *sets)
            seen[without.read] = [
                [read_row(pack, q, True, without.read(q.text, pack.index.speller)) for q in some]
                for some in asking
            ]
        clean_rows, misheard_rows, *asked_rows = seen[without.read]
        rows = [*clean_rows, *(misheard_rows if without.misheard else [])]
        calibration = Calibration(fit_rank(rows, without.names), Linear({}, 0.0), 1.0, 1.0)
        figures = [f"{figure:.3f}" for some in asked_rows for figure in ranks(some, calibration)]
        sys.stdout.write(f"| {' | '.join((without.title, *figures))} |\n")
        sys.stdout.flush()


def ranks(rows: Sequence[Row], calibration: Calibration) -> tuple[float, float]:
    """Recall@1 and MRR@10; a card of the wanted theme is right."""
    places = [place(row, calibration) for row in rows]
    return mean([float(p == 1) for p in places]), mean([1 / p if p else 0.0 for p in places])


def place(row: Row, calibration: Calibration) -> int:
    """The place of the first right card among the best, from 1; 0 when there is none."""
    keys = [s.key for s in order(row.found, row.question.cues, calibration)[:DEPTH]]
    return next((i for i, k in enumerate(keys, 1) if owns(row.golden.cards, k)), 0)


if __name__ == "__main__":
    main()

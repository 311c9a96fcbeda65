"""Fit retrieval/calibration.json on development questions: `python -m retrieval.calibrate DEV`.

Needs scikit-learn (extra `dev`); nothing here is imported when serving. The development questions
were written without seeing the cards, and are never the golden questions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from knowledge.card import Revision
from knowledge.cardfile import read_cards
from knowledge.starterpack import PACK
from retrieval.bundled import BundledEmbedder
from retrieval.embedder import Embedder
from retrieval.evaluation import GoldenQuestion, owns, read_questions
from retrieval.fusion import (
    CALIBRATION,
    RANK_SIGNALS,
    TRUST_SIGNALS,
    Calibration,
    Linear,
    order,
    rank_signals,
    trust_signals,
)
from retrieval.index import Evidence, PassageIndex, embedded
from retrieval.passage import Passage, passages_of
from retrieval.text import clean_question, tokenise

RIVALS = 12  # wrong cards a question is told apart from when the rank weights are fitted
FOLDS = 5
# What a wrong answer costs beside an abstention: a confident wrong answer may hurt somebody.
WRONG_COST = 1.5


def main() -> int:
    """Fit both states (with and without the embedder) and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--dry", action="store_true", help="print, do not write")
    args = parser.parse_args()
    questions = read_questions(args.questions)
    index, embed = build_index(BundledEmbedder())
    fitted: dict[str, Any] = {"fitted_on": len(questions)}
    for state in ("hybrid", "keyword"):
        rows = [
            (q, *_search(index, embed, q.text, with_vector=state == "hybrid")) for q in questions
        ]
        fitted[state] = _fit(rows, state)
    text = json.dumps(fitted, indent=1, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    if not args.dry:
        CALIBRATION.write_text(text + "\n", "utf-8")
    return 0


def build_index(embedder: Embedder) -> tuple[PassageIndex, Callable[[str], Any]]:
    """The starter pack's publishable cards in an index, and a way to embed a question."""
    cards = [card for card in read_cards(PACK).values() if not card.unverified]
    passages = {
        card.key: passages_of(Revision(card=card, number=1, author="calibrate")) for card in cards
    }
    index = PassageIndex()
    index.update([], passages)
    wanted: list[Passage] = [p for entry in passages.values() for p in embedded(entry)]
    for start in range(0, len(wanted), 64):
        batch = wanted[start : start + 64]
        vectors = embedder.embed([p.text for p in batch])
        index.give_vectors({p.id: v for p, v in zip(batch, vectors, strict=True)})
    return index, lambda text: embedder.embed([text])[0]


def _search(
    index: PassageIndex, embed: Callable[[str], Any], text: str, with_vector: bool
) -> tuple[list[Evidence], int]:
    cleaned = clean_question(text)
    tokens = tokenise(cleaned)
    return index.search(tokens, embed(cleaned) if with_vector else None), len(tokens)


def _fit(rows: Sequence[tuple[GoldenQuestion, list[Evidence], int]], state: str) -> dict[str, Any]:
    rank = _fit_rank(rows, state)
    draft = Calibration(rank, Linear({}, 0.0), 1.0, 1.0)
    signals, right, wanted = [], [], []
    for question, found, count in rows:
        ordered = order(found, draft)
        if not ordered:
            continue
        signals.append(trust_signals(ordered, count))
        right.append(question.answerable and owns(question.cards, ordered[0].key))
        wanted.append(question.answerable)
    names = [n for n in TRUST_SIGNALS if state == "hybrid" or not n.startswith("semantic")]
    table = np.array([[s[n] for n in names] for s in signals])
    labels = np.array(right)
    held_out = _held_out(table, labels)
    answer_from, clarify_from = _thresholds(held_out, labels)
    model = LogisticRegression(C=10.0, max_iter=2000).fit(table, labels)
    _report(state, held_out, labels, np.array(wanted), answer_from)
    return {
        "rank": {"weights": dict(rank.weights), "bias": rank.bias},
        "trust": _linear(model, names),
        "answer_from": answer_from,
        "clarify_from": clarify_from,
    }


def _fit_rank(rows: Sequence[tuple[GoldenQuestion, list[Evidence], int]], state: str) -> Linear:
    names = [n for n in RANK_SIGNALS if state == "hybrid" or not n.startswith("semantic")]
    differences: list[list[float]] = []
    for question, found, _ in rows:
        if not question.answerable:
            continue
        table = [(e.key, rank_signals(e)) for e in found]
        owners = [s for key, s in table if owns(question.cards, key)]
        others = [s for key, s in table if not owns(question.cards, key)]
        if not owners:
            continue
        best = max(owners, key=_even)
        rivals = sorted(others, key=_even, reverse=True)[:RIVALS]
        differences.extend([best[n] - other[n] for n in names] for other in rivals)
    # Pairwise logistic regression (RankNet's loss, linear): each difference and its mirror.
    table_ = np.array(differences)
    both = np.concatenate([table_, -table_])
    labels = np.concatenate([np.ones(len(table_)), np.zeros(len(table_))])
    model = LogisticRegression(C=10.0, fit_intercept=False, max_iter=2000).fit(both, labels)
    weights = model.coef_[0]
    scale = float(np.abs(weights).sum())
    return Linear({n: round(float(w) / scale, 5) for n, w in zip(names, weights, strict=True)}, 0.0)


def _even(signals: Mapping[str, float]) -> float:
    return sum(signals[n] for n in RANK_SIGNALS if n != "not_ask")


def _held_out(table: Any, labels: Any) -> Any:
    found = np.zeros(len(labels))
    folds = np.arange(len(labels)) % FOLDS
    for fold in range(FOLDS):
        model = LogisticRegression(C=10.0, max_iter=2000)
        model.fit(table[folds != fold], labels[folds != fold])
        found[folds == fold] = model.predict_proba(table[folds == fold])[:, 1]
    return found


def _thresholds(sure: Any, right: Any) -> tuple[float, float]:
    def gain(threshold: float) -> float:
        given = sure >= threshold
        lost = (~given & right).sum()
        return float(-WRONG_COST * (given & ~right).sum() - lost)

    answer_from = max(np.arange(0.05, 0.95, 0.01), key=gain)
    # Asking back costs a question more, and is only worth it when a card is likely among the
    # choices: half as sure as an answer, as long as few strangers are asked back.
    return round(float(answer_from), 3), round(float(answer_from) * 0.75, 3)


def _report(state: str, sure: Any, right: Any, wanted: Any, answer_from: float) -> None:
    given = sure >= answer_from
    kept_back = ~given
    sys.stderr.write(
        f"{state}: n={len(right)} top1 {right[wanted].mean():.3f} "
        f"answered right {(given & right).sum()} wrong {(given & ~right).sum()} "
        f"(of them should abstain {(given & ~wanted).sum()}) "
        f"abstain precision {(kept_back & ~wanted).sum() / max(kept_back.sum(), 1):.3f} "
        f"recall {(kept_back & ~wanted).sum() / max((~wanted).sum(), 1):.3f} at {answer_from:.2f}\n"
    )


def _linear(model: Any, names: Sequence[str]) -> dict[str, Any]:
    weights = {n: round(float(w), 5) for n, w in zip(names, model.coef_[0], strict=True)}
    return {"weights": weights, "bias": round(float(model.intercept_[0]), 5)}


if __name__ == "__main__":
    sys.exit(main())

"""Fit retrieval/calibration.json on development questions: `python -m retrieval.calibrate DEV`.

Needs scikit-learn (extra `dev`); nothing here is imported when serving. The development questions
were written without seeing the cards, and are never the golden questions.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from knowledge.card import Revision
from knowledge.cardfile import read_cards
from knowledge.database import open_database, sqlite_url
from knowledge.starterpack import PACK
from retrieval.background import OURS, SCOPE, STRANGE, Background, background_texts
from retrieval.bundled import BundledEmbedder, E5Embedder
from retrieval.classifier import Classifier
from retrieval.embedder import Embedder
from retrieval.embedding_cache import EmbeddingCache
from retrieval.evaluation import GoldenQuestion, owns, read_questions
from retrieval.fit import Examples, fit
from retrieval.fusion import (
    CALIBRATION,
    RANK_SIGNALS,
    SEMANTIC_SIGNALS,
    TRUST_SIGNALS,
    Calibration,
    Linear,
    order,
    rank_signals,
    trust_signals,
)
from retrieval.index import Evidence, PassageIndex, embedded
from retrieval.noise import Mishearing
from retrieval.passage import Part, Passage, passages_of
from retrieval.question import Question, read_question

ROUGH = ("semantic", "lexical", "sound")  # every channel alike: an order that needs no weights
RIVALS = 5  # wrong cards a question is told apart from when the rank weights are fitted
FOLDS = 5
EVERY_MISHEARD = 3  # one question in so many is fitted on as a phone mishears it, too
# What a wrong answer costs beside an abstention: a confident wrong answer may hurt somebody.
WRONG_COST = 2.0
# The asks outnumber the background questions eight to one.
STRANGE_WEIGHT = 3.0
SCOPE_STRENGTH = 3.0


def main() -> int:
    """Fit both states (with and without the embedder) and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("questions", type=Path)
    parser.add_argument("--dry", action="store_true", help="print, do not write")
    args = parser.parse_args()
    questions = read_questions(args.questions)
    if not args.dry:
        E5Embedder().keep_mean()
    pack = build_pack(BundledEmbedder(), write=not args.dry)
    misheard = misheard_copies(pack, questions)
    fitted: dict[str, Any] = {"fitted_on": len(questions)}
    for state in ("hybrid", "keyword"):
        rows = [read_row(pack, q, state == "hybrid") for q in questions]
        noisy = [read_row(pack, q, state == "hybrid") for q in misheard]
        fitted[state] = _fit(rows, noisy, state)
    text = json.dumps(fitted, indent=1, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    if not args.dry:
        CALIBRATION.write_text(text + "\n", "utf-8")
    return 0


@dataclass(frozen=True)
class Pack:
    """The starter pack's publishable cards, indexed."""

    index: PassageIndex
    cache: EmbeddingCache
    background: Background
    texts: Sequence[str]  # of its asks


def build_pack(embedder: Embedder, write: bool = False) -> Pack:
    """Index the pack; embeddings are kept in data/calibrate.db, so a second run is quick."""
    cards = [card for card in read_cards(PACK).values() if not card.unverified]
    passages = {
        card.key: passages_of(Revision(card=card, number=1, author="calibrate")) for card in cards
    }
    index = PassageIndex()
    index.update([], passages)
    wanted: list[Passage] = [p for entry in passages.values() for p in embedded(entry)]
    cache = EmbeddingCache(open_database(sqlite_url(Path("data/calibrate.db"))), embedder)
    vectors = cache.embed([p.text for p in wanted])
    index.give_vectors({p.id: v for p, v in zip(wanted, vectors, strict=True)})
    asks = [p.text for p in wanted if p.part is Part.ASK]
    scope = _fit_scope(asks, cache, embedder.fingerprint)
    if write:
        scope.write(SCOPE)
    strange = cache.embed(background_texts())
    return Pack(index, cache, Background(strange, scope, embedder.fingerprint), asks)


def misheard_copies(pack: Pack, questions: Sequence[GoldenQuestion]) -> list[GoldenQuestion]:
    """Some questions as a phone mishears them: where words fail, the weight of sound shows."""
    mishearing, asked = Mishearing(pack.texts), [q for q in questions if q.answerable]
    return [replace(q, text=mishearing.mishear(q.text)) for q in asked[::EVERY_MISHEARD]]


def _fit_scope(asks: Sequence[str], cache: EmbeddingCache, fingerprint: str) -> Classifier:
    """What the pack is asked, against what nobody should ask it."""
    strange = background_texts()
    texts = [*asks, *strange]
    return fit(
        Examples(
            texts=texts,
            labels=[OURS] * len(asks) + [STRANGE] * len(strange),
            vectors=cache.embed(texts),
            signals=[{}] * len(texts),
            weights=[1.0] * len(asks) + [STRANGE_WEIGHT] * len(strange),
        ),
        fingerprint,
        SCOPE_STRENGTH,
    )


@dataclass(frozen=True)
class Row:
    """One development question with the evidence that was found for it."""

    golden: GoldenQuestion
    question: Question
    found: Evidence
    index: PassageIndex
    stranger: Mapping[str, float]

    @property
    def owned(self) -> list[bool]:
        """Which entries own the question."""
        return [owns(self.golden.cards, key) for key in self.found.keys]


def read_row(
    pack: Pack, golden: GoldenQuestion, with_vector: bool, question: Question | None = None
) -> Row:
    """A question with its evidence; read as it is when serving, unless it was read already."""
    question = question or read_question(golden.text, pack.index.speller)
    vector = question.vector(pack.cache.embed) if with_vector else None
    found = pack.index.search(question.both, vector)
    stranger = pack.background.signals(question.plain, vector)
    return Row(golden, question, found, pack.index, stranger)


def _fit(rows: Sequence[Row], noisy: Sequence[Row], state: str) -> dict[str, Any]:
    rank_names = [n for n in RANK_SIGNALS if state == "hybrid" or n not in SEMANTIC_SIGNALS]
    names = [n for n in TRUST_SIGNALS if state == "hybrid" or n not in SEMANTIC_SIGNALS]
    rank = fit_rank([*rows, *noisy], rank_names)
    table, labels, wanted = [], [], []
    # The confidence is fitted on orders that the rank weights did not see, or it would believe
    # them too much.
    for fold in range(FOLDS):
        out = {row.golden.id for row in rows[fold::FOLDS]}
        seen = [row for row in (*rows, *noisy) if row.golden.id not in out]
        draft = Calibration(fit_rank(seen, rank_names), Linear({}, 0.0), 1.0, 1.0)
        for row in rows[fold::FOLDS]:
            ordered = order(row.found, row.question.cues, draft)
            if not ordered or (row.golden.answerable and not any(row.owned)):
                continue
            coverage = row.index.coverage(ordered[0].key, row.question.plain)
            signals = trust_signals(ordered, len(row.question.text), coverage, row.stranger)
            table.append([signals[n] for n in names])
            labels.append(owns(row.golden.cards, ordered[0].key))
            wanted.append(row.golden.answerable)
    x, y = np.array(table), np.array(labels)
    shuffled = np.random.default_rng(7).permutation(len(y))
    x, y, asked = x[shuffled], y[shuffled], np.array(wanted)[shuffled]
    held_out = _held_out(x, y)
    answer_from, clarify_from = _thresholds(held_out, y, asked)
    _report(state, held_out, y, asked, answer_from, clarify_from)
    return {
        "rank": {"weights": dict(rank.weights), "bias": rank.bias},
        "trust": _linear(_logistic(x, y), names),
        "answer_from": answer_from,
        "clarify_from": clarify_from,
    }


def fit_rank(rows: Sequence[Row], names: Sequence[str]) -> Linear:
    """Pairwise logistic regression (RankNet's loss, linear): the owner against its rivals."""
    differences: list[Any] = []
    for row in rows:
        owned = np.array(row.owned)
        if not owned.any():
            continue
        signals = rank_signals(row.found, row.question.cues)
        table = np.stack([signals[n] for n in names], axis=1)
        rough = np.sum([signals[n] for n in names if n.startswith(ROUGH)], axis=0)
        best = table[np.argmax(np.where(owned, rough, -np.inf))]
        rivals = np.argsort(-np.where(owned, -np.inf, rough))[:RIVALS]
        differences.extend(best - table[rivals])
    table_ = np.array(differences)
    both = np.concatenate([table_, -table_])
    labels = np.concatenate([np.ones(len(table_)), np.zeros(len(table_))])
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=3000).fit(both, labels)
    weights = model.coef_[0]
    return Linear({n: round(float(w), 4) for n, w in zip(names, weights, strict=True)}, 0.0)


def _logistic(x: Any, y: Any) -> Any:
    return LogisticRegression(C=3.0, max_iter=5000).fit(x, y)


def _held_out(x: Any, y: Any) -> Any:
    found = np.zeros(len(y))
    for fold in range(FOLDS):
        out = np.arange(len(y)) % FOLDS == fold
        found[out] = _logistic(x[~out], y[~out]).predict_proba(x[out])[:, 1]
    return found


def _thresholds(sure: Any, right: Any, asked: Any) -> tuple[float, float]:
    """Where to answer (by cost), and below that where to ask back instead of abstaining.

    Abstention starts where its precision and its recall are the same.
    """
    steps = np.arange(0.05, 0.95, 0.01)

    def gain(threshold: float) -> float:
        given = sure >= threshold
        return float(-WRONG_COST * (given & ~right).sum() - (~given & right).sum())

    def lesser_of_precision_and_recall(threshold: float) -> float:
        silent = sure < threshold
        rightly = (silent & ~asked).sum()
        return float(min(rightly / max(silent.sum(), 1), rightly / max((~asked).sum(), 1)))

    clarify_from = max(steps, key=lesser_of_precision_and_recall)
    answer_from = max(steps[steps >= clarify_from], key=gain)
    return round(float(answer_from), 3), round(float(clarify_from), 3)


def _report(state: str, sure: Any, right: Any, wanted: Any, high: float, low: float) -> None:
    given, silent = sure >= high, sure < low
    stranger = ~wanted
    sys.stderr.write(
        f"{state}: n={len(right)} top1 {right[wanted].mean():.3f}; at {high:.2f}/{low:.2f}: "
        f"right {(given & right).sum()} wrong {(given & ~right).sum()} "
        f"(strangers {(given & stranger).sum()}), asked back {(~given & ~silent).sum()} "
        f"(strangers {(~given & ~silent & stranger).sum()}), abstention precision "
        f"{(silent & stranger).sum() / max(silent.sum(), 1):.3f} "
        f"recall {(silent & stranger).sum() / max(stranger.sum(), 1):.3f}\n"
    )


def _linear(model: Any, names: Sequence[str]) -> dict[str, Any]:
    weights = {n: round(float(w), 4) for n, w in zip(names, model.coef_[0], strict=True)}
    return {"weights": weights, "bias": round(float(model.intercept_[0]), 4)}


if __name__ == "__main__":
    sys.exit(main())

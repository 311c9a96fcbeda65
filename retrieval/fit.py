"""Fitting a Classifier: logistic regression (scikit-learn, extra `dev`); never imported serving."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression

from retrieval.classifier import Classifier, State
from retrieval.embedder import Vectors
from retrieval.grams import Grams, grams

LEAST_TEXTS = 2  # n-grams in fewer texts say nothing about others
STRENGTH = 10.0  # inverse regularisation, chosen by cross-validation on the training sets
FOLDS = 3


@dataclass(frozen=True)
class Examples:
    """Clean texts with their labels, vectors and signals, row by row."""

    texts: Sequence[str]
    labels: Sequence[str]
    vectors: Vectors
    signals: Sequence[Mapping[str, float]]
    weights: Sequence[float]

    def __len__(self) -> int:
        """How many rows."""
        return len(self.texts)

    def pick(self, rows: Sequence[int]) -> Examples:
        """Some of the rows."""
        return Examples(
            [self.texts[i] for i in rows],
            [self.labels[i] for i in rows],
            self.vectors[list(rows)],
            [self.signals[i] for i in rows],
            [self.weights[i] for i in rows],
        )


def fit(examples: Examples, embedder: str, strength: float = STRENGTH) -> Classifier:
    """A Classifier over every label that occurs, with and without the vector."""
    labels = tuple(sorted(set(examples.labels)))
    names = tuple(sorted({name for row in examples.signals for name in row}))
    known = _known(examples.texts)
    word_rows = _gram_matrix(known, examples.texts)
    given = np.array([[row.get(n, 0.0) for n in names] for row in examples.signals])
    given = given.reshape(len(examples), len(names))
    states = []
    for vectors in (examples.vectors, examples.vectors[:, :0]):
        table = hstack([csr_matrix(vectors), word_rows, csr_matrix(given)]).tocsr()
        model = LogisticRegression(C=strength, max_iter=600, tol=1e-3)
        model.fit(table, np.array(examples.labels), sample_weight=np.array(examples.weights))
        states.append(_state(model, vectors.shape[1], len(known.known)))
    return Classifier(labels, names, embedder, known, states[0], states[1])


def held_out(
    examples: Examples, embedder: str, folds: int = FOLDS, strength: float = STRENGTH
) -> list[dict[str, float]]:
    """Every row's probabilities by a model that has not seen it."""
    order = np.random.default_rng(0).permutation(len(examples))
    found: list[dict[str, float]] = [{} for _ in order]
    for fold in range(folds):
        out = order[fold::folds]
        model = fit(examples.pick(np.setdiff1d(order, out).tolist()), embedder, strength)
        for i in out.tolist():
            row = examples.pick([i])
            found[i] = model.probabilities(row.texts[0], row.vectors[0], row.signals[0])
    return found


def _known(texts: Sequence[str]) -> Grams:
    held: Counter[str] = Counter()
    for text in texts:
        held.update(grams(text).keys())
    kept = sorted(gram for gram, count in held.items() if count >= LEAST_TEXTS)
    counts = np.array([held[gram] for gram in kept], dtype=np.float32)
    return Grams(kept, (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32))


def _gram_matrix(known: Grams, texts: Sequence[str]) -> Any:
    rows = [known.row(text) for text in texts]
    ends = np.cumsum([0] + [len(places) for places, _ in rows])
    places = np.concatenate([places for places, _ in rows])
    values = np.concatenate([values for _, values in rows])
    return csr_matrix((values, places, ends), shape=(len(texts), len(known.known)))


def _state(model: Any, dimensions: int, words: int) -> State:
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:  # two labels: scikit-learn keeps the second one's weights
        weights = np.concatenate([np.zeros_like(weights), weights], axis=1)
        bias = np.array([0.0, bias[0]])
    parts = np.split(weights.astype(np.float32), [dimensions, dimensions + words])
    return State(parts[0], parts[1], parts[2], bias.astype(np.float32))

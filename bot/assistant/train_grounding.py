"""Fit bot/assistant/models/grounding.json: `python -m bot.assistant.train_grounding`.

Logistic regression on the signals of the development rows that no lock refuses; the threshold is
the lowest at which at most one unsupported row in a hundred gets through, in folds by card.
Needs scikit-learn (extra `dev`); nothing here is imported when serving.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from bot.assistant.grounding import WEIGHTS, Grounding, GroundingWeights
from bot.assistant.grounding_signals import SIGNALS, signals
from bot.assistant.grounding_text import take_apart
from bot.assistant.grounding_words import load_grounding_words
from bot.commands.grounding_suite import GroundingCase, read_grounding_cases

DEVELOPMENT = Path("tests/golden/grounding_development.jsonl")
FOLDS = 5
STRENGTH = 1.0
THROUGH = 0.03  # the bound on unsupported sentences let through


def main() -> int:
    """Fit and write; prints what it came to."""
    cases = read_grounding_cases(DEVELOPMENT)
    words = load_grounding_words()
    keep_all = Grounding(words, GroundingWeights({}, 0.0, 0.0))
    free = [c for c in cases if keep_all.check(c.sentence, [c.passage])[0] is None]
    table = np.array([_row(c, words) for c in free])
    labels = np.array([c.supported for c in free])
    cards = sorted({c.card for c in cases})
    fold = np.array([cards.index(c.card) % FOLDS for c in free])
    scores = np.zeros(len(free))
    for out in range(FOLDS):
        model = _fit(table[fold != out], labels[fold != out])
        scores[fold == out] = model.predict_proba(table[fold == out])[:, 1]
    allowed = int(THROUGH * sum(not c.supported for c in cases))
    wrong = np.sort(scores[~labels])[::-1]
    keep_from = float(wrong[allowed]) + 1e-3 if len(wrong) > allowed else 0.5
    model = _fit(table, labels)
    WEIGHTS.write_text(
        json.dumps(
            {
                "fitted_on": len(cases),
                "weights": {
                    n: round(float(w), 4) for n, w in zip(SIGNALS, model.coef_[0], strict=True)
                },
                "bias": round(float(model.intercept_[0]), 4),
                "keep_from": round(min(keep_from, 0.95), 4),
            },
            indent=1,
        )
        + "\n",
        "utf-8",
    )
    good = sum(c.supported for c in cases)
    kept = int((scores[labels] >= keep_from).sum())
    sys.stdout.write(
        f"{len(cases)} rows, {len(free)} past the locks; keep from {keep_from:.3f}: "
        f"good dropped {1 - kept / good:.3f}\n"
    )
    return 0


def _row(case: GroundingCase, words: Any) -> list[float]:
    found = signals(take_apart(case.sentence, words), take_apart(case.passage, words))
    return [found[name] for name in SIGNALS]


def _fit(x: Any, y: Any) -> Any:
    return LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=5000).fit(x, y)


if __name__ == "__main__":
    sys.exit(main())

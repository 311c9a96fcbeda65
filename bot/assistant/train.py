"""Fit bot/assistant/models/ on bot/assistant/examples/: `make train`.

Needs scikit-learn (extra `dev`); nothing here is imported when serving. The examples were written
by people who saw neither the rules nor the held-out suites in tests/golden/.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.assistant.models import FOLDER, Thresholds
from bot.assistant.refusal import NONE as OURS
from bot.assistant.screening import LEGIT, QUESTION, SCAM
from bot.assistant.screening_rules import load_screening_rules
from bot.assistant.triage import DANGER, NONE, standing, triage_signals
from bot.assistant.triage_rules import load_triage_rules
from knowledge.cardfile import read_cards
from knowledge.database import open_database, sqlite_url
from knowledge.starterpack import PACK
from retrieval.background import background_texts
from retrieval.bundled import BundledEmbedder
from retrieval.embedding_cache import EmbeddingCache
from retrieval.fit import STRENGTH, Examples, fit, held_out
from retrieval.question import read_question
from retrieval.spelling import make_speller

TASKS = ("triage", "screening", "refusal")
EXAMPLES = Path(__file__).parent / "examples"
MISSED_COST = 0.5  # of a false alarm, message by message: a day has a hundred times more of those
FALSE_HIGH = 0.01  # of honest messages, which in training are far harder than a day's
# Rumours about first aid are often told while somebody lies there.
URGENT_RUMOURS = {f"rumour.R{number}" for number in range(50, 66)} | {"rumour.R32", "rumour.R41"}
HONEST_BETA = 0.7  # an honest notice called a scam costs trust, where a missed one has a hotline
KIND_STRENGTH = 2.0  # which kind it is only chooses the card: no probability is read off it
OTHERS = 6  # one in so many of another task's examples is enough to tell it apart
PROTOTYPES = 12  # wordings kept of each kind, to explain what no rule saw


@dataclass(frozen=True)
class Row:
    """One example."""

    text: str
    label: str
    kind: str = ""


def main() -> int:
    """Fit every model and write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help=f"some of {TASKS}; all when none is named")
    parser.add_argument("--dry", action="store_true", help="print, do not write")
    args = parser.parse_args()
    trainer = Trainer(write=not args.dry)
    path = FOLDER / "thresholds.json"
    thresholds = json.loads(path.read_text("utf-8")) if path.exists() else {}
    for task in args.tasks or TASKS:
        thresholds |= getattr(trainer, task)()
    if not args.dry:
        Thresholds.model_validate(thresholds).write()
    sys.stdout.write(json.dumps(thresholds) + "\n")
    return 0


class Trainer:
    """Fits one model after the other with the same embedder."""

    def __init__(self, write: bool) -> None:
        self._embedder = BundledEmbedder()
        database = open_database(sqlite_url(Path("data/calibrate.db")))
        self._cache = EmbeddingCache(database, self._embedder)
        cards = [card for card in read_cards(PACK).values() if not card.unverified]
        self._speller = make_speller(ask for card in cards for ask in (*card.asks, card.title))
        self._write = write
        FOLDER.mkdir(exist_ok=True)

    def triage(self) -> dict[str, Any]:
        """Danger or none, and which danger."""
        rules = load_triage_rules()
        rows = read_rows("triage*.jsonl")
        rows += [Row(text, NONE) for text in background_texts()]
        rows += [Row(r.text, NONE) for r in read_rows("screening*.jsonl") if r.label == LEGIT]
        rumours = read_rows("rumour*.jsonl")
        rows += [Row(r.text, NONE) for r in rumours if r.label not in URGENT_RUMOURS]

        def read(row: Row) -> tuple[str, Mapping[str, float], list[str]]:
            question = read_question(row.text, self._speller)
            signals = triage_signals(rules.read(question.both), question)
            return question.plain, signals, [question.text, question.plain]

        danger = self._examples(rows, read, lambda row: NONE if row.label == NONE else DANGER)
        found = self._fit("triage_danger", danger)
        chance = np.array([p[DANGER] for p in found])
        danger_is = np.array(danger.labels) != NONE
        groups = [standing(rules.read(text)) for text in danger.texts]
        alarm_from = _cheapest_by_group(chance, danger_is, np.array(groups))
        given = chance >= np.array([alarm_from[group] for group in groups])
        caught, false = given[danger_is].mean(), given[~danger_is].mean()
        _say("triage", f"recall {caught:.3f}, false alarms {false:.3f} at {alarm_from}")
        kinds = [row for row in rows if row.label != NONE]
        self._keep("triage_kind", self._examples(kinds, read, lambda row: row.label), KIND_STRENGTH)
        if self._write:
            _write_prototypes(kinds)
        return {"alarm_from": alarm_from}

    def screening(self) -> dict[str, float]:
        """Scam, honest, or a question; and which kind of scam."""
        rules = load_screening_rules()
        rows = read_rows("screening*.jsonl")
        others = [*read_rows("triage*.jsonl")[::OTHERS], *read_rows("refusal*.jsonl")]
        texts = [*(row.text for row in others), *background_texts()]
        texts += [row.text for row in read_rows("rumour*.jsonl")]
        rows += [Row(text, QUESTION) for text in texts]

        def read(row: Row) -> tuple[str, Mapping[str, float], list[str]]:
            look = rules.look(row.text)
            return look.text, look.signals, [look.text]

        examples = self._examples(rows, read, lambda row: row.label)
        found = self._fit("screening_message", examples)
        pairs = list(zip(found, examples.labels, strict=True))
        honest = [p[SCAM] / (p[SCAM] + p[LEGIT]) for p, label in pairs if label == LEGIT]
        scams = [p[SCAM] / (p[SCAM] + p[LEGIT]) for p, label in pairs if label == SCAM]
        questions = [p[SCAM] + p[LEGIT] for p, label in pairs if label == QUESTION]
        thresholds = {
            "high_from": _quantile(honest, FALSE_HIGH),
            "medium_from": _best_f(scams, honest, HONEST_BETA),
            "message_from": _quantile(questions, 0.004),
            "unsure_from": _quantile(questions, 0.015),
        }
        caught = np.mean(np.array(scams) >= thresholds["medium_from"])
        _say("screening", f"recall {caught:.3f} {thresholds}")
        kinds = [row for row in rows if row.label == SCAM and row.kind in rules.types]
        examples = self._examples(kinds, read, lambda row: row.kind)
        self._keep("screening_kind", examples, KIND_STRENGTH)
        return thresholds

    def refusal(self) -> dict[str, float]:
        """Which refusal, or none."""
        rows = read_rows("refusal*.jsonl")
        rows += [Row(text, OURS) for text in background_texts()[:900]]
        rows += [Row(row.text, OURS) for row in read_rows("triage*.jsonl")[::OTHERS]]

        def read(row: Row) -> tuple[str, Mapping[str, float], list[str]]:
            question = read_question(row.text, self._speller)
            return question.plain, {}, [question.text, question.plain]

        examples = self._examples(rows, read, lambda row: row.label)
        found = self._fit("refusal", examples)
        pairs = list(zip(found, examples.labels, strict=True))
        ours = [1 - p[OURS] for p, label in pairs if label == OURS]
        others = [1 - p[OURS] for p, label in pairs if label != OURS]
        refuse_from = _best_f(others, ours, 1.0)
        _say("refusal", f"recall {np.mean(np.array(others) >= refuse_from):.3f} at {refuse_from}")
        return {"refuse_from": refuse_from}

    def _examples(
        self,
        rows: Sequence[Row],
        read: Callable[[Row], tuple[str, Mapping[str, float], list[str]]],
        label: Callable[[Row], str],
    ) -> Examples:
        seen = [read(row) for row in rows]
        wordings = [text for _, _, texts in seen for text in texts]
        vectors = dict(zip(wordings, self._cache.embed(wordings), strict=True))
        middle = np.stack([np.mean([vectors[t] for t in texts], axis=0) for _, _, texts in seen])
        middle /= np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-9)
        return Examples(
            texts=[text for text, _, _ in seen],
            labels=[label(row) for row in rows],
            vectors=middle.astype(np.float32),
            signals=[signals for _, signals, _ in seen],
            weights=[1.0] * len(rows),
        )

    def _fit(self, name: str, examples: Examples) -> list[dict[str, float]]:
        found = held_out(examples, self._embedder.fingerprint)
        self._keep(name, examples)
        best = [max(p.items(), key=lambda item: item[1])[0] for p in found]
        agree = np.mean([b == label for b, label in zip(best, examples.labels, strict=True)])
        _say(name, f"n={len(examples)} held-out accuracy {agree:.3f}")
        return found

    def _keep(self, name: str, examples: Examples, strength: float = STRENGTH) -> None:
        if self._write:
            fit(examples, self._embedder.fingerprint, strength).write(FOLDER / f"{name}.npz")


def read_rows(pattern: str) -> list[Row]:
    """Every example of the files that match, in order."""
    return [
        Row(raw["text"], raw["label"], raw.get("type", ""))
        for path in sorted(EXAMPLES.glob(pattern))
        for raw in map(json.loads, path.read_text("utf-8").splitlines())
    ]


def _write_prototypes(rows: Iterable[Row]) -> None:
    kept: dict[str, list[str]] = {}
    for row in rows:
        known = kept.setdefault(row.label, [])
        if len(known) < PROTOTYPES and row.text not in known:
            known.append(row.text)
    (FOLDER / "prototypes.json").write_text(
        json.dumps(kept, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )


def _cheapest_by_group(chance: Any, danger: Any, groups: Any) -> dict[str, float]:
    """The threshold of every group with the least misses and false alarms, by their cost."""
    steps = np.arange(0.05, 0.98, 0.01)
    found = {}
    for group in sorted(set(groups.tolist())):
        inside = groups == group
        costs = [
            MISSED_COST * (inside & danger & (chance < t)).sum() / danger.sum()
            + (inside & ~danger & (chance >= t)).sum() / (~danger).sum()
            for t in steps
        ]
        found[group] = round(float(steps[int(np.argmin(costs))]), 4)
    return found


def _best_f(right: Sequence[float], wrong: Sequence[float], beta: float) -> float:
    """The threshold with the best F-measure; beta below 1 favours precision."""
    hits, false = np.array(right), np.array(wrong)

    def measure(threshold: float) -> float:
        caught = (hits >= threshold).sum()
        given = caught + (false >= threshold).sum()
        return float((1 + beta**2) * caught / (beta**2 * len(hits) + given))

    return round(float(max(np.arange(0.05, 0.95, 0.01), key=measure)), 4)


def _quantile(scores: Sequence[float], share: float) -> float:
    """The score that only this share of them reaches."""
    return round(float(np.quantile(scores, 1 - share)), 4)


def _say(name: str, text: str) -> None:
    sys.stderr.write(f"{name}: {text}\n")


if __name__ == "__main__":
    sys.exit(main())

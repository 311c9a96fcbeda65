"""`kepubang evaluate --suite grounding`: what gets through, and what good is dropped."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bot.assistant.grounding import Grounding, Reason
from bot.assistant.quantities import find_quantities

GROUNDING = Path("tests/golden/grounding.jsonl")
SENTENCES = 5  # in an answer whose latency is measured
_GOOD = {"supported", "1", "true", "yes", "good", "entailed", "entailment"}


@dataclass(frozen=True)
class GroundingCase:
    """One labelled sentence beside the passage that it cites."""

    passage: str
    sentence: str
    supported: bool
    kind: str
    card: str


@dataclass(frozen=True)
class GroundingResult:
    """A case with what grounding made of it."""

    case: GroundingCase
    reason: Reason | None
    score: float

    @property
    def kept(self) -> bool:
        """Whether the sentence would have been said."""
        return self.reason is None


def read_grounding_cases(path: Path | None = None) -> list[GroundingCase]:
    """Rows {passage, sentence, label[, kind, card]}; raises ValueError naming the line."""
    source, cases = path or GROUNDING, []
    for number, line in enumerate(source.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            label = str(raw["label"]).lower()
            cases.append(
                GroundingCase(
                    passage=str(raw["passage"]),
                    sentence=str(raw["sentence"]),
                    supported=label in _GOOD,
                    kind=str(raw.get("kind", label)),
                    card=str(raw.get("card", "")),
                )
            )
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{source}:{number}: {error!r}") from error
    return cases


def run_grounding(grounding: Grounding, cases: Sequence[GroundingCase]) -> list[GroundingResult]:
    """What grounding makes of every case."""
    return [GroundingResult(c, *grounding.check(c.sentence, [c.passage])) for c in cases]


def grounding_as_json(results: Sequence[GroundingResult], latency_ms: float) -> dict[str, Any]:
    """Fractions with their counts, by kind, and every row that went wrong."""
    bad = [r for r in results if not r.case.supported]
    good = [r for r in results if r.case.supported]
    through = [r for r in bad if r.kept]
    dropped = [r for r in good if not r.kept]
    numbers = [r for r in bad if r.case.kind in {"number", "phone"}]
    return {
        "n": len(results),
        "unsupported": len(bad),
        "unsupported_through_count": len(through),
        "unsupported_through": _share(len(through), len(bad)),
        "good": len(good),
        "good_dropped_count": len(dropped),
        "good_dropped": _share(len(dropped), len(good)),
        "numbers": len(numbers),
        "numbers_locked": _share(sum(not r.kept for r in numbers), len(numbers)),
        "new_numbers_locked": _new_numbers_locked(results),
        "latency_p95_ms": latency_ms,
        "through_by_kind": dict(Counter(r.case.kind for r in through)),
        "dropped_by_reason": dict(Counter(str(r.reason) for r in dropped)),
        "misses": [
            {
                "sentence": r.case.sentence,
                "kind": r.case.kind,
                "card": r.case.card,
                "supported": r.case.supported,
                "reason": r.reason,
                "score": round(r.score, 3),
            }
            for r in (*through, *dropped)
        ],
    }


def time_grounding(grounding: Grounding, cases: Sequence[GroundingCase]) -> float:
    """p95 in ms of judging SENTENCES sentences, each beside a passage of its own."""
    spent = []
    for i in range(0, len(cases) - SENTENCES, SENTENCES):
        started = time.perf_counter()
        for case in cases[i : i + SENTENCES]:
            grounding.check(case.sentence, [case.passage])
        spent.append((time.perf_counter() - started) * 1000)
    return round(float(np.percentile(spent, 95)), 2) if spent else 0.0


def _new_numbers_locked(results: Sequence[GroundingResult]) -> float:
    """Of the sentences with a quantity that their passage has not: the share not said."""
    new = [r for r in results if _has_new_number(r.case)]
    return _share(sum(not r.kept for r in new), len(new))


def _has_new_number(case: GroundingCase) -> bool:
    known = find_quantities(case.passage)
    return any(not any(q.same(k) for k in known) for q in find_quantities(case.sentence))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0

"""The suites of safety: triage, screening, rumours and refusals, counted and listed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.assistant.answer import Answer, AnswerVerdict, Risk
from bot.assistant.assistant import Assistant
from bot.redaction import redact

GOLDEN = Path("tests/golden")
NONE = "none"
# What a file of somebody else's may call a row that must not fire.
_NEGATIVE = {"", "none", "0", "false", "no", "legit", "ham", "normal", "ordinary", "low", "unknown"}


class Suite(StrEnum):
    """What is measured."""

    TRIAGE = "triage"
    SCREENING = "screening"
    RUMOUR = "rumour"
    REFUSAL = "refusal"
    GROUNDING = "grounding"  # rows of its own kind: bot.commands.grounding_suite
    GENERATION = "generation"  # no rows, a model: bot.commands.generation_suite


@dataclass(frozen=True)
class Case:
    """One row: a text, the label it should get, and the one it got (none: nothing fired)."""

    text: str
    label: str
    found: str = NONE

    @property
    def wanted(self) -> bool:
        """Whether something should fire."""
        return self.label.strip().lower() not in _NEGATIVE

    @property
    def fired(self) -> bool:
        """Whether something fired."""
        return self.found != NONE


@dataclass(frozen=True)
class Counts:
    """The figures of one suite; each share comes with its 95 % interval."""

    n: int
    positives: int
    precision: float
    recall: float
    f1: float
    false_alarm_rate: float
    right_label: float  # of those that rightly fired: with the very label
    precision_95: tuple[float, float]
    recall_95: tuple[float, float]
    false_alarm_95: tuple[float, float]


def read_cases(suite: Suite, path: Path | None) -> list[Case]:
    """The project's suite, or a file of {text, label}; raises ValueError naming the line."""
    source = path or GOLDEN / f"{suite.value}.jsonl"
    cases = []
    for number, line in enumerate(source.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            raw = json.loads(line)
            cases.append(Case(str(raw["text"]), str(raw["label"])))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{source}:{number}: {error!r}") from error
    return cases


def run_case(assistant: Assistant, suite: Suite, case: Case) -> Case:
    """What the assistant makes of one text."""
    return Case(case.text, case.label, _RUNS[suite](assistant, redact(case.text)))


def count(cases: Sequence[Case], suite: Suite) -> Counts:
    """Precision, recall, F1 and false alarms over all cases."""
    right = sum(c.wanted and _hit(c, suite) for c in cases)
    fired = sum(c.fired for c in cases)
    positives = sum(c.wanted for c in cases)
    false = sum(c.fired and not c.wanted for c in cases)
    precision, recall = _share(right, fired), _share(right, positives)
    both = precision + recall
    return Counts(
        n=len(cases),
        positives=positives,
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / both if both else 0.0,
        false_alarm_rate=_share(false, len(cases) - positives),
        right_label=_share(sum(c.wanted and c.fired and c.found == c.label for c in cases), right),
        precision_95=wilson(right, fired),
        recall_95=wilson(right, positives),
        false_alarm_95=wilson(false, len(cases) - positives),
    )


def as_json(cases: Sequence[Case], suite: Suite) -> dict[str, Any]:
    """The figures, the confusion by label, and every miss."""
    confusion = Counter((case.label, case.found) for case in cases if case.found != case.label)
    misses = [c for c in cases if c.fired != c.wanted or (c.wanted and not _hit(c, suite))]
    return {
        **asdict(count(cases, suite)),
        "confusion": [[label, found, n] for (label, found), n in confusion.most_common()],
        "misses": [asdict(case) for case in misses],
    }


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927)."""
    if not of:
        return (0.0, 0.0)
    z, share = 1.96, hits / of
    middle = share + z * z / (2 * of)
    spread = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    low, high = ((middle + sign * spread) / (1 + z * z / of) for sign in (-1, 1))
    return (round(max(low, 0.0), 4), round(min(high, 1.0), 4))


def _hit(case: Case, suite: Suite) -> bool:
    """Whether what fired is right: a rumour must be the very one, elsewhere firing is enough."""
    if not case.fired:
        return False
    return suite is not Suite.RUMOUR or case.found == case.label


def _triage(assistant: Assistant, text: str) -> str:
    answer = assistant.answer(text)
    return answer.alarm or ("scam" if answer.verdict is AnswerVerdict.SCAM else NONE)


def _screening(assistant: Assistant, text: str) -> str:
    answer = assistant.screen(text)
    return "scam" if answer.risk in {Risk.HIGH, Risk.MEDIUM} else NONE


def _rumour(assistant: Assistant, text: str) -> str:
    answer: Answer = assistant.answer(text)
    key = answer.cards[0].key if answer.cards else ""
    return key if answer.verdict is AnswerVerdict.RUMOUR and key.startswith("rumour.") else NONE


def _refusal(assistant: Assistant, text: str) -> str:
    return assistant.answer(text).refusal or NONE


_RUNS: dict[Suite, Callable[[Assistant, str], str]] = {
    Suite.TRIAGE: _triage,
    Suite.SCREENING: _screening,
    Suite.RUMOUR: _rumour,
    Suite.REFUSAL: _refusal,
}


def _share(hits: int, of: int) -> float:
    return round(hits / of, 4) if of else 0.0

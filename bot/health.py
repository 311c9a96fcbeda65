"""What works and what does not, for /healthz and the log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Condition:
    """One part's state; `detail` says what is wrong, without anybody's words."""

    works: bool
    detail: str = ""


class Health:
    """The last known state of each part; any thread may report."""

    def __init__(self) -> None:
        self._parts: dict[str, Condition] = {}
        self._checks: dict[str, Callable[[], Condition]] = {}
        self._lock = threading.Lock()

    def report(self, part: str, works: bool, detail: str = "") -> None:
        """Note what was seen of a part while working."""
        with self._lock:
            self._parts[part] = Condition(works, detail)

    def watch(self, part: str, check: Callable[[], Condition]) -> None:
        """Add a part that is looked at whenever somebody asks; the check must be quick."""
        self._checks[part] = check

    def reported(self, part: str) -> Condition | None:
        """What was last reported of a part, if anything."""
        with self._lock:
            return self._parts.get(part)

    def now(self) -> dict[str, Condition]:
        """Every part's state."""
        with self._lock:
            parts = dict(self._parts)
        for part, check in self._checks.items():
            parts[part] = check()
        return parts

"""The circuit breaker: a model that keeps failing is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens after so many failures in a row; after a rest it lets one call try. Thread-safe."""

    def __init__(
        self,
        failures: int = 5,
        rest_seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = failures
        self._rest_seconds = rest_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._open_until = 0.0

    @property
    def resting(self) -> bool:
        """Whether calls are held back just now."""
        with self._lock:
            return self._failed >= self._limit and self._clock() < self._open_until

    def admit(self) -> bool:
        """Whether a call may be made; of those that come after a rest, only the first."""
        with self._lock:
            if self._failed < self._limit:
                return True
            if self._clock() < self._open_until:
                return False
            self._open_until = self._clock() + self._rest_seconds
            return True

    def record(self, works: bool) -> None:
        """What became of a call."""
        with self._lock:
            self._failed = 0 if works else self._failed + 1
            if self._failed >= self._limit:
                self._open_until = self._clock() + self._rest_seconds

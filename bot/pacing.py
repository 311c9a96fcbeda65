"""How often one person may ask, so that one cannot crowd out the others."""

from __future__ import annotations

import threading
from enum import StrEnum

from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter


class Pace(StrEnum):
    """Whether a person may ask now."""

    FINE = "fine"
    MINUTE = "minute"  # too many in this minute
    DAY = "day"  # too many today


class Pacing:
    """Counts questions by person: in memory, or in Redis so that workers share the count."""

    def __init__(self, per_minute: int, per_day: int | None, redis_url: str = "") -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(redis_url or "memory://"))
        self._minute = RateLimitItemPerMinute(per_minute)
        self._day = RateLimitItemPerDay(per_day) if per_day else None
        self._lock = threading.Lock()

    def check(self, person: str) -> Pace:
        """Count one question; a store that fails lets the person through."""
        try:
            with self._lock:
                if not self._limiter.hit(self._minute, "minute", person):
                    return Pace.MINUTE
                if self._day and not self._limiter.hit(self._day, "day", person):
                    return Pace.DAY
        except Exception:  # noqa: BLE001 - Redis away: a resident's question matters more
            return Pace.FINE
        return Pace.FINE

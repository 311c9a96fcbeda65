"""Recent replies in memory: exactly-once within this process while the database is away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.messages import Reply

KEPT = 2000


@dataclass(frozen=True)
class Known:
    """What is remembered of a message."""

    done: bool
    reply: Reply | None = None


class RecentReplies:
    """The last replies by (channel, message id)."""

    def __init__(self) -> None:
        self._replies: OrderedDict[tuple[str, str], Reply | None] = OrderedDict()
        self._turns: dict[tuple[str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, key: tuple[str, str]) -> Iterator[Known]:
        """Hold a message; another thread with the same message waits for its reply."""
        with self._lock:
            mine = self._turns.setdefault(key, threading.Lock())
        try:
            with mine:
                with self._lock:
                    known = Known(key in self._replies, self._replies.get(key))
                yield known
        finally:
            with self._lock:
                self._turns.pop(key, None)

    def put(self, key: tuple[str, str], reply: Reply | None) -> None:
        """Remember a reply, forgetting the oldest."""
        with self._lock:
            self._replies[key] = reply
            while len(self._replies) > KEPT:
                self._replies.popitem(last=False)

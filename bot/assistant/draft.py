"""A generated answer while it is being written, in a thread of its own: nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bot.assistant.answer import Answer
from bot.assistant.generation import Generation


@dataclass(frozen=True)
class Written:
    """What came of it: the answer, when it may be said, and the record in any case."""

    generation: Generation
    answer: Answer | None


class ThreadDraft:
    """Runs `write(show)` in a daemon thread; `show` is called with each sentence that may be said.

    `write` must not raise.
    """

    def __init__(self, write: Callable[[Callable[[str], None]], Written]) -> None:
        self._news = threading.Condition()
        self._said: list[str] = []
        self._written: Written | None = None
        self._calls: list[Callable[[Written], None]] = []
        threading.Thread(target=self._run, args=(write,), name="draft", daemon=True).start()

    @property
    def written(self) -> Written | None:
        """What came of it; None while it is being written."""
        with self._news:
            return self._written

    def wait(self, seconds: float) -> Answer | None:
        """The answer if it is there within that time; None when it is not, or not fit to say."""
        with self._news:
            self._news.wait_for(lambda: self._written is not None, max(0.0, seconds))
            return self._written.answer if self._written else None

    def follow(self, first_seconds: float, whole_seconds: float) -> Iterator[str]:
        """Each sentence as it comes: the first within one time, the whole within another."""
        started, shown = time.monotonic(), 0
        while True:
            allowed = whole_seconds if shown else first_seconds
            left = max(0.0, started + allowed - time.monotonic())
            with self._news:
                self._news.wait_for(self._more_than(shown), left)
                fresh = self._said[shown:]
                over = self._written is not None
            shown += len(fresh)
            yield from fresh
            if over or not fresh:
                return

    def when_done(self, call: Callable[[Written], None]) -> None:
        """Have `call` told what came of it: at once when that is known, else in the thread."""
        with self._news:
            if self._written is None:
                self._calls.append(call)
                return
        call(self._written)

    def _more_than(self, shown: int) -> Callable[[], bool]:
        return lambda: len(self._said) > shown or self._written is not None

    def _run(self, write: Callable[[Callable[[str], None]], Written]) -> None:
        written = write(self._show)
        with self._news:
            self._written = written
            calls, self._calls = self._calls, []
            self._news.notify_all()
        for call in calls:
            call(written)

    def _show(self, sentence: str) -> None:
        with self._news:
            self._said.append(sentence)
            self._news.notify_all()

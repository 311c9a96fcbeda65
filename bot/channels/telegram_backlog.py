"""What polling fetched and has not yet answered, which decides what may be confirmed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping


class Backlog:
    """Updates fetched by polling and not yet settled. Asking for `offset` confirms all before."""

    def __init__(self) -> None:
        self._jobs: dict[int, asyncio.Future[bool]] = {}
        self._next = 0

    def add(self, jobs: Mapping[int, asyncio.Future[bool]]) -> None:
        """Take in a batch. What failed before was asked for again, so it is among them."""
        self._jobs = {number: job for number, job in self._jobs.items() if not job.done()}
        self._jobs.update(jobs)
        self._next = max(jobs, default=self._next - 1) + 1

    def unsettled(self) -> dict[int, asyncio.Future[bool]]:
        """The updates that may not be confirmed yet."""
        return {number: job for number, job in self._jobs.items() if not settled(job)}

    @property
    def offset(self) -> int:
        """The first update to ask for."""
        return min(self.unsettled(), default=self._next)


def settled(job: asyncio.Future[bool]) -> bool:
    """Whether an update was answered, or given up for good."""
    return job.done() and not job.cancelled() and job.result()

"""The gate before a model: circuit breaker, concurrency, the day's budget, and the counting."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from bot.assistant.breaker import Breaker
from bot.assistant.model import Fault, Model, ModelError, Piece, Usage
from prompts.model_prompts import Prompt


class Budget(Protocol):
    """What may still be spent today."""

    def left(self) -> bool:
        """Whether another call may be made."""
        ...

    def spend(self, usage: Usage, cost: float) -> None:
        """Count what a call used."""
        ...


@dataclass(frozen=True)
class Prices:
    """What 1000 tokens cost, in the operator's currency."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def of(self, usage: Usage) -> float:
        """The cost of a call."""
        both = usage.tokens_in * self.tokens_in + usage.tokens_out * self.tokens_out
        return both / 1000


@dataclass(frozen=True)
class Call:
    """One call as it is counted: its fault is empty when it went well."""

    fault: str
    usage: Usage
    cost: float
    seconds: float


class Gate:
    """A Model that is only called when it may be, and whose every call is counted."""

    def __init__(
        self,
        model: Model,
        budget: Budget,
        prices: Prices,
        concurrency: int,
        breaker: Breaker | None = None,
        watch: Callable[[Call], None] = lambda _call: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._budget = budget
        self._prices = prices
        self._slots = threading.BoundedSemaphore(concurrency)
        self._breaker = breaker or Breaker()
        self._watch = watch
        self._clock = clock

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    def ready(self) -> Fault | None:
        """As Model.ready."""
        if self._breaker.resting:
            return Fault.RESTING
        return None if self._within_budget() else Fault.OVER_BUDGET

    def stream(self, prompt: Prompt, within_seconds: float) -> Iterator[Piece]:
        """As Model.stream; raises before calling when the call may not be made."""
        if not self._within_budget():
            raise self._refused(Fault.OVER_BUDGET)
        if not self._slots.acquire(blocking=False):
            raise self._refused(Fault.BUSY)
        try:
            if not self._breaker.admit():
                raise self._refused(Fault.RESTING)
            yield from self._counted(prompt, within_seconds)
        finally:
            self._slots.release()

    def cost(self, usage: Usage) -> float:
        """What a usage costs."""
        return self._prices.of(usage)

    def _counted(self, prompt: Prompt, within_seconds: float) -> Iterator[Piece]:
        started = self._clock()
        usage, characters, fault = None, 0, ""
        try:
            for piece in self._model.stream(prompt, within_seconds):
                usage = piece.usage or usage
                characters += len(piece.text)
                yield piece
            if usage is None:
                yield Piece(usage=_estimate(prompt, characters))
        except ModelError as error:
            fault = error.fault.value
            raise
        finally:
            # Also when the reader stops early: what was said is paid for.
            used = usage or (_estimate(prompt, characters) if characters else Usage())
            self._breaker.record(not fault)
            self._spend(used)
            self._watch(Call(fault, used, self.cost(used), self._clock() - started))

    def _refused(self, fault: Fault) -> ModelError:
        self._watch(Call(fault.value, Usage(), 0.0, 0.0))
        return ModelError(fault)

    def _spend(self, used: Usage) -> None:
        # The answer is here: a store that cannot count it is no reason to withhold it.
        with contextlib.suppress(Exception):
            self._budget.spend(used, self.cost(used))

    def _within_budget(self) -> bool:
        try:
            return self._budget.left()
        except Exception:  # noqa: BLE001 - a store that cannot count cannot allow either
            return False


def _estimate(prompt: Prompt, characters: int) -> Usage:
    # No usage came: one token a character is more than any Chinese tokeniser takes.
    return Usage(len(prompt.system) + len(prompt.human), characters)

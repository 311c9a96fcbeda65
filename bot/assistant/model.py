"""The seam to a language model: a prompt in, pieces of text out, and the ways it can fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from prompts.model_prompts import Prompt


class Fault(StrEnum):
    """Why a model gave nothing that can be used."""

    UNREACHABLE = "unreachable"
    LIMITED = "limited"  # 429
    FAILING = "failing"  # 5xx
    REFUSED = "refused"  # 401, 403, 404: the settings are wrong
    SLOW = "slow"
    BROKEN = "broken"  # the stream ended in the middle
    GARBAGE = "garbage"
    RESTING = "resting"  # the breaker is open
    BUSY = "busy"  # as many calls as may run are running
    OVER_BUDGET = "over_budget"


class ModelError(RuntimeError):
    """A model that did not answer; `fault` says how. The message never quotes what was asked."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"the language model gave no answer: {fault.value}")
        self.fault = fault


class ModelSettingsError(ValueError):
    """The model cannot be set up; the message says which setting or extra is missing."""


@dataclass(frozen=True)
class Usage:
    """Tokens of one call, as the endpoint counts them."""

    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: Usage) -> Usage:
        """Both together."""
        return Usage(self.tokens_in + other.tokens_in, self.tokens_out + other.tokens_out)


@dataclass(frozen=True)
class Piece:
    """A part of what a model says; the usage comes with the last one, when it comes."""

    text: str = ""
    usage: Usage | None = None


class Model(Protocol):
    """A language model."""

    @property
    def name(self) -> str:
        """The model's name, stored with what it said."""
        ...

    def ready(self) -> Fault | None:
        """Why it cannot be called just now, if so; costs no call."""
        ...

    def stream(self, prompt: Prompt, within_seconds: float) -> Iterator[Piece]:
        """Say it piece by piece, all within that time; raises ModelError, and nothing else."""
        ...

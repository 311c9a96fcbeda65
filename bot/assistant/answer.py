"""Answer: what the assistant says to one question, and everything that shows where it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.assistant.draft import Written


class AnswerVerdict(StrEnum):
    """What became of a question; the words of the command line's JSON contract."""

    ANSWERED = "answered"
    EMERGENCY = "emergency"
    SCAM = "scam"
    RUMOUR = "rumour"
    CLARIFY = "clarify"
    REFUSED = "refused"
    ABSTAINED = "abstained"
    HANDED_OFF = "handed_off"


class Risk(StrEnum):
    """How likely a forwarded message is a scam."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True)
class Citation:
    """One source of one card revision, as residents are told it."""

    card: str
    revision: int
    issuer: str
    title: str
    edition: str
    url: str


@dataclass(frozen=True)
class FollowUp:
    """A question the person can tap next, and the card that answers it."""

    label: str
    card: str


@dataclass(frozen=True)
class UsedCard:
    """A card revision an answer used or offers."""

    key: str
    revision: int


@dataclass(frozen=True)
class Flag:
    """A part of a forwarded message, as it stands there, and why it is suspicious."""

    quote: str
    why: str


@dataclass(frozen=True)
class Answer:
    """One answer; `text` is all that is said but the follow-ups, which come under `heading`."""

    verdict: AnswerVerdict
    text: str
    cards: tuple[UsedCard, ...] = ()
    citations: tuple[Citation, ...] = ()
    heading: str = ""
    follow_ups: tuple[FollowUp, ...] = ()
    confidence: float = 0.0
    risk: Risk | None = None
    hotlines: tuple[str, ...] = ()
    alarm: str = ""  # the category of an emergency, as in prompts/alarms.toml
    why: tuple[str, ...] = ()  # the rules or wordings an emergency was recognised by
    flags: tuple[Flag, ...] = ()  # what gives a forwarded message away
    types: tuple[str, ...] = ()  # the kinds of scam it resembles
    refusal: str = ""  # why it was refused, as in prompts/refusals.toml
    alert: bool = False  # a volunteer must look at once
    unchecked: bool = False  # a claim that nobody has checked yet: a volunteer should
    keyword_only: bool = False
    generated: bool = False  # a model wrote part of it: every channel must say so
    later: Later | None = field(default=None, compare=False, repr=False)

    @property
    def rateable(self) -> bool:
        """Whether it makes sense to ask if this was useful."""
        return bool(self.cards) and self.verdict is not AnswerVerdict.CLARIFY


class Draft(Protocol):
    """A fuller answer that a model is writing; the composed one stands until it is there."""

    @property
    def written(self) -> Written | None:
        """What came of it; None while it is being written."""
        ...

    def wait(self, seconds: float) -> Answer | None:
        """The fuller answer if it is there in time and fit to say."""
        ...

    def follow(self, first_seconds: float, whole_seconds: float) -> Iterator[str]:
        """Each sentence that may be said, as it comes."""
        ...

    def when_done(self, call: Callable[[Written], None]) -> None:
        """Have `call` told what came of it, once."""
        ...


# Begins a draft. Nothing is asked of a model until somebody calls this, and each call asks anew.
Later = Callable[[], Draft]

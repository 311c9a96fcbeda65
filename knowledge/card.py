"""The card: one question a resident asks, one answer, and where the answer comes from."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
CardKey = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[A-Za-z0-9][A-Za-z0-9_-]*)+$")
]


# What marks an invented place: the word, and an area code that no place has.
EXAMPLE = ("示例", "0000-")


class CardKind(StrEnum):
    """What sort of help a card gives; it decides which parts the card must have."""

    ADVICE = "advice"
    EMERGENCY = "emergency"
    FRAUD = "fraud"
    RUMOUR = "rumour"
    DIRECTORY = "directory"


class CardStatus(StrEnum):
    """Where a card stands in review; EXPIRED is not stored, it follows from dates."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    RETIRED = "retired"


class Audience(StrEnum):
    """Whom a card is written for."""

    SENIORS = "seniors"
    FARMERS = "farmers"
    EVERYONE = "everyone"


class Evidence(StrEnum):
    """How a source was seen: the document itself, a reprint of it, or not at all."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNSEEN = "unseen"


class Verdict(StrEnum):
    """What was found about a rumour's claim."""

    FALSE = "false"
    MISLEADING = "misleading"
    UNPROVEN = "unproven"
    TRUE = "true"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """A document that supports a card, and the facts it supports, in our own words."""

    issuer: Line
    title: Line
    edition: str = ""
    url: str = ""
    evidence: Evidence
    supports: tuple[Line, ...] = Field(min_length=1)

    @field_validator("edition", mode="before")
    @classmethod
    def _edition_as_text(cls, value: object) -> object:
        # YAML reads an unquoted 2024 or 2025-05-12 as a number or a date.
        return str(value) if isinstance(value, int | date) else value


class NotAsk(_Frozen):
    """A near miss: a question this card does not answer, and the card that does, if any."""

    ask: Line
    card: CardKey | None = None


class Card(_Frozen):
    """One question, one answer, its sources and its dates; immutable, compared by digest."""

    key: CardKey
    kind: CardKind
    title: Line
    audience: tuple[Audience, ...] = (Audience.EVERYONE,)
    regions: tuple[Line, ...] = ()
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()
    asks: tuple[Line, ...] = Field(min_length=1)
    not_asks: tuple[NotAsk, ...] = ()
    answer: Line
    steps: tuple[Line, ...] = ()
    never: tuple[Line, ...] = ()
    seek_help: str = ""
    claim: str = ""
    verdict: Verdict | None = None
    red_flags: tuple[Line, ...] = ()
    related: tuple[CardKey, ...] = ()
    sources: tuple[Source, ...] = Field(min_length=1)
    unverified: tuple[Line, ...] = ()
    valid_from: date | None = None
    valid_until: date | None = None
    reviewed: date
    review_due: date
    owner: Line
    details: str = ""

    @model_validator(mode="after")
    def _dates_in_order(self) -> Card:
        if self.valid_from and self.valid_until and self.valid_from > self.valid_until:
            raise ValueError("valid_from is after valid_until")
        if self.reviewed > self.review_due:
            raise ValueError("reviewed is after review_due")
        return self

    @property
    def topic(self) -> str:
        """The first part of the key, such as firstaid or fraud."""
        return self.key.split(".", 1)[0]

    @property
    def is_example(self) -> bool:
        """Whether it only shows what a local card looks like: its place is invented."""
        local = self.kind is CardKind.DIRECTORY
        texts = (*self.regions, *((self.title, self.answer, self.details) if local else ()))
        return any(mark in text for mark in EXAMPLE for text in texts)

    @property
    def digest(self) -> str:
        """SHA-256 hex of the card's content: equal content, equal digest."""
        payload = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()

    def in_force(self, today: date) -> bool:
        """Whether the card may be used on that day; an overdue review does not stop it."""
        after = self.valid_from is None or self.valid_from <= today
        before = self.valid_until is None or today <= self.valid_until
        return after and before


class Revision(_Frozen):
    """A card as it was at one moment; never changed, only followed by another."""

    card: Card
    number: int
    author: str
    note: str = ""

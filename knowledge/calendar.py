"""The calendar of national themes: what is observed, by whose word, and when in a given year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from knowledge.card import Audience, CardKey, Line
from knowledge.recurrence import ByNotice, Month, Rule, spans_within
from knowledge.yamlfile import load_yaml

CALENDAR = Path(__file__).parent / "calendar.yaml"
YEARS = range(1950, 2100)  # where the lunar calendar is computed reliably


class DateEvidence(StrEnum):
    """How the date is known: read in the document, in a reprint, not read, or worked out."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNSEEN = "unseen"
    COMPUTED = "computed"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Dated(_Frozen):
    """The days that hold in one year instead of the rule's, and why."""

    start: date
    end: date
    why: Line

    @model_validator(mode="after")
    def _in_one_year(self) -> Dated:
        if self.start > self.end or self.start.year != self.end.year:
            raise ValueError("start and end must be in order and in one year")
        return self


class Ordinal(_Frozen):
    """In that year it was held for the number-th time; once a year before and after."""

    year: int
    number: int


class Observance(_Frozen):
    """A day, week, month or season that campaigns are hung on."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: Line
    body: str = ""
    audience: tuple[Audience, ...] = (Audience.EVERYONE,)
    rule: Rule
    dated: tuple[Dated, ...] = ()
    ordinal: Ordinal | None = None
    cards: tuple[CardKey, ...] = ()
    evidence: DateEvidence
    note: str = ""

    def ordinal_in(self, year: int) -> int | None:
        """Which number it has in a year, counted on from a known year; None when unknown."""
        if self.ordinal is None:
            return None
        return self.ordinal.number + year - self.ordinal.year


class Occurrence(_Frozen):
    """An observance in one year: from start to end, or in `months`, to be announced."""

    observance: Observance
    year: int
    start: date | None = None
    end: date | None = None
    months: tuple[Month, ...] = ()
    announced: bool = False

    @model_validator(mode="after")
    def _dated_or_announced(self) -> Occurrence:
        if self.announced == (self.start is not None) or (self.start is None) != (self.end is None):
            raise ValueError("an occurrence has either both its days or is announced")
        return self

    @property
    def first_day(self) -> date:
        """The day it starts, or the first on which it may be announced to be."""
        return self.start or date(self.year, min(self.months), 1)

    def covers(self, day: date) -> bool:
        """Whether it is on at a day; announced ones may be, all through their months."""
        if self.start is None or self.end is None:
            return day.year == self.year and day.month in self.months
        return self.start <= day <= self.end


@cache
def load_calendar(path: Path = CALENDAR) -> tuple[Observance, ...]:
    """Every observance, in the file's order; raises ValueError when a key stands twice."""
    found = tuple(Observance.model_validate(row) for row in load_yaml(path.read_text("utf-8")))
    keys = [observance.key for observance in found]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise ValueError(f"{path.name}: {sorted(twice)} stand twice")
    return found


def occurrences(year: int, calendar: Sequence[Observance] | None = None) -> list[Occurrence]:
    """Everything of a year in order of its first day; raises ValueError outside YEARS."""
    if year not in YEARS:
        raise ValueError(f"{year} is not between {YEARS[0]} and {YEARS[-1]}")
    observances = load_calendar() if calendar is None else calendar
    found = [one for observance in observances for one in _in_year(observance, year)]
    return sorted(found, key=lambda one: (one.first_day, one.announced))


def on(day: date, calendar: Sequence[Observance] | None = None) -> list[Occurrence]:
    """What is on at a day, the shortest first; what waits for a notice comes last."""
    found = [one for one in occurrences(day.year, calendar) if one.covers(day)]
    return sorted(found, key=lambda one: (one.announced, _length(one)))


def coming(day: date, days: int, calendar: Sequence[Observance] | None = None) -> list[Occurrence]:
    """What starts in the days after a day and is not on yet, each once, in order."""
    last = day + timedelta(days=days)
    begun = {one.observance.key for one in on(day, calendar)}
    found: dict[str, Occurrence] = {}
    for year in range(day.year, last.year + 1):
        for one in occurrences(year, calendar):
            if day < one.first_day <= last and one.observance.key not in begun:
                found.setdefault(one.observance.key, one)
    return list(found.values())


def _in_year(observance: Observance, year: int) -> list[Occurrence]:
    dated = [(one.start, one.end) for one in observance.dated if one.start.year == year]
    if not dated and isinstance(observance.rule, ByNotice):
        months = observance.rule.months
        return [Occurrence(observance=observance, year=year, months=months, announced=True)]
    spans = dated or spans_within(observance.rule, year)
    return [Occurrence(observance=observance, year=year, start=a, end=b) for a, b in spans]


def _length(one: Occurrence) -> timedelta:
    return one.end - one.start if one.start and one.end else timedelta.max

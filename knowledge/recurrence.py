"""When something comes round: rules as data, and the days of a year that each rule gives."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Annotated, Literal, Self

from lunar_python import Lunar, LunarYear, Solar
from pydantic import BaseModel, ConfigDict, Field, model_validator

Month = Annotated[int, Field(ge=1, le=12)]
Span = tuple[date, date]
SOLAR_TERMS: tuple[str, ...] = Lunar.JIE_QI
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COMMON_YEAR = 2001  # a day that every year has is a day of a year without 29 February


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def spans(self, year: int) -> Iterator[Span]:
        """First and last days that the rule gives for a year."""
        raise NotImplementedError  # abstract: only its subclasses are read from the file


class _DayOfYear(_Rule):
    month: Month
    day: int

    @model_validator(mode="after")
    def _exists(self) -> Self:
        date(_COMMON_YEAR, self.month, self.day)
        return self


class FixedDate(_DayOfYear):
    """The same day every year."""

    kind: Literal["date"] = "date"

    def spans(self, year: int) -> Iterator[Span]:
        """The day."""
        yield date(year, self.month, self.day), date(year, self.month, self.day)


class DateSpan(_Rule):
    """From one day to another of the same year."""

    kind: Literal["span"] = "span"
    month: Month
    day: int
    to_month: Month
    to_day: int

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        first, last = next(self.spans(_COMMON_YEAR))
        if first > last:
            raise ValueError("the span ends before it starts")
        return self

    def spans(self, year: int) -> Iterator[Span]:
        """Both days."""
        yield date(year, self.month, self.day), date(year, self.to_month, self.to_day)


class WholeMonths(_Rule):
    """A whole month, or whole months up to another one, over the turn of the year or not."""

    kind: Literal["months"] = "months"
    month: Month
    to_month: Month | None = None

    def spans(self, year: int) -> Iterator[Span]:
        """The first day of the first month and the last of the last."""
        last = self.to_month or self.month
        end = year if last >= self.month else year + 1
        yield date(year, self.month, 1), date(end, last, monthrange(end, last)[1])


class NthWeekday(_Rule):
    """The nth weekday of a month; nth = -1 is the last."""

    kind: Literal["weekday"] = "weekday"
    month: Month
    nth: Literal[1, 2, 3, 4, -1]
    weekday: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    def spans(self, year: int) -> Iterator[Span]:
        """The day."""
        days = monthrange(year, self.month)[1]
        every = [date(year, self.month, day) for day in range(1, days + 1)]
        found = [day for day in every if day.weekday() == WEEKDAYS.index(self.weekday)]
        day = found[self.nth if self.nth < 0 else self.nth - 1]
        yield day, day


class WeekOf(_DayOfYear):
    """The week, Monday to Sunday, in which a day falls."""

    kind: Literal["week"] = "week"

    def spans(self, year: int) -> Iterator[Span]:
        """Monday and Sunday; either may lie in the neighbouring year."""
        day = date(year, self.month, self.day)
        monday = day - timedelta(days=day.weekday())
        yield monday, monday + timedelta(days=6)


class SolarTerm(_Rule):
    """One of the twenty-four solar terms, by the sun's longitude, in Beijing time."""

    kind: Literal["solar_term"] = "solar_term"
    term: str

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.term not in SOLAR_TERMS:
            raise ValueError(f"no such solar term: {self.term}")
        return self

    def spans(self, year: int) -> Iterator[Span]:
        """The day on which it begins."""
        yield solar_terms(year)[self.term], solar_terms(year)[self.term]


class LunarDate(_Rule):
    """A day of the lunar year, and how many days it lasts; day = -1 is the month's last."""

    kind: Literal["lunar"] = "lunar"
    month: Month
    day: int = Field(ge=-1, le=29)  # not every month has a 30th
    days: int = Field(default=1, ge=1, le=60)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        if self.day == 0:
            raise ValueError("a month has no day 0")
        return self

    def spans(self, year: int) -> Iterator[Span]:
        """The days by the sun's calendar; of lunar months 11 and 12 often in the next year."""
        first, length = lunar_months(year)[self.month]
        start = first + timedelta(days=(length if self.day == -1 else self.day) - 1)
        yield start, start + timedelta(days=self.days - 1)


class ByNotice(_Rule):
    """Announced anew each year: only the months in which it falls are known, never a day."""

    kind: Literal["notice"] = "notice"
    months: tuple[Month, ...] = Field(min_length=1)

    def spans(self, year: int) -> Iterator[Span]:  # noqa: ARG002
        """Nothing: no day is known before the notice."""
        yield from ()


Rule = Annotated[
    FixedDate | DateSpan | WholeMonths | NthWeekday | WeekOf | SolarTerm | LunarDate | ByNotice,
    Field(discriminator="kind"),
]


@cache
def solar_terms(year: int) -> dict[str, date]:
    """The day of each solar term in a year."""
    table = Solar.fromYmd(year, 7, 1).getLunar().getJieQiTable()
    # The table starts with the winter solstice before the year; its own stands further down.
    return {term: _day(table["DONG_ZHI" if term == "冬至" else term]) for term in SOLAR_TERMS}


@cache
def lunar_months(year: int) -> dict[int, tuple[date, int]]:
    """The first day and the length of each month of a lunar year, leap months aside."""
    months = [LunarYear.fromYear(year).getMonth(month) for month in range(1, 13)]
    return {
        month.getMonth(): (
            _day(Solar.fromJulianDay(month.getFirstJulianDay())),
            month.getDayCount(),
        )
        for month in months
    }


def _day(solar: Solar) -> date:
    return date(solar.getYear(), solar.getMonth(), solar.getDay())


def spans_within(rule: Rule, year: int) -> list[Span]:
    """What a rule gives of a year, in order: a span over the year's end is cut there."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    found = [span for near in (year - 1, year, year + 1) for span in rule.spans(near)]
    return sorted((max(a, first), min(b, last)) for a, b in found if a <= last and b >= first)

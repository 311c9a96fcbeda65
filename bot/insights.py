"""Figures of a period: counts of people and of questions, and nothing that points at anybody.

A cell that stands for fewer than five people is not shown (and neither is the smallest of the
others when it alone could be worked out from the sum): the issue's rule, and that of statistics
offices (primary and complementary suppression).
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.conversation import feedback, turns
from bot.regions import named_region
from bot.ticket_tables import tickets

LEAST_PEOPLE = 5
CHINA = timedelta(hours=8)
TOP = 15
DAY_SECONDS = 86400.0
# Spreadsheets take a cell that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Cell:
    """One row of a table; None where fewer than five people stand behind it."""

    name: str
    questions: int | None
    people: int | None


@dataclass(frozen=True)
class Insights:
    """Every table of a period of days."""

    days: int
    questions: int
    people: int | None
    tables: Mapping[str, Sequence[Cell]]
    useful: int
    useless: int
    human_minutes: float | None  # median time to a volunteer's answer
    tickets: int

    @property
    def satisfaction(self) -> float | None:
        """The share of ratings that said 有用."""
        rated = self.useful + self.useless
        return self.useful / rated if rated >= LEAST_PEOPLE else None


class InsightsBook:
    """Reads the figures; nothing is written."""

    def __init__(
        self,
        engine: sa.Engine,
        title_of: Callable[[str], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._title_of = title_of
        self._clock = clock

    def read(self, days: int) -> Insights:
        """The last `days` days; one pass over the period's turns, by the index on their time."""
        since = self._clock() - days * DAY_SECONDS
        counted: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        everybody: set[str] = set()
        total = 0
        query = sa.select(
            turns.c.person,
            turns.c.channel,
            turns.c.asked_at,
            turns.c.question,
            turns.c.verdict,
            turns.c.cards,
        ).where(turns.c.asked_at >= since)
        with self._engine.connect() as connection:
            for row in connection.execution_options(yield_per=2000).execute(query):
                total += 1
                everybody.add(row.person)
                for table, name in self._names(row):
                    counted[table][name][row.person] += 1
            ratings: dict[bool, int] = dict(
                connection.execute(
                    sa.select(feedback.c.useful, sa.func.count())
                    .where(feedback.c.at >= since)
                    .group_by(feedback.c.useful)
                ).all()
            )
            waited = sorted(
                (row.answered_at - row.opened_at) / 60
                for row in connection.execute(
                    sa.select(tickets.c.answered_at, tickets.c.opened_at).where(
                        tickets.c.opened_at >= since, tickets.c.answered_at.is_not(None)
                    )
                )
            )
            opened = connection.execute(
                sa.select(sa.func.count()).where(tickets.c.opened_at >= since)
            ).scalar_one()
        return Insights(
            days=days,
            questions=total,
            people=len(everybody) if len(everybody) >= LEAST_PEOPLE else None,
            tables={table: _cells(table, names) for table, names in counted.items()},
            useful=int(ratings.get(True, 0)),
            useless=int(ratings.get(False, 0)),
            human_minutes=waited[len(waited) // 2] if len(waited) >= LEAST_PEOPLE else None,
            tickets=int(opened),
        )

    def _names(self, row: Any) -> Iterable[tuple[str, str]]:
        moment = datetime.fromtimestamp(row.asked_at, UTC) + CHINA
        yield "day", moment.strftime("%Y-%m-%d")
        yield "hour", f"{moment.hour:02d}"
        yield "channel", row.channel
        yield "verdict", row.verdict
        if region := named_region(row.question):
            yield "region", region
        cards = json.loads(row.cards)
        if not cards:
            return
        key = cards[0][0]
        yield "topic", key.split(".", 1)[0]
        yield "card", self._title_of(key) or key
        if row.verdict == "scam" or key.startswith("fraud."):
            yield "scam", self._title_of(key) or key
        if row.verdict == "emergency":
            yield "emergency", self._title_of(key) or key


def write_csv(table: str, cells: Sequence[Cell]) -> str:
    """A table as CSV that no spreadsheet runs: UTF-8 with a mark, formulas defused."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([table, "questions", "people"])
    for cell in cells:
        writer.writerow([safe_cell(cell.name), _written(cell.questions), _written(cell.people)])
    return "\ufeff" + out.getvalue()


def safe_cell(text: str) -> str:
    """Text that stays text in a spreadsheet."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _written(number: int | None) -> str:
    return f"<{LEAST_PEOPLE}" if number is None else str(number)


def _cells(table: str, names: Mapping[str, Counter[str]]) -> Sequence[Cell]:
    rows = [Cell(name, sum(who.values()), len(who)) for name, who in names.items()]
    if table in {"day", "hour"}:
        rows.sort(key=lambda cell: cell.name)
    else:
        rows.sort(key=lambda cell: (-(cell.questions or 0), cell.name))
    small = [cell for cell in rows if (cell.people or 0) < LEAST_PEOPLE]
    hidden = {cell.name for cell in small}
    if len(small) == 1 and len(rows) > 1:
        # Alone it could be worked out from the sum: the smallest of the others goes with it.
        others = [cell for cell in rows if cell.name not in hidden]
        hidden.add(min(others, key=lambda cell: cell.people or 0).name)
    shown = [Cell(c.name, None, None) if c.name in hidden else c for c in rows]
    return shown if table in {"day", "hour"} else shown[:TOP]

"""What the language model used, day by day, in SQL: a restart does not give the budget back."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.assistant.model import Usage
from knowledge.database import insert_once, metadata

model_days = sa.Table(
    "model_days",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("tokens_in", sa.BigInteger, nullable=False),
    sa.Column("tokens_out", sa.BigInteger, nullable=False),
    sa.Column("cost", sa.Float, nullable=False),
)


@dataclass(frozen=True)
class Spent:
    """What one day came to."""

    usage: Usage
    cost: float


class Spending:
    """The gate's Budget: so many tokens a day (UTC), counted by all workers together."""

    def __init__(
        self, engine: sa.Engine, daily_tokens: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._daily_tokens = daily_tokens
        self._clock = clock

    def left(self) -> bool:
        """As Budget.left; the last call of a day may go beyond by what it uses."""
        used = self.today().usage
        return used.tokens_in + used.tokens_out < self._daily_tokens

    def today(self) -> Spent:
        """What was used since midnight, UTC."""
        query = sa.select(model_days).where(model_days.c.day == self._day())
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return Spent(Usage(row.tokens_in, row.tokens_out), row.cost) if row else Spent(Usage(), 0.0)

    def spend(self, usage: Usage, cost: float) -> None:
        """As Budget.spend."""
        day = self._day()
        with self._engine.begin() as connection:
            insert_once(
                connection, model_days, {"day": day, "tokens_in": 0, "tokens_out": 0, "cost": 0.0}
            )
            # Added in the statement, so that two workers do not overwrite each other's sum.
            connection.execute(
                model_days.update()
                .where(model_days.c.day == day)
                .values(
                    tokens_in=model_days.c.tokens_in + usage.tokens_in,
                    tokens_out=model_days.c.tokens_out + usage.tokens_out,
                    cost=model_days.c.cost + cost,
                )
            )

    def _day(self) -> str:
        return datetime.fromtimestamp(self._clock(), UTC).date().isoformat()

"""The trail: who did what, in order; the database itself refuses to change or delete a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from knowledge.database import metadata

trail = sa.Table(
    "trail",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("login", sa.String(40), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class TrailLine:
    """One act: when, who, what, on what."""

    id: int
    at: float
    login: str
    act: str
    subject: str
    detail: str


class Trail:
    """Lines in SQL; written in a transaction of their own or in the caller's."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def write(
        self,
        login: str,
        act: str,
        subject: str = "",
        detail: str = "",
        connection: sa.Connection | None = None,
    ) -> None:
        """Add a line; `act` is a short name such as ticket.claim, never a resident's words."""
        row = trail.insert().values(
            at=self._clock(), login=login, act=act, subject=subject[:160], detail=detail
        )
        if connection is not None:
            connection.execute(row)
            return
        with self._engine.begin() as own:
            own.execute(row)

    def latest(self, count: int = 50, before: int | None = None) -> list[TrailLine]:
        """The newest lines, or those before a line's number."""
        query = sa.select(trail).order_by(trail.c.id.desc()).limit(count)
        if before is not None:
            query = query.where(trail.c.id < before)
        with self._engine.connect() as connection:
            return [
                TrailLine(r.id, r.at, r.login, r.act, r.subject, r.detail)
                for r in connection.execute(query)
            ]

"""Generations in SQL: what a model said to each turn, which sentences were dropped, and why."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.assistant.generation import Generation, JudgedSentence
from bot.assistant.model import Usage
from knowledge.database import insert_once, metadata

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("turn", sa.String(20), primary_key=True),
    sa.Column("at", sa.Float, nullable=False, index=True),
    sa.Column("ending", sa.String(20), nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("model", sa.String(120), nullable=False),
    sa.Column("prompt", sa.String(40), nullable=False),
    sa.Column("tokens_in", sa.Integer, nullable=False),
    sa.Column("tokens_out", sa.Integer, nullable=False),
    sa.Column("cost", sa.Float, nullable=False),
    sa.Column("elapsed_ms", sa.Float, nullable=False),
    sa.Column("sentences", sa.Text, nullable=False),
)
_SENTENCES = TypeAdapter(tuple[JudgedSentence, ...])
_NAME_CHARACTERS = 120


class Generations:
    """One record for each turn that a model was asked about."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, connection: sa.Connection, turn: str, made: Generation) -> None:
        """Store a generation, within the caller's transaction; the first of a turn stays."""
        row = {
            "turn": turn,
            "at": self._clock(),
            "ending": made.ending,
            "late": made.late,
            "model": made.model[:_NAME_CHARACTERS],
            "prompt": made.prompt,
            "tokens_in": made.usage.tokens_in,
            "tokens_out": made.usage.tokens_out,
            "cost": made.cost,
            "elapsed_ms": made.elapsed_ms,
            "sentences": _SENTENCES.dump_json(made.sentences).decode(),
        }
        insert_once(connection, generations, row)

    def of(self, turn: str) -> Generation | None:
        """What a model said to a turn; None when none was asked."""
        query = sa.select(generations).where(generations.c.turn == turn)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return _read(row) if row is not None else None

    def latest(self, count: int = 50) -> list[tuple[str, Generation]]:
        """The newest first, each with its turn: what the console lists."""
        query = sa.select(generations).order_by(generations.c.at.desc()).limit(count)
        with self._engine.connect() as connection:
            return [(row.turn, _read(row)) for row in connection.execute(query)]


def _read(row: sa.Row[Any]) -> Generation:
    return Generation(
        ending=row.ending,
        model=row.model,
        prompt=row.prompt,
        sentences=_SENTENCES.validate_json(row.sentences),
        usage=Usage(row.tokens_in, row.tokens_out),
        cost=row.cost,
        elapsed_ms=row.elapsed_ms,
        late=row.late,
    )

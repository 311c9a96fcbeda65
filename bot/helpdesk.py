"""Tickets: questions a volunteer must look at; the answer reaches the person at their next word."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.conversation import Turn
from knowledge.database import insert_once, metadata

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("reason", sa.String(20), nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("opened_at", sa.Float, nullable=False),
    sa.Column("answer", sa.Text, nullable=True),
    sa.Column("answered_by", sa.String(120), nullable=True),
    sa.Column("answered_at", sa.Float, nullable=True),
    sa.Column("told_at", sa.Float, nullable=True),
)


class Reason(StrEnum):
    """Why a person must look."""

    ALERT = "alert"  # somebody may hurt himself: first of all
    UNCHECKED = "unchecked"  # a claim that nobody has checked


class UnknownTicketError(KeyError):
    """No open ticket has this id; look at the list again."""


@dataclass(frozen=True)
class Ticket:
    """One question that waits for a volunteer, or has been answered."""

    id: str
    channel: str
    reason: Reason
    question: str
    opened_at: float
    answer: str = ""


class Helpdesk:
    """Tickets in SQL; a ticket has the id of the turn it came from."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def open(self, connection: sa.Connection, turn: Turn, reason: Reason) -> None:
        """Open a ticket for a turn, within the caller's transaction; once."""
        row = {
            "id": turn.id,
            "person": turn.person,
            "channel": turn.channel,
            "reason": reason.value,
            "question": turn.question,
            "opened_at": self._clock(),
        }
        insert_once(connection, tickets, row)

    def waiting(self) -> list[Ticket]:
        """The open tickets: alerts first, then the oldest."""
        query = (
            sa.select(tickets)
            .where(tickets.c.answer.is_(None))
            .order_by(tickets.c.reason != Reason.ALERT.value, tickets.c.opened_at)
        )
        with self._engine.connect() as connection:
            return [_ticket(row) for row in connection.execute(query)]

    def answer(self, ticket: str, text: str, by: str) -> None:
        """Answer a ticket; raises UnknownTicketError when it is not open."""
        change = (
            tickets.update()
            .where(tickets.c.id == ticket, tickets.c.answer.is_(None))
            .values(answer=text, answered_by=by, answered_at=self._clock())
        )
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount != 1:
                raise UnknownTicketError(ticket)

    def news(self, person: str) -> list[Ticket]:
        """What was answered and the person has not been told."""
        query = (
            sa.select(tickets)
            .where(tickets.c.person == person)
            .where(tickets.c.answer.is_not(None), tickets.c.told_at.is_(None))
            .order_by(tickets.c.opened_at)
        )
        with self._engine.connect() as connection:
            return [_ticket(row) for row in connection.execute(query)]

    def tell(self, connection: sa.Connection, told: Sequence[Ticket]) -> None:
        """Note that the person has been told, within the caller's transaction."""
        ids = [ticket.id for ticket in told]
        connection.execute(
            tickets.update().where(tickets.c.id.in_(ids)).values(told_at=self._clock())
        )

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete a person's tickets."""
        connection.execute(tickets.delete().where(tickets.c.person == person))

    def prune(self, older_than: float) -> None:
        """Delete tickets opened before a moment."""
        with self._engine.begin() as connection:
            connection.execute(tickets.delete().where(tickets.c.opened_at < older_than))


def _ticket(row: sa.Row[tuple[object, ...]]) -> Ticket:
    return Ticket(
        row.id, row.channel, Reason(row.reason), row.question, row.opened_at, row.answer or ""
    )

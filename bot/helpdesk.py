"""Tickets: questions a volunteer must look at, who has them, and what was said on them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from bot.conversation import Turn
from bot.delivery import Ledger, Origin
from bot.ticket_tables import ticket_lines, tickets
from knowledge.database import insert_once


class Reason(StrEnum):
    """Why a person must look; alerts first of all."""

    ALERT = "alert"  # somebody may hurt himself
    ASKED = "asked"  # they want to talk to a person
    UNCHECKED = "unchecked"  # a claim that nobody has checked
    LOW_RATING = "low_rating"
    ABSTAINED = "abstained"


# How soon somebody should look, in seconds; the figures for alerts and questions.
DUE_SECONDS = {Reason.ALERT: 300.0, Reason.ASKED: 1800.0}
DUE_QUESTION_SECONDS = 86400.0


class UnknownTicketError(KeyError):
    """No such ticket, or it is not open; look at the list again."""


class TicketTakenError(RuntimeError):
    """Somebody else has the ticket; `by` is their login."""

    def __init__(self, by: str) -> None:
        super().__init__(by)
        self.by = by


class LineKind(StrEnum):
    """What a line of a ticket is."""

    RESIDENT = "resident"
    REPLY = "reply"
    NOTE = "note"  # for colleagues only


@dataclass(frozen=True)
class Ticket:
    """One question that waits for a volunteer, is in somebody's hands, or was resolved."""

    id: str
    person: str
    channel: str
    reason: Reason
    question: str
    opened_at: float
    due_at: float
    claimed_by: str = ""
    resolved_at: float | None = None
    answer: str = ""
    draft: str = ""  # the card that was made of it

    @property
    def open(self) -> bool:
        """Whether it still waits for something."""
        return self.resolved_at is None


@dataclass(frozen=True)
class TicketLine:
    """Something that was said or noted; `delivery` is a reply's number in the ledger."""

    at: float
    kind: LineKind
    by: str
    text: str
    delivery: int | None


class Helpdesk:
    """Tickets in SQL; a ticket has the id of the turn it came from."""

    def __init__(
        self, engine: sa.Engine, ledger: Ledger, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._clock = clock

    def open(self, connection: sa.Connection, turn: Turn, reason: Reason) -> None:
        """Open a ticket for a turn, within the caller's transaction; once."""
        now = self._clock()
        row = {
            "id": turn.id,
            "person": turn.person,
            "channel": turn.channel,
            "reason": reason.value,
            "question": turn.question,
            "opened_at": now,
            "due_at": now + DUE_SECONDS.get(reason, DUE_QUESTION_SECONDS),
        }
        insert_once(connection, tickets, row)

    def waiting(self) -> list[Ticket]:
        """The open tickets: alerts first, then the soonest due."""
        query = (
            sa.select(tickets)
            .where(tickets.c.resolved_at.is_(None))
            .order_by(tickets.c.reason != Reason.ALERT.value, tickets.c.due_at, tickets.c.id)
        )
        with self._engine.connect() as connection:
            return [_ticket(row) for row in connection.execute(query)]

    def resolved(self, count: int = 50) -> list[Ticket]:
        """The tickets resolved last."""
        query = (
            sa.select(tickets)
            .where(tickets.c.resolved_at.is_not(None))
            .order_by(tickets.c.resolved_at.desc())
            .limit(count)
        )
        with self._engine.connect() as connection:
            return [_ticket(row) for row in connection.execute(query)]

    def get(self, ticket: str) -> Ticket:
        """One ticket; raises UnknownTicketError."""
        with self._engine.connect() as connection:
            return self._get(connection, ticket)

    def lines(self, ticket: str) -> list[TicketLine]:
        """What was said and noted, in order."""
        query = sa.select(ticket_lines).where(ticket_lines.c.ticket == ticket)
        with self._engine.connect() as connection:
            return [
                TicketLine(r.at, LineKind(r.kind), r.by, r.text, r.delivery)
                for r in connection.execute(query.order_by(ticket_lines.c.id))
            ]

    def claim(self, ticket: str, login: str) -> None:
        """Take a ticket; of two who try at once, one gets it and the other is told who."""
        change = (
            tickets.update()
            .where(
                tickets.c.id == ticket,
                tickets.c.resolved_at.is_(None),
                sa.or_(tickets.c.claimed_by.is_(None), tickets.c.claimed_by == login),
            )
            .values(claimed_by=login, claimed_at=self._clock())
        )
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount == 1:
                return
            found = self._get(connection, ticket)
        if not found.open:
            raise UnknownTicketError(ticket)
        raise TicketTakenError(found.claimed_by)

    def release(self, ticket: str, login: str) -> None:
        """Put a ticket back; only who has it may."""
        self._change(ticket, login, claimed_by=None, claimed_at=None)

    def assign(self, ticket: str, login: str, to: str) -> None:
        """Pass a ticket on; only who has it may."""
        self._change(ticket, login, claimed_by=to, claimed_at=self._clock())

    def resolve(self, ticket: str, login: str) -> None:
        """Close a ticket; only who has it may."""
        self._change(ticket, login, resolved_at=self._clock(), answered_by=login)

    def reopen(self, ticket: str, login: str) -> None:
        """Open a resolved ticket again, in the hands of who opens it."""
        now = self._clock()
        change = (
            tickets.update()
            .where(tickets.c.id == ticket, tickets.c.resolved_at.is_not(None))
            .values(
                resolved_at=None,
                claimed_by=login,
                claimed_at=now,
                due_at=now + DUE_QUESTION_SECONDS,
            )
        )
        with self._engine.begin() as connection:
            if connection.execute(change).rowcount != 1:
                raise UnknownTicketError(ticket)

    def note(self, ticket: str, login: str, text: str) -> None:
        """Add a line for colleagues."""
        with self._engine.begin() as connection:
            self._get(connection, ticket)
            self._line(connection, ticket, LineKind.NOTE, login, text)

    def reply(self, ticket: str, login: str, text: str, said: str | None = None) -> int:
        """Answer the resident; only who has the ticket may. The delivery's number.

        `said` is the text with what is put around it on its way (who speaks, about what).
        """
        with self._engine.begin() as connection:
            found = self._held(connection, ticket, login)
            number = self._ledger.add(
                connection, found.person, found.channel, said or text, Origin.HUMAN, ticket
            )
            self._line(connection, ticket, LineKind.REPLY, login, text, number)
            connection.execute(
                tickets.update()
                .where(tickets.c.id == ticket)
                .values(
                    answer=text,
                    answered_by=login,
                    answered_at=sa.func.coalesce(tickets.c.answered_at, self._clock()),
                )
            )
        return number

    def tell(self, ticket: str, text: str) -> None:
        """Put a message of ours about a ticket on its way, such as: the card is published."""
        with self._engine.begin() as connection:
            found = self._get(connection, ticket)
            self._ledger.add(connection, found.person, found.channel, text, Origin.BOT, ticket)

    def made_draft(self, ticket: str, card: str) -> None:
        """A draft card was made of a ticket."""
        with self._engine.begin() as connection:
            connection.execute(tickets.update().where(tickets.c.id == ticket).values(draft=card))

    def drafted(self, card: str) -> list[Ticket]:
        """The tickets of which a card was made."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(tickets).where(tickets.c.draft == card))
            return [_ticket(row) for row in found]

    def holder(self, person: str) -> Ticket | None:
        """The ticket by which somebody is talking with this person just now."""
        query = (
            sa.select(tickets)
            .where(
                tickets.c.person == person,
                tickets.c.claimed_by.is_not(None),
                tickets.c.resolved_at.is_(None),
            )
            .order_by(tickets.c.claimed_at.desc())
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        return _ticket(row) if row else None

    def hear(self, connection: sa.Connection, ticket: str, text: str) -> None:
        """What a resident said while somebody has their ticket, within the caller's transaction."""
        self._line(connection, ticket, LineKind.RESIDENT, "", text)

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete a person's tickets and what was said on them."""
        theirs = sa.select(tickets.c.id).where(tickets.c.person == person)
        connection.execute(ticket_lines.delete().where(ticket_lines.c.ticket.in_(theirs)))
        connection.execute(tickets.delete().where(tickets.c.person == person))
        self._ledger.forget(connection, person)

    def prune(self, older_than: float) -> None:
        """Delete tickets opened before a moment, and what was said on them."""
        old = sa.select(tickets.c.id).where(tickets.c.opened_at < older_than)
        with self._engine.begin() as connection:
            connection.execute(ticket_lines.delete().where(ticket_lines.c.ticket.in_(old)))
            connection.execute(tickets.delete().where(tickets.c.opened_at < older_than))
        self._ledger.prune(older_than)

    def _change(self, ticket: str, login: str, **values: object) -> None:
        with self._engine.begin() as connection:
            self._held(connection, ticket, login)
            connection.execute(tickets.update().where(tickets.c.id == ticket).values(**values))

    def _held(self, connection: sa.Connection, ticket: str, login: str) -> Ticket:
        found = self._get(connection, ticket)
        if not found.open:
            raise UnknownTicketError(ticket)
        if found.claimed_by != login:
            raise TicketTakenError(found.claimed_by)
        return found

    def _line(
        self,
        connection: sa.Connection,
        ticket: str,
        kind: LineKind,
        by: str,
        text: str,
        delivery: int | None = None,
    ) -> None:
        connection.execute(
            ticket_lines.insert().values(
                ticket=ticket,
                at=self._clock(),
                kind=kind.value,
                by=by,
                text=text,
                delivery=delivery,
            )
        )

    @staticmethod
    def _get(connection: sa.Connection, ticket: str) -> Ticket:
        row = connection.execute(sa.select(tickets).where(tickets.c.id == ticket)).first()
        if row is None:
            raise UnknownTicketError(ticket)
        return _ticket(row)


def _ticket(row: sa.Row[tuple[object, ...]]) -> Ticket:
    return Ticket(
        row.id,
        row.person,
        row.channel,
        Reason(row.reason),
        row.question,
        row.opened_at,
        row.due_at,
        row.claimed_by or "",
        row.resolved_at,
        row.answer or "",
        row.draft or "",
    )

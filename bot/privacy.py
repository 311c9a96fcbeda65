"""All that is kept of one person: to be handed to them, or deleted."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.addresses import addresses
from bot.conversation import Conversations, feedback, turns
from bot.delivery import deliveries
from bot.generations import generations
from bot.helpdesk import Helpdesk
from bot.inbox import inbox
from bot.people import people
from bot.ticket_tables import ticket_lines, tickets

# Every table that holds something of a person, and the column that says whose it is. A test
# compares this with the schema, so that a new table cannot be forgotten here.
OWN: dict[str, tuple[sa.Table, str]] = {
    "people": (people, "id"),
    "turns": (turns, "person"),
    "inbox": (inbox, "person"),
    "tickets": (tickets, "person"),
    "deliveries": (deliveries, "person"),
    "addresses": (addresses, "person"),
}
# Tables that belong to a person by way of a turn or a ticket.
BY_TURN: dict[str, tuple[sa.Table, str]] = {
    "feedback": (feedback, "turn"),
    "generations": (generations, "turn"),
    "ticket_lines": (ticket_lines, "ticket"),
}
_UNREADABLE = frozenset({"sealed", "lease"})  # nothing a person can read


class Privacy:
    """Export and deletion across all tables."""

    def __init__(self, engine: sa.Engine, conversations: Conversations, helpdesk: Helpdesk) -> None:
        self._engine = engine
        self._conversations = conversations
        self._helpdesk = helpdesk

    def person_of(self, number: str) -> str | None:
        """Whom a number (of an answer, a ticket, or the person's own) belongs to."""
        with self._engine.connect() as connection:
            found = connection.execute(
                sa.select(turns.c.person).where(turns.c.id == number)
            ).scalar()
            found = (
                found
                or connection.execute(
                    sa.select(tickets.c.person).where(tickets.c.id == number)
                ).scalar()
            )
            found = (
                found
                or connection.execute(sa.select(people.c.id).where(people.c.id == number)).scalar()
            )
        return str(found) if found else None

    def export(self, person: str) -> dict[str, list[dict[str, Any]]]:
        """Every row of theirs, by table; addresses stay sealed and are left out."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._engine.connect() as connection:
            for name, (table, column) in OWN.items():
                query = sa.select(table).where(table.c[column] == person)
                found[name] = [_readable(row) for row in connection.execute(query)]
            numbers = [row["id"] for row in (*found["turns"], *found["tickets"])]
            for name, (table, column) in BY_TURN.items():
                query = sa.select(table).where(table.c[column].in_(numbers))
                found[name] = [_readable(row) for row in connection.execute(query)]
        return found

    def delete(self, person: str) -> None:
        """Everything of theirs goes, in one transaction."""
        with self._engine.begin() as connection:
            self._helpdesk.forget(connection, person)
            self._conversations.forget(connection, person)


def _readable(row: sa.Row[Any]) -> dict[str, Any]:
    return {k: v for k, v in row._mapping.items() if k not in _UNREADABLE}

"""People as we keep them: a keyed hash instead of an openid, and where their talk stands."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from knowledge.database import insert_once, metadata

people = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("first_seen", sa.Float, nullable=False),
    sa.Column("last_seen", sa.Float, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
)


@dataclass(frozen=True)
class Offer:
    """Something that was offered under a number: the question shown, and the card behind it."""

    label: str
    card: str


@dataclass(frozen=True)
class Context:
    """Where a conversation stands: what was asked last, what answered, what was offered."""

    question: str = ""
    card: str = ""
    turn: str = ""
    rateable: bool = False
    page: int = 1
    offers: tuple[Offer, ...] = field(default=())
    at: float = 0.0


_CONTEXT = TypeAdapter(Context)


def hide_person(secret: str, channel: str, address: str) -> str:
    """A person's id: HMAC-SHA256 of the channel's address, so that the table holds no openid."""
    message = f"{channel}\0{address}".encode("utf-8", "surrogatepass")
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()[:40]


class People:
    """Who has talked with us, by hidden id."""

    def __init__(
        self,
        engine: sa.Engine,
        conversation_seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._conversation_seconds = conversation_seconds
        self._clock = clock

    def context(self, person: str) -> Context | None:
        """Where the conversation stands; an empty one after a long pause; None for a stranger."""
        query = sa.select(people.c.context).where(people.c.id == person)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        try:
            found = _CONTEXT.validate_json(row.context)
        except ValidationError:
            return Context()
        return found if self._clock() - found.at <= self._conversation_seconds else Context()

    def remember(
        self, connection: sa.Connection, person: str, channel: str, context: Context
    ) -> None:
        """Store where the conversation stands, within the caller's transaction."""
        now = self._clock()
        body = _CONTEXT.dump_json(context).decode()
        row = {
            "id": person,
            "channel": channel,
            "first_seen": now,
            "last_seen": now,
            "context": body,
        }
        if not insert_once(connection, people, row):
            connection.execute(
                people.update().where(people.c.id == person).values(context=body, last_seen=now)
            )

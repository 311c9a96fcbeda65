"""The inbox: each inbound message is taken once, whoever delivers it and however often."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.messages import Reply
from knowledge.database import insert_once, metadata

inbox = sa.Table(
    "inbox",
    metadata,
    sa.Column("channel", sa.String(20), primary_key=True),
    sa.Column("message_id", sa.String(128), primary_key=True),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("lease", sa.Float, nullable=False),
    sa.Column("reply", sa.Text, nullable=True),
    sa.Column("deferred", sa.Boolean, nullable=False),
    sa.Column("collected", sa.Boolean, nullable=False),
    sa.Column("received_at", sa.Float, nullable=False),
)

# A turn takes well under a second; a worker that holds one this long has died.
LEASE_SECONDS = 20.0
POLL_SECONDS = 0.05
_REPLY = TypeAdapter(Reply)


class State(StrEnum):
    """Where an inbound message stands."""

    QUEUED = "queued"  # its channel could not wait, and nobody has begun yet
    WORKING = "working"
    DONE = "done"


@dataclass(frozen=True)
class Claim:
    """What a delivery finds: ours to answer, being answered elsewhere, or answered already."""

    fresh: bool
    done: bool = False
    reply: Reply | None = None


@dataclass(frozen=True)
class Collected:
    """What a person who comes back for late answers finds."""

    replies: tuple[Reply, ...]
    still_working: bool


class Inbox:
    """Inbound messages in SQL, unique on (channel, message id), across processes."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._sleep = sleep

    def claim(self, channel: str, message_id: str, person: str) -> Claim:
        """Take a message, or learn who has it; a lease that ran out is taken over."""
        now = self._clock()
        row = self._row(channel, message_id, person, State.WORKING)
        with self._engine.begin() as connection:
            if insert_once(connection, inbox, row):
                return Claim(fresh=True)
            found = connection.execute(_one(channel, message_id)).one()
            if found.state == State.DONE.value:
                return Claim(fresh=False, done=True, reply=_read(found.reply))
            if found.state == State.WORKING.value and found.lease >= now:
                return Claim(fresh=False)
            took = connection.execute(
                inbox.update()
                .where(
                    _same(channel, message_id),
                    inbox.c.lease == found.lease,
                    inbox.c.state == found.state,
                )
                .values(state=State.WORKING.value, lease=now + LEASE_SECONDS)
            )
            return Claim(fresh=took.rowcount == 1)

    def _row(
        self, channel: str, message_id: str, person: str, state: State, deferred: bool = False
    ) -> dict[str, object]:
        now = self._clock()
        return {
            "channel": channel,
            "message_id": message_id,
            "person": person,
            "state": state.value,
            "lease": now + LEASE_SECONDS,
            "reply": None,
            "deferred": deferred,
            "collected": False,
            "received_at": now,
        }

    def wait(self, channel: str, message_id: str) -> Claim:
        """Wait for whoever is answering; a fresh claim when they died meanwhile."""
        while True:
            with self._engine.connect() as connection:
                found = connection.execute(_one(channel, message_id)).first()
            if found is None or found.state == State.DONE.value:
                reply = _read(found.reply) if found is not None else None
                return Claim(fresh=False, done=True, reply=reply)
            if found.lease < self._clock():
                return self.claim(channel, message_id, found.person)
            self._sleep(POLL_SECONDS)

    def finish(
        self, connection: sa.Connection, channel: str, message_id: str, reply: Reply | None
    ) -> None:
        """Store the reply, within the caller's transaction."""
        connection.execute(
            inbox.update()
            .where(_same(channel, message_id))
            .values(state=State.DONE.value, reply=_write(reply))
        )

    def defer(self, channel: str, message_id: str, person: str) -> Claim:
        """Note that the answer will be collected; a done claim when it is here already.

        A message that still waits for a worker is noted too, so that its answer is kept.
        """
        queued = self._row(channel, message_id, person, State.QUEUED, deferred=True)
        with self._engine.begin() as connection:
            if insert_once(connection, inbox, queued):
                return Claim(fresh=False)
            # One statement decides, so that the answer is either returned here or collected.
            waiting = connection.execute(
                inbox.update()
                .where(_same(channel, message_id), inbox.c.state != State.DONE.value)
                .values(deferred=True)
            )
            if waiting.rowcount:
                return Claim(fresh=False)
            found = connection.execute(_one(channel, message_id)).first()
        return Claim(fresh=False, done=True, reply=_read(found.reply) if found else None)

    def expect(self, channel: str, message_id: str, person: str, seconds: float) -> None:
        """Note that an answer nobody waits for is being made, to be collected."""
        row = self._row(channel, message_id, person, State.WORKING, deferred=True)
        with self._engine.begin() as connection:
            insert_once(connection, inbox, {**row, "lease": self._clock() + seconds})

    def complete(self, channel: str, message_id: str, reply: Reply | None) -> None:
        """Keep such an answer for its person; None: none came, and none is waited for."""
        with self._engine.begin() as connection:
            if reply is None:
                connection.execute(inbox.delete().where(_same(channel, message_id)))
            else:
                self.finish(connection, channel, message_id, reply)

    def collect(self, person: str, but: str = "") -> Collected:
        """Late answers of a person that nobody has fetched yet, each given out once.

        `but` is the message that asks, which is itself in the inbox.
        """
        replies = []
        working = False
        query = (
            sa.select(inbox)
            .where(
                inbox.c.person == person,
                inbox.c.deferred.is_(True),
                inbox.c.collected.is_(False),
                inbox.c.message_id != but,
            )
            .order_by(inbox.c.received_at)
        )
        with self._engine.begin() as connection:
            for row in connection.execute(query).all():
                if row.state != State.DONE.value:
                    working = working or row.lease >= self._clock()
                    continue
                took = connection.execute(
                    inbox.update()
                    .where(_same(row.channel, row.message_id), inbox.c.collected.is_(False))
                    .values(collected=True)
                )
                reply = _read(row.reply)
                if took.rowcount == 1 and reply is not None:
                    replies.append(reply)
        return Collected(tuple(replies), working)


def _same(channel: str, message_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(inbox.c.channel == channel, inbox.c.message_id == message_id)


def _one(channel: str, message_id: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(inbox).where(_same(channel, message_id))


def _write(reply: Reply | None) -> str | None:
    return None if reply is None else _REPLY.dump_json(reply).decode()


def _read(body: str | None) -> Reply | None:
    return None if body is None else _REPLY.validate_json(body)

"""Turns: what was asked (redacted), what was answered, by which card revisions; and ratings."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from pydantic import TypeAdapter

from bot.generations import generations
from bot.inbox import inbox
from bot.messages import Reply
from bot.people import people
from knowledge.database import metadata

turns = sa.Table(
    "turns",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("asked_at", sa.Float, nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("cards", sa.Text, nullable=False),
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("elapsed_ms", sa.Float, nullable=False),
)
feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("turn", sa.String(20), primary_key=True),
    sa.Column("useful", sa.Boolean, nullable=False),
    sa.Column("card", sa.String(120), nullable=False),
    sa.Column("number", sa.Integer, nullable=True),
    sa.Column("at", sa.Float, nullable=False),
)
_REPLY = TypeAdapter(Reply)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case


@dataclass(frozen=True)
class Turn:
    """One question and its answer, as they are kept."""

    id: str
    person: str
    channel: str
    asked_at: float
    question: str
    verdict: str
    confidence: float
    cards: tuple[tuple[str, int], ...]
    reply: Reply
    elapsed_ms: float


def new_turn_id() -> str:
    """Ten letters of 32: unguessable enough that nobody rates another's answer."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


class Conversations:
    """Turns and their ratings in SQL."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def add(self, connection: sa.Connection, turn: Turn) -> None:
        """Store a turn, within the caller's transaction."""
        connection.execute(
            turns.insert().values(
                id=turn.id,
                person=turn.person,
                channel=turn.channel,
                asked_at=turn.asked_at,
                question=turn.question,
                verdict=turn.verdict,
                confidence=turn.confidence,
                cards=json.dumps(turn.cards),
                reply=_REPLY.dump_json(turn.reply).decode(),
                elapsed_ms=turn.elapsed_ms,
            )
        )

    def get(self, turn_id: str, person: str) -> Turn | None:
        """A person's own turn; None for an unknown id or somebody else's."""
        query = sa.select(turns).where(turns.c.id == turn_id, turns.c.person == person)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        return _turn(row)

    def question(self, turn_id: str) -> str:
        """What a turn asked, for staff; "" when it is kept no longer."""
        query = sa.select(turns.c.question).where(turns.c.id == turn_id)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or ""

    def around(self, person: str, turn_id: str, count: int) -> list[Turn]:
        """A person's last turns up to one of them, oldest first: how a ticket came about."""
        moment = sa.select(turns.c.asked_at).where(turns.c.id == turn_id).scalar_subquery()
        query = (
            sa.select(turns)
            .where(turns.c.person == person, turns.c.asked_at <= moment)
            .order_by(turns.c.asked_at.desc())
            .limit(count)
        )
        with self._engine.connect() as connection:
            found = [_turn(row) for row in connection.execute(query)]
        return found[::-1]

    def rate(self, connection: sa.Connection, turn: Turn, useful: bool) -> None:
        """Store a rating with the revision it is about; a second rating replaces the first."""
        card, number = turn.cards[0] if turn.cards else ("", None)
        connection.execute(feedback.delete().where(feedback.c.turn == turn.id))
        connection.execute(
            feedback.insert().values(
                turn=turn.id, useful=useful, card=card, number=number, at=self._clock()
            )
        )

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete all that is kept of a person (WeChat asks it of us when they unsubscribe)."""
        theirs = sa.select(turns.c.id).where(turns.c.person == person)
        connection.execute(feedback.delete().where(feedback.c.turn.in_(theirs)))
        connection.execute(generations.delete().where(generations.c.turn.in_(theirs)))
        connection.execute(turns.delete().where(turns.c.person == person))
        connection.execute(inbox.delete().where(inbox.c.person == person))
        connection.execute(people.delete().where(people.c.id == person))

    def prune(self, older_than: float) -> int:
        """Delete turns, messages and people not seen since a moment; returns the turns deleted."""
        with self._engine.begin() as connection:
            old = sa.select(turns.c.id).where(turns.c.asked_at < older_than)
            connection.execute(feedback.delete().where(feedback.c.turn.in_(old)))
            connection.execute(generations.delete().where(generations.c.at < older_than))
            gone = connection.execute(turns.delete().where(turns.c.asked_at < older_than))
            connection.execute(inbox.delete().where(inbox.c.received_at < older_than))
            connection.execute(people.delete().where(people.c.last_seen < older_than))
        return gone.rowcount


def _turn(row: sa.Row[tuple[object, ...]]) -> Turn:
    return Turn(
        id=row.id,
        person=row.person,
        channel=row.channel,
        asked_at=row.asked_at,
        question=row.question,
        verdict=row.verdict,
        confidence=row.confidence,
        cards=tuple((key, number) for key, number in json.loads(row.cards)),
        reply=_REPLY.validate_json(row.reply),
        elapsed_ms=row.elapsed_ms,
    )

"""Where a person can be written to, sealed with our secret: the table alone names nobody."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from knowledge.database import insert_once, metadata

addresses = sa.Table(
    "addresses",
    metadata,
    sa.Column("person", sa.String(64), primary_key=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("sealed", sa.Text, nullable=False),
    sa.Column("wrote_at", sa.Float, nullable=False),
)


class Addresses:
    """The channel's own address of each person, and when they last wrote."""

    def __init__(
        self, engine: sa.Engine, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._seal = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
        self._clock = clock

    def note(self, connection: sa.Connection, person: str, channel: str, address: str) -> None:
        """They have just written, within the caller's transaction."""
        now = self._clock()
        written = address.encode("utf-8", "surrogatepass")
        row = {
            "person": person,
            "channel": channel,
            "sealed": self._seal.encrypt(written).decode(),
            "wrote_at": now,
        }
        if not insert_once(connection, addresses, row):
            connection.execute(
                addresses.update().where(addresses.c.person == person).values(wrote_at=now)
            )

    def find(self, person: str) -> tuple[str, float] | None:
        """The address and when they last wrote; None when it is unknown or sealed by another."""
        query = sa.select(addresses).where(addresses.c.person == person)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        try:
            opened = self._seal.decrypt(row.sealed.encode())
        except InvalidToken:
            return None
        return opened.decode("utf-8", "surrogatepass"), row.wrote_at

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete a person's address."""
        connection.execute(addresses.delete().where(addresses.c.person == person))

    def prune(self, older_than: float) -> None:
        """Delete addresses of those who have not written since a moment."""
        with self._engine.begin() as connection:
            connection.execute(addresses.delete().where(addresses.c.wrote_at < older_than))

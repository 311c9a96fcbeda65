"""Where a person can be written to, sealed with our secret: the table alone names nobody."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

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
    sa.Column("menu_at", sa.Float, nullable=False, server_default="0"),
)


@dataclass(frozen=True)
class Address:
    """Where to write; `wrote_at` and `menu_at` are Unix seconds, 0 for never."""

    address: str
    wrote_at: float  # when they last sent something
    menu_at: float  # when they last tapped a menu, or began to follow


class Addresses:
    """The channel's own address of each person, and when they last wrote."""

    def __init__(
        self, engine: sa.Engine, secret: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._seal = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))
        self._clock = clock

    def note(
        self,
        connection: sa.Connection,
        person: str,
        channel: str,
        address: str,
        from_menu: bool = False,
    ) -> None:
        """They have just written or tapped a menu, within the caller's transaction."""
        now = self._clock()
        moment = {"menu_at": now} if from_menu else {"wrote_at": now}
        written = address.encode("utf-8", "surrogatepass")
        row = {
            "person": person,
            "channel": channel,
            "sealed": self._seal.encrypt(written).decode(),
            "wrote_at": 0.0,
            **moment,
        }
        if not insert_once(connection, addresses, row):
            connection.execute(
                addresses.update().where(addresses.c.person == person).values(moment)
            )

    def find(self, person: str) -> Address | None:
        """The address; None when it is unknown or sealed by another."""
        query = sa.select(addresses).where(addresses.c.person == person)
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        try:
            opened = self._seal.decrypt(row.sealed.encode())
        except InvalidToken:
            return None
        return Address(opened.decode("utf-8", "surrogatepass"), row.wrote_at, row.menu_at)

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete a person's address."""
        connection.execute(addresses.delete().where(addresses.c.person == person))

    def prune(self, older_than: float) -> None:
        """Delete addresses of those who have not written or tapped since a moment."""
        silent = addresses.c.wrote_at < older_than, addresses.c.menu_at < older_than
        with self._engine.begin() as connection:
            connection.execute(addresses.delete().where(*silent))

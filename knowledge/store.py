"""CardStore: revisions that are never changed, what is published, and who did what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from knowledge.card import Card, CardStatus, Revision
from knowledge.database import metadata

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("key", sa.String(120), primary_key=True),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("published", sa.Integer, nullable=True),
    sa.Column("latest", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.Float, nullable=False),
)
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("card", sa.String(120), sa.ForeignKey("cards.key"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("author", sa.String(120), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
)
# Every change of what residents may be told, in order: what an index follows.
publications = sa.Table(
    "publications",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("card", sa.String(120), nullable=False),
    sa.Column("number", sa.Integer, nullable=True),
    sa.Column("at", sa.Float, nullable=False),
)
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("actor", sa.String(120), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("card", sa.String(120), nullable=False),
    sa.Column("number", sa.Integer, nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
)


class UnknownCardError(LookupError):
    """No such card (or revision) in the store."""


class StaleCardError(RuntimeError):
    """Somebody saved another revision meanwhile: `newest`, None when the card is gone."""

    def __init__(self, key: str, newest: Revision | None) -> None:
        super().__init__(key)
        self.newest = newest


class ExampleCardError(ValueError):
    """An example card was to be published: what it says of its place is invented."""

    def __init__(self, key: str) -> None:
        super().__init__(f"{key} 是示例，里面的地方是编的，不能发布")


@dataclass(frozen=True)
class CardRow:
    """Where one card stands: its status, newest revision, and the one residents are told."""

    key: str
    status: CardStatus
    latest: int
    published: int | None


class CardStore:
    """Cards in SQL; every method is one transaction and safe across processes."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def save(self, card: Card, author: str, note: str = "", after: int | None = None) -> Revision:
        """Add a revision; when nothing changed, return the newest one as it is.

        `after` is the revision that was edited (0 for a new card): StaleCardError when somebody
        has saved another one meanwhile.
        """
        with self._engine.begin() as connection:
            row = self._lock(connection, card.key)
            if after is not None and after != (row.latest if row else 0):
                newest = self._revision(connection, card.key, row.latest) if row else None
                if newest is None or newest.card.digest != card.digest:
                    raise StaleCardError(card.key, newest)
            if row is None:
                connection.execute(
                    cards.insert().values(
                        key=card.key,
                        status=CardStatus.DRAFT.value,
                        published=None,
                        latest=1,
                        updated_at=self._clock(),
                    )
                )
                number = 1
            else:
                newest = self._revision(connection, card.key, row.latest)
                if newest.card.digest == card.digest:
                    return newest
                number = row.latest + 1
                # A published card stays published while a newer draft waits for review.
                status = row.status if row.published else CardStatus.DRAFT
                connection.execute(
                    cards.update()
                    .where(cards.c.key == card.key)
                    .values(latest=number, status=status.value, updated_at=self._clock())
                )
            connection.execute(
                revisions.insert().values(
                    card=card.key,
                    number=number,
                    digest=card.digest,
                    body=card.model_dump_json(),
                    author=author,
                    note=note,
                    created_at=self._clock(),
                )
            )
            self._record(connection, author, "save", card.key, number, note)
        return Revision(card=card, number=number, author=author, note=note)

    def publish(
        self,
        key: str,
        actor: str,
        number: int | None = None,
        reason: str = "",
        guard: Callable[[sa.Connection], None] = lambda _connection: None,
    ) -> Revision:
        """Make a revision (the newest by default) what residents are told.

        `guard` runs first in the same transaction, while nobody else can publish anything; what it
        raises stops the publication. Raises UnknownCardError, and ExampleCardError for a card
        about an invented place.
        """
        with self._engine.begin() as connection:
            row = self._lock(connection, key)
            if row is None:
                raise UnknownCardError(key)
            self._lock_publications(connection)
            guard(connection)
            revision = self._revision(connection, key, number or row.latest)
            if revision.card.is_example:
                raise ExampleCardError(key)
            if row.published == revision.number and row.status is CardStatus.PUBLISHED:
                return revision
            self._set_published(connection, key, revision.number, CardStatus.PUBLISHED)
            self._record(connection, actor, "publish", key, revision.number, reason)
        return revision

    def retire(self, key: str, actor: str, reason: str = "") -> None:
        """Take a card away from residents at once; its revisions stay."""
        with self._engine.begin() as connection:
            row = self._lock(connection, key)
            if row is None:
                raise UnknownCardError(key)
            self._set_published(connection, key, None, CardStatus.RETIRED)
            self._record(connection, actor, "retire", key, row.published, reason)

    def get(self, key: str, number: int | None = None) -> Revision:
        """A revision by number, the newest by default; raises UnknownCardError."""
        with self._engine.connect() as connection:
            row = self._row(connection, key)
            if row is None:
                raise UnknownCardError(key)
            return self._revision(connection, key, number or row.latest)

    def numbers(self, key: str) -> list[tuple[int, str, float, str]]:
        """Every revision of a card, newest first: number, author, moment, note."""
        query = (
            sa.select(
                revisions.c.number, revisions.c.author, revisions.c.created_at, revisions.c.note
            )
            .where(revisions.c.card == key)
            .order_by(revisions.c.number.desc())
        )
        with self._engine.connect() as connection:
            return [(r.number, r.author, r.created_at, r.note) for r in connection.execute(query)]

    def newest(self) -> list[tuple[CardRow, Revision]]:
        """Every card's newest revision with where it stands, by key."""
        query = (
            sa.select(revisions, cards.c.status, cards.c.latest, cards.c.published)
            .join(
                cards,
                sa.and_(cards.c.key == revisions.c.card, cards.c.latest == revisions.c.number),
            )
            .order_by(revisions.c.card)
        )
        with self._engine.connect() as connection:
            return [
                (CardRow(r.card, CardStatus(r.status), r.latest, r.published), _revision(r))
                for r in connection.execute(query)
            ]

    def rows(self) -> list[CardRow]:
        """Where every card stands, by key."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(cards).order_by(cards.c.key))
            return [_card_row(row) for row in found]

    def published(self, keys: Iterable[str] | None = None) -> list[Revision]:
        """The revisions residents are told (of these keys, or all), by key."""
        query = (
            sa.select(revisions)
            .join(
                cards,
                sa.and_(cards.c.key == revisions.c.card, cards.c.published == revisions.c.number),
            )
            .order_by(revisions.c.card)
        )
        if keys is not None:
            query = query.where(revisions.c.card.in_(list(keys)))
        with self._engine.connect() as connection:
            return [_revision(row) for row in connection.execute(query)]

    def published_numbers(self) -> dict[str, int]:
        """Published revision numbers by key, without reading the cards."""
        query = sa.select(cards.c.key, cards.c.published).where(cards.c.published.is_not(None))
        with self._engine.connect() as connection:
            return {row.key: row.published for row in connection.execute(query)}

    def mark(self) -> int:
        """A number that grows with every publication and retirement."""
        with self._engine.connect() as connection:
            return connection.execute(sa.select(sa.func.max(publications.c.seq))).scalar() or 0

    def replaced(self, key: str, number: int) -> int | None:
        """What residents were told before a revision was first published; None for nothing."""
        query = (
            sa.select(publications.c.number)
            .where(publications.c.card == key)
            .order_by(publications.c.seq)
        )
        with self._engine.connect() as connection:
            numbers = [row.number for row in connection.execute(query)]
        place = numbers.index(number) if number in numbers else len(numbers)
        return numbers[place - 1] if place else None

    @staticmethod
    def mark_in(connection: sa.Connection) -> int:
        """As mark(), within a transaction."""
        return connection.execute(sa.select(sa.func.max(publications.c.seq))).scalar() or 0

    @staticmethod
    def _lock_publications(connection: sa.Connection) -> None:
        # SQLite's write lock, which _lock has taken, is the whole database's.
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE publications IN SHARE ROW EXCLUSIVE MODE"))

    def _set_published(
        self, connection: sa.Connection, key: str, number: int | None, status: CardStatus
    ) -> None:
        now = self._clock()
        connection.execute(
            cards.update()
            .where(cards.c.key == key)
            .values(published=number, status=status.value, updated_at=now)
        )
        connection.execute(publications.insert().values(card=key, number=number, at=now))

    def _record(
        self,
        connection: sa.Connection,
        actor: str,
        act: str,
        key: str,
        number: int | None,
        reason: str,
    ) -> None:
        connection.execute(
            audit.insert().values(
                at=self._clock(), actor=actor, act=act, card=key, number=number, reason=reason
            )
        )

    def _lock(self, connection: sa.Connection, key: str) -> CardRow | None:
        if connection.dialect.name == "sqlite":
            # SQLite has no row locks: take the write lock before reading, so that the
            # number we derive from what we read is still right when we write it.
            connection.execute(cards.update().where(sa.false()).values(latest=0))
        return self._row(connection, key, for_update=True)

    @staticmethod
    def _row(connection: sa.Connection, key: str, for_update: bool = False) -> CardRow | None:
        query = sa.select(cards).where(cards.c.key == key)
        row = connection.execute(query.with_for_update() if for_update else query).first()
        return _card_row(row) if row else None

    @staticmethod
    def _revision(connection: sa.Connection, key: str, number: int) -> Revision:
        query = sa.select(revisions).where(revisions.c.card == key, revisions.c.number == number)
        row = connection.execute(query).first()
        if row is None:
            raise UnknownCardError(f"{key} r{number}")
        return _revision(row)


def in_force(found: Iterable[Revision], today: date) -> list[Revision]:
    """The revisions whose dates allow them today."""
    return [revision for revision in found if revision.card.in_force(today)]


def _card_row(row: sa.Row[tuple[object, ...]]) -> CardRow:
    return CardRow(row.key, CardStatus(row.status), row.latest, row.published)


def _revision(row: sa.Row[tuple[object, ...]]) -> Revision:
    card = Card.model_validate_json(row.body)
    return Revision(card=card, number=row.number, author=row.author, note=row.note)

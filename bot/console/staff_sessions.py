"""Sessions of the console: a random cookie whose digest is kept, and so can be revoked."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.console.members import Member, Members, digest
from knowledge.database import metadata

IDLE_SECONDS = 12 * 3600.0
LONGEST_SECONDS = 14 * 86400.0
SEEN_SECONDS = 60.0  # a session's last use is written at most once a minute
GUESS_SECONDS = 900.0
GUESSES_PER_LOGIN, GUESSES_PER_ADDRESS = 10, 40

staff_sessions = sa.Table(
    "staff_sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("login", sa.String(40), nullable=False, index=True),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("seen_at", sa.Float, nullable=False),
)
guesses = sa.Table(
    "guesses",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("login", sa.String(40), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
)


class LockedOutError(RuntimeError):
    """Too many wrong guesses; try again in a quarter of an hour."""


@dataclass(frozen=True)
class Staff:
    """A member at work: roles as they are now, and the token every form must carry."""

    member: Member
    csrf: str
    session: str  # its digest

    @property
    def login(self) -> str:
        """How acts are signed."""
        return self.member.login


class StaffSessions:
    """Begin, look up and end sessions; roles are read anew at every request."""

    def __init__(
        self, engine: sa.Engine, members: Members, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._members = members
        self._clock = clock

    def sign_in(self, login: str, password: str, address: str) -> str | None:
        """A new session's token, or None; raises LockedOutError after too many wrong guesses."""
        login = login.strip().lower()[:40]
        self._count_guesses(login, address)
        member = self._members.check(login, password)
        if member is None:
            with self._engine.begin() as connection:
                connection.execute(
                    guesses.insert().values(login=login, address=address[:64], at=self._clock())
                )
            return None
        with self._engine.begin() as connection:
            connection.execute(guesses.delete().where(guesses.c.login == login))
        return self.begin(member)

    def begin(self, member: Member) -> str:
        """A session for a member who has just proved who they are."""
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            connection.execute(
                staff_sessions.insert().values(
                    digest=digest(token),
                    login=member.login,
                    csrf=secrets.token_urlsafe(24),
                    started_at=now,
                    seen_at=now,
                )
            )
        return token

    def staff(self, token: str) -> Staff | None:
        """Who holds this cookie; None when it is unknown, too old, revoked or the member gone."""
        if not token:
            return None
        now = self._clock()
        with self._engine.connect() as connection:
            row = connection.execute(
                sa.select(staff_sessions).where(staff_sessions.c.digest == digest(token))
            ).first()
        if (
            row is None
            or now - row.seen_at > IDLE_SECONDS
            or now - row.started_at > LONGEST_SECONDS
        ):
            return None
        member = self._members.find(row.login)
        if member is None or member.disabled:
            return None
        if now - row.seen_at > SEEN_SECONDS:
            with self._engine.begin() as connection:
                connection.execute(
                    staff_sessions.update()
                    .where(staff_sessions.c.digest == row.digest)
                    .values(seen_at=now)
                )
        return Staff(member, row.csrf, row.digest)

    def end(self, staff: Staff) -> None:
        """Sign out."""
        with self._engine.begin() as connection:
            connection.execute(
                staff_sessions.delete().where(staff_sessions.c.digest == staff.session)
            )

    def end_all(self, login: str, but: str = "") -> int:
        """Revoke a member's sessions (all but one digest); how many there were."""
        with self._engine.begin() as connection:
            ended = connection.execute(
                staff_sessions.delete().where(
                    staff_sessions.c.login == login, staff_sessions.c.digest != but
                )
            )
        return ended.rowcount

    def prune(self) -> None:
        """Delete what no longer opens anything."""
        now = self._clock()
        with self._engine.begin() as connection:
            connection.execute(
                staff_sessions.delete().where(staff_sessions.c.seen_at < now - IDLE_SECONDS)
            )
            connection.execute(guesses.delete().where(guesses.c.at < now - GUESS_SECONDS))

    def _count_guesses(self, login: str, address: str) -> None:
        since = self._clock() - GUESS_SECONDS
        counted = sa.select(sa.func.count()).select_from(guesses).where(guesses.c.at > since)
        with self._engine.connect() as connection:
            by_login = connection.execute(counted.where(guesses.c.login == login)).scalar() or 0
            by_address = (
                connection.execute(counted.where(guesses.c.address == address[:64])).scalar() or 0
            )
        if by_login >= GUESSES_PER_LOGIN or by_address >= GUESSES_PER_ADDRESS:
            raise LockedOutError

"""Members of the console in SQL: who they are, what they may do, and how they get in."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from knowledge.database import insert_once, metadata

LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
LEAST_PASSWORD, MOST_PASSWORD = 10, 200
NAME_CHARACTERS = 20
INVITE_SECONDS = 3 * 86400.0
FIRST_SECONDS = 86400.0
SYSTEM = "system"

members = sa.Table(
    "members",
    metadata,
    sa.Column("login", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("password", sa.String(200), nullable=False),
    sa.Column("roles", sa.String(120), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("disabled_at", sa.Float, nullable=True),
)
invites = sa.Table(
    "invites",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("roles", sa.String(120), nullable=False),
    sa.Column("invited_by", sa.String(40), nullable=False),
    sa.Column("expires_at", sa.Float, nullable=False),
    sa.Column("used_by", sa.String(40), nullable=True),
)


class Role(StrEnum):
    """What a member may do; an administrator may do all."""

    VOLUNTEER = "volunteer"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class MemberError(ValueError):
    """What somebody asked for cannot be done; `code` names the sentence in console.toml."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Member:
    """One person with a login."""

    login: str
    name: str
    roles: frozenset[Role]
    disabled: bool = False

    def may(self, *roles: Role) -> bool:
        """Whether any of these roles, or an administrator's, is theirs."""
        return Role.ADMIN in self.roles or bool(self.roles & frozenset(roles))


class Members:
    """Members and invites; passwords are kept as argon2id, invites as digests."""

    def __init__(
        self,
        engine: sa.Engine,
        clock: Callable[[], float] = time.time,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._hasher = hasher or PasswordHasher()

    @cached_property
    def _nobody(self) -> str:
        """A hash that nobody's password has; made when it is needed, for it takes its time."""
        return self._hasher.hash(secrets.token_hex(8))

    def find(self, login: str) -> Member | None:
        """A member by login, disabled ones too."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(members).where(members.c.login == login)).first()
        return _member(row) if row else None

    def name_of(self, login: str) -> str:
        """What a resident is told of who is speaking."""
        found = self.find(login)
        return found.name if found else ""

    def all(self) -> list[Member]:
        """Every member by login."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(members).order_by(members.c.login))
            return [_member(row) for row in found]

    def check(self, login: str, password: str) -> Member | None:
        """The member when the password is theirs; takes as long for a login that is not there."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(members).where(members.c.login == login)).first()
        try:
            self._hasher.verify(row.password if row else self._nobody, password[:MOST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        return _member(row) if row and row.disabled_at is None else None

    def change_password(self, login: str, old: str, new: str) -> None:
        """Raises MemberError when the old one is wrong or the new one too short."""
        if self.check(login, old) is None:
            raise MemberError("wrong_password")
        with self._engine.begin() as connection:
            connection.execute(
                members.update().where(members.c.login == login).values(password=self._hashed(new))
            )

    def give_roles(self, login: str, roles: Iterable[Role], disabled: bool, by: str) -> None:
        """Change what a member may do; nobody may lock out the last administrator."""
        kept = frozenset(roles)
        with self._engine.begin() as connection:
            self._alone(connection)
            row = connection.execute(sa.select(members).where(members.c.login == login)).first()
            if row is None:
                raise MemberError("unknown_member")
            stays = Role.ADMIN in kept and not disabled
            if _member(row).may(Role.ADMIN) and not stays and self._admins(connection) <= 1:
                raise MemberError("last_admin")
            if login == by and not stays:
                raise MemberError("not_yourself")
            connection.execute(
                members.update()
                .where(members.c.login == login)
                .values(
                    roles=_written(kept),
                    disabled_at=(row.disabled_at or self._clock()) if disabled else None,
                )
            )

    def invite(self, roles: Iterable[Role], by: str, seconds: float = INVITE_SECONDS) -> str:
        """A token that makes one member within `seconds`; only its digest is kept."""
        kept = frozenset(roles)
        if not kept:
            raise MemberError("no_roles")
        token = secrets.token_urlsafe(24)
        with self._engine.begin() as connection:
            connection.execute(
                invites.insert().values(
                    digest=digest(token),
                    roles=_written(kept),
                    invited_by=by,
                    expires_at=self._clock() + seconds,
                    used_by=None,
                )
            )
        return token

    def invited(self, token: str) -> frozenset[Role]:
        """The roles that an invite gives; raises MemberError for a used or an old one."""
        with self._engine.connect() as connection:
            return self._open_invite(connection, token)

    def accept(self, token: str, login: str, name: str, password: str) -> Member:
        """Make the invited member, once; raises MemberError saying what is wrong."""
        login, name = login.strip().lower(), name.strip()
        if not LOGIN.fullmatch(login) or login == SYSTEM:
            raise MemberError("bad_login")
        if not 0 < len(name) <= NAME_CHARACTERS:
            raise MemberError("bad_name")
        hashed = self._hashed(password)
        with self._engine.begin() as connection:
            self._alone(connection)
            roles = self._open_invite(connection, token)
            row = {
                "login": login,
                "name": name,
                "password": hashed,
                "roles": _written(roles),
                "created_at": self._clock(),
                "disabled_at": None,
            }
            if not insert_once(connection, members, row):
                raise MemberError("login_taken")
            used = connection.execute(
                invites.update()
                .where(invites.c.digest == digest(token), invites.c.used_by.is_(None))
                .values(used_by=login)
            )
            if used.rowcount != 1:
                raise MemberError("invite_used")
        return Member(login, name, roles)

    def first_invite(self) -> str | None:
        """A one-time token for the first administrator; None when there is one already."""
        with self._engine.begin() as connection:
            if self._admins(connection):
                return None
            # A start prints a new link; the one printed before must not stay good beside it.
            connection.execute(invites.delete().where(invites.c.invited_by == SYSTEM))
        return self.invite([Role.ADMIN], SYSTEM, FIRST_SECONDS)

    def _open_invite(self, connection: sa.Connection, token: str) -> frozenset[Role]:
        row = connection.execute(
            sa.select(invites).where(invites.c.digest == digest(token))
        ).first()
        if row is None:
            raise MemberError("invite_unknown")
        if row.used_by is not None:
            raise MemberError("invite_used")
        if row.expires_at < self._clock():
            raise MemberError("invite_old")
        return _read(row.roles)

    def _hashed(self, password: str) -> str:
        if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
            raise MemberError("short_password")
        return self._hasher.hash(password)

    @staticmethod
    def _admins(connection: sa.Connection) -> int:
        found = connection.execute(
            sa.select(members.c.roles).where(members.c.disabled_at.is_(None))
        )
        return sum(Role.ADMIN in _read(row.roles) for row in found)

    @staticmethod
    def _alone(connection: sa.Connection) -> None:
        """One change of members at a time."""
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE members IN SHARE ROW EXCLUSIVE MODE"))
        else:
            connection.execute(members.update().where(sa.false()).values(name=""))


def digest(token: str) -> str:
    """What is kept of a secret that its holder alone knows."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _member(row: sa.Row[tuple[object, ...]]) -> Member:
    return Member(row.login, row.name, _read(row.roles), row.disabled_at is not None)


def _written(roles: Iterable[Role]) -> str:
    return ",".join(sorted(role.value for role in roles))


def _read(roles: str) -> frozenset[Role]:
    return frozenset(Role(role) for role in roles.split(",") if role)

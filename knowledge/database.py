"""The SQLAlchemy engine: SQLite (WAL) by default, PostgreSQL by URL; and the migrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

HEAD = "0007"  # the newest migration; a test holds it equal to Alembic's own answer
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 5.0

metadata = sa.MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(column_0_N_label)s",
    }
)


class DatabaseError(RuntimeError):
    """The database cannot be opened; the message says what the person running us can do."""


def open_database(url: str) -> sa.Engine:
    """An engine for a SQLAlchemy URL, its schema brought up to date.

    Raises DatabaseError with the way out: a wrong URL, no permission, a full disk, a newer schema.
    """
    try:
        engine = sa.create_engine(url, **_options(url))
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _set_pragmas)
        migrate(engine)
    except (sa.exc.SQLAlchemyError, OSError, ModuleNotFoundError) as error:
        reason = getattr(error, "orig", None) or error
        raise DatabaseError(
            f"cannot open the database ({reason}); check KEPUBANG_DATABASE_URL, "
            "that its folder can be written, and that the disk is not full"
        ) from error
    return engine


def sqlite_url(path: Path) -> str:
    """The URL of a SQLite file, its folder made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to HEAD; costs one query when it is there already."""
    with engine.connect() as connection:
        if sa.inspect(connection).has_table("alembic_version"):
            found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
            if found == HEAD:
                return
    # Alembic takes 0.2 s to import, which a cold start can spare.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Two workers that start together must not both create the tables.
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(5817)"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def insert_once(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless one with its key is there; True when it was inserted."""
    # RETURNING says whether a row went in; psycopg's rowcount does not for such an insert.
    key = next(iter(table.primary_key))
    if connection.dialect.name == "postgresql":
        kept = postgresql_insert(table).values(row).on_conflict_do_nothing().returning(key)
        return connection.execute(kept).first() is not None
    inserted = sqlite_insert(table).values(row).on_conflict_do_nothing().returning(key)
    return connection.execute(inserted).first() is not None


def _options(url: str) -> dict[str, Any]:
    if not url.startswith("sqlite"):
        return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 10}
    return {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()

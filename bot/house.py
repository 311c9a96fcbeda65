"""The composition root: settings become the parts, each made once and wired by hand."""

from __future__ import annotations

import contextlib
import ctypes
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
import structlog

from bot.addresses import Addresses
from bot.assistant.assistant import Assistant
from bot.assistant.grounding import Grounding
from bot.assistant.model import Model
from bot.console.members import Members
from bot.console.staff_sessions import StaffSessions
from bot.conversation import Conversations
from bot.delivery import Ledger
from bot.dialogue import Dialogue
from bot.fuller import Fuller
from bot.generations import Generations
from bot.handover import Handover
from bot.health import Condition, Health
from bot.helpdesk import Helpdesk
from bot.images import ImageReader
from bot.inbox import Inbox
from bot.late import LateDelivery
from bot.metrics import Metrics
from bot.modelling import make_drafting, make_model
from bot.ocr.rapidocr_reader import RapidOcrReader
from bot.pacing import Pacing
from bot.people import People
from bot.pictures import Pictures
from bot.rehearsal import Rehearsal
from bot.settings import Settings
from knowledge.database import open_database, sqlite_url
from knowledge.starterpack import load_pack
from knowledge.store import CardStore
from prompts import Wording, load_wording
from retrieval.background import Background, background_texts, load_scope
from retrieval.embedder import Embedder
from retrieval.embedding_cache import EmbeddingCache
from retrieval.external import make_embedder
from retrieval.indexer import Indexer, Progress
from retrieval.retriever import Retriever
from retrieval.snapshot import Snapshots

log = structlog.get_logger()
WATCH_SECONDS = 0.3  # a published card is answered within one second
PRUNE_SECONDS = 3600.0
SAVE_SECONDS = 60.0  # a morning of publishing writes the index once a minute, not once a card


@dataclass(frozen=True)
class House:
    """Every part of a running assistant."""

    settings: Settings
    engine: sa.Engine
    store: CardStore
    indexer: Indexer
    retriever: Retriever
    assistant: Assistant
    dialogue: Dialogue
    addresses: Pacing
    conversations: Conversations
    helpdesk: Helpdesk
    ledger: Ledger
    generations: Generations
    wording: Wording
    health: Health
    metrics: Metrics
    secret: str
    sessions: StaffSessions
    rehearsal: Rehearsal
    reader: ImageReader | None  # of pictures; None when they are not read here

    def close(self) -> None:
        """Keep the index for the next start, and give the database back."""
        if self.reader is not None:
            self.reader.close()
        self.rehearsal.close()
        self.indexer.close()
        self.engine.dispose()


def build_house(
    settings: Settings,
    progress: Progress | None = None,
    embedder: Embedder | None = None,
    today: Callable[[], date] = date.today,
    with_pack: bool = True,
    model: Model | None = None,
) -> House:
    """Open the database, load the starter pack into an empty store, build the index.

    `model` stands in for the one of the settings.
    Raises DatabaseError, EmbedderError, ModelSettingsError or CardFileError, each with the way out.
    """
    engine = open_database(
        settings.database_url or sqlite_url(settings.data_dir.absolute() / "kepubang.db")
    )
    secret = settings.secret.get_secret_value() or _kept_secret(settings)
    store = CardStore(engine)
    if with_pack and not store.rows():
        load_pack(store)
    health, metrics, wording = Health(), Metrics(), load_wording()
    embedder = embedder or make_embedder(
        settings.embedder,
        settings.embedder_url,
        settings.embedder_key.get_secret_value(),
        settings.embedder_timeout_seconds,
    )
    # Loading the models takes a second, as reading the cards does: both at once on two cores.
    threading.Thread(target=_wake, args=(embedder,), daemon=True).start()
    cache = EmbeddingCache(engine, embedder)
    background = Background(scope=load_scope(), fingerprint=embedder.fingerprint)
    kept = (settings.data_dir / "index", embedder.fingerprint, settings.exact_vectors)
    snapshots = Snapshots(*kept)
    indexer = Indexer(store, cache, today, snapshots)
    indexer.refresh(progress)
    indexer.save()
    if not indexer.error:
        _embed_background(background, cache, progress)
    _give_back_memory()
    retriever = Retriever(
        indexer.index,
        embedder,
        indexer.lookup,
        background,
        on_embedder=lambda works: health.report(
            "embedder", works, "" if works else "keyword search answers alone"
        ),
    )
    model = model or make_model(settings)
    drafting = None
    if model is not None:
        drafting = make_drafting(
            model, Grounding(), settings, engine, wording, today, metrics, health
        )
    assistant = Assistant(retriever, indexer, wording, today, embedder.fingerprint, drafting)
    conversations, people_addresses = Conversations(engine), Addresses(engine, secret)
    ledger = Ledger(engine, people_addresses)
    helpdesk, members = Helpdesk(engine, ledger), Members(engine)
    inbox, generations = Inbox(engine), Generations(engine)
    reading = settings.ocr == "auto" and RapidOcrReader.installed()
    reader = RapidOcrReader() if reading else None
    dialogue = Dialogue(
        engine=engine,
        assistant=assistant,
        people=People(engine, settings.conversation_minutes * 60),
        inbox=inbox,
        conversations=conversations,
        helpdesk=helpdesk,
        pacing=Pacing(settings.person_per_minute, settings.person_per_day, settings.redis_url),
        wording=wording,
        secret=secret,
        retention_days=settings.retention_days,
        health=health,
        metrics=metrics,
        pictures=Pictures(reader),
        fuller=Fuller(
            engine,
            generations,
            conversations,
            LateDelivery(engine, inbox, ledger),
            wording,
            metrics,
            settings.model_wait_seconds,
            settings.model_timeout_seconds,
        ),
        handover=Handover(helpdesk, ledger, people_addresses, wording, members.name_of),
    )
    house = House(
        settings=settings,
        engine=engine,
        store=store,
        indexer=indexer,
        retriever=retriever,
        assistant=assistant,
        dialogue=dialogue,
        addresses=Pacing(settings.address_per_minute, None, settings.redis_url),
        conversations=conversations,
        helpdesk=helpdesk,
        ledger=ledger,
        generations=generations,
        wording=wording,
        health=health,
        metrics=metrics,
        secret=secret,
        sessions=StaffSessions(engine, members),
        rehearsal=Rehearsal(
            store,
            cache,
            embedder,
            background,
            today,
            lambda: Snapshots(*kept),
        ),
        reader=reader,
    )
    health.watch("database", lambda: _look_at_database(house))
    health.watch("index", lambda: _look_at_index(house))
    return house


class Watcher:
    """A thread that follows publications by any process, and enforces the retention days."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the thread."""
        self._stop.set()
        self._thread.join(timeout=10)

    def _run(self) -> None:
        pruned_at = saved_at = float("-inf")
        while not self._stop.wait(WATCH_SECONDS):
            try:
                if not self._house.indexer.current():
                    self._house.indexer.refresh()
                if time.monotonic() - saved_at > SAVE_SECONDS:
                    self._house.indexer.save()
                    saved_at = time.monotonic()
                if time.monotonic() - pruned_at > PRUNE_SECONDS:
                    days = self._house.settings.retention_days
                    self._house.conversations.prune(time.time() - days * 86400)
                    self._house.helpdesk.prune(time.time() - days * 86400)
                    self._house.sessions.prune()
                    pruned_at = time.monotonic()
            except Exception as error:  # noqa: BLE001 - the watcher must outlive a bad moment
                self._house.metrics.failures.labels("watcher").inc()
                log.warning("watcher_failed", error=type(error).__name__)
                self._stop.wait(5)


def _wake(embedder: Embedder) -> None:
    # Whatever fails here is met again, and reported, at the first question.
    with contextlib.suppress(Exception):
        embedder.embed(["醒一醒"])


def _give_back_memory() -> None:
    """Let go of what a first build left: glibc keeps it for a process that never builds again."""
    with contextlib.suppress(OSError, AttributeError):  # another libc has no such call
        ctypes.CDLL(None).malloc_trim(0)


def _embed_background(
    background: Background, cache: EmbeddingCache, progress: Progress | None
) -> None:
    try:
        background.give_vectors(cache.embed(background_texts(), progress))
    except Exception as error:  # noqa: BLE001 - the confidence is coarser without it, no worse
        log.warning("background_not_embedded", error=type(error).__name__)


def _kept_secret(settings: Settings) -> str:
    path = settings.data_dir / "secret"
    if path.exists():
        return path.read_text("utf-8").strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    made = secrets.token_urlsafe(32)
    path.touch(mode=0o600)
    path.write_text(made, "utf-8")
    return made


def _look_at_database(house: House) -> Condition:
    try:
        with house.engine.connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except sa.exc.SQLAlchemyError as error:
        return Condition(False, type(error).__name__)
    seen = house.health.reported("database")
    return seen or Condition(True)


def _look_at_index(house: House) -> Condition:
    count = len(house.indexer.revisions)
    house.metrics.cards.set(count)
    if not count:
        return Condition(False, "no published cards; run: kepubang cards import")
    return Condition(not house.indexer.error, house.indexer.error)

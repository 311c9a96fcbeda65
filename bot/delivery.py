"""The delivery ledger: what is on its way to residents, each channel's windows and quotas.

WeChat takes customer-service messages for 48 hours after a person's last word, five of them, and
three within a minute after a tap on a menu (protocol notes, section 5;
https://developers.weixin.qq.com/doc/service/guide/product/message/Service_Center_messages.html);
one of them is kept for a human. What cannot be pushed waits, and is handed over in front of the
answer to the person's next message, which works on every account. Nothing is called sent before
the platform took it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import sqlalchemy as sa
import structlog

from bot.addresses import Address, Addresses
from knowledge.database import metadata

log = structlog.get_logger()
WINDOW_SECONDS = 48 * 3600.0
QUOTA = 5
MENU_SECONDS = 60.0
MENU_QUOTA = 3
KEPT_FOR_HUMANS = 1
MOST_ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 5.0
LEASE_SECONDS = 60.0  # a sender that holds a row longer has died
LIMITED = frozenset({"wechat"})  # channels with a window and a quota

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("person", sa.String(64), nullable=False, index=True),
    sa.Column("channel", sa.String(20), nullable=False),
    sa.Column("origin", sa.String(10), nullable=False),
    sa.Column("subject", sa.String(160), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.Float, nullable=False),
    sa.Column("error", sa.String(40), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("settled_at", sa.Float, nullable=True),
)


class Origin(StrEnum):
    """Who speaks."""

    HUMAN = "human"
    BOT = "bot"
    MODEL = "model"  # a language model wrote part of it: the channel's own mark is set
    RECALL = "recall"


class DeliveryState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"  # to be pushed
    SENDING = "sending"
    SENT = "sent"  # the platform took it
    WAITING = "waiting"  # for the person's next message
    HANDED = "handed"  # went out in front of an answer
    UNKNOWN = "unknown"  # timed out: perhaps taken; handed over once more, saying so
    REFUSED = "refused"  # the person can no longer be reached


class Remedy(StrEnum):
    """What a failed push means for the ledger."""

    RETRY = "retry"  # a passing failure
    HAND_OVER = "hand_over"  # not by push: window, quota
    NO_PUSH = "no_push"  # this account may never push
    UNKNOWN = "unknown"  # perhaps it was taken
    REFUSED = "refused"  # this person is gone


class SendError(RuntimeError):
    """A push that failed: what to do, and the platform's code."""

    def __init__(self, remedy: Remedy, code: str) -> None:
        super().__init__(f"{remedy.value} {code}")
        self.remedy = remedy
        self.code = code


class Sender(Protocol):
    """A channel's way to write first. Blocks; raises SendError and nothing else."""

    def send(self, address: str, text: str, generated: bool = False) -> None:
        """Push one text; returns when the platform took it.

        `generated` sets the platform's own mark for what a model wrote, where there is one.
        """
        ...


@dataclass(frozen=True)
class Delivery:
    """One message to one person."""

    id: int
    person: str
    channel: str
    origin: Origin
    subject: str  # the ticket or the card it is about
    text: str
    state: DeliveryState
    attempts: int
    error: str
    created_at: float


class Ledger:
    """Deliveries in SQL; one row is pushed by one process."""

    def __init__(
        self, engine: sa.Engine, addresses: Addresses, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._addresses = addresses
        self._clock = clock
        self._senders: Mapping[str, Sender] = {}
        self.no_push: set[str] = set()  # channels whose account turned out to have none

    def use(self, senders: Mapping[str, Sender]) -> None:
        """The channels that can push, by name; the others always wait."""
        self._senders = senders

    def add(
        self,
        connection: sa.Connection,
        person: str,
        channel: str,
        text: str,
        origin: Origin,
        subject: str = "",
    ) -> int:
        """Put a message on its way, within the caller's transaction; its number."""
        state = DeliveryState.QUEUED if self.pushes(channel) else DeliveryState.WAITING
        now = self._clock()
        found = connection.execute(
            deliveries.insert()
            .values(
                person=person,
                channel=channel,
                origin=origin.value,
                subject=subject[:160],
                text=text,
                state=state.value,
                attempts=0,
                next_at=now,
                error="",
                created_at=now,
            )
            .returning(deliveries.c.id)
        )
        return int(found.scalar_one())

    def push_due(self) -> int:
        """Push what is due; how many rows were tried."""
        tried = 0
        while (delivery := self._take()) is not None:
            tried += 1
            self._push(delivery)
        return tried

    def waiting(self, person: str) -> list[Delivery]:
        """What a person is handed with their next answer, oldest first."""
        states = (DeliveryState.WAITING.value, DeliveryState.UNKNOWN.value)
        query = (
            sa.select(deliveries)
            .where(deliveries.c.person == person, deliveries.c.state.in_(states))
            .order_by(deliveries.c.id)
        )
        with self._engine.connect() as connection:
            return [_delivery(row) for row in connection.execute(query)]

    def hand_over(self, connection: sa.Connection, handed: Sequence[Delivery]) -> None:
        """They went out in front of an answer, within the caller's transaction."""
        connection.execute(
            deliveries.update()
            .where(deliveries.c.id.in_([d.id for d in handed]))
            .values(state=DeliveryState.HANDED.value, settled_at=self._clock())
        )

    def about(self, subject: str) -> list[Delivery]:
        """Every message about a ticket or a card."""
        query = sa.select(deliveries).where(deliveries.c.subject == subject)
        with self._engine.connect() as connection:
            return [_delivery(r) for r in connection.execute(query.order_by(deliveries.c.id))]

    def forget(self, connection: sa.Connection, person: str) -> None:
        """Delete a person's messages and their address."""
        connection.execute(deliveries.delete().where(deliveries.c.person == person))
        self._addresses.forget(connection, person)

    def prune(self, older_than: float) -> None:
        """Delete messages made before a moment, and addresses not used since."""
        with self._engine.begin() as connection:
            connection.execute(deliveries.delete().where(deliveries.c.created_at < older_than))
        self._addresses.prune(older_than)

    def pushes(self, channel: str) -> bool:
        """Whether a channel can write first."""
        return channel in self._senders and channel not in self.no_push

    def _take(self) -> Delivery | None:
        """The oldest row that is due, ours for a while."""
        now = self._clock()
        # A row whose sender died may have gone out: it is not pushed a second time.
        died = (
            deliveries.update()
            .where(deliveries.c.state == DeliveryState.SENDING.value, deliveries.c.next_at < now)
            .values(state=DeliveryState.UNKNOWN.value, error="interrupted")
        )
        query = (
            sa.select(deliveries)
            .where(deliveries.c.state == DeliveryState.QUEUED.value, deliveries.c.next_at <= now)
            .order_by(deliveries.c.next_at, deliveries.c.id)
            .limit(1)
        )
        with self._engine.begin() as connection:
            connection.execute(died)
            row = connection.execute(query).first()
            if row is None:
                return None
            took = connection.execute(
                deliveries.update()
                .where(deliveries.c.id == row.id, deliveries.c.state == DeliveryState.QUEUED.value)
                .values(state=DeliveryState.SENDING.value, next_at=now + LEASE_SECONDS)
            )
        return _delivery(row) if took.rowcount == 1 else None

    def _push(self, delivery: Delivery) -> None:
        found = self._addresses.find(delivery.person)
        sender = self._senders.get(delivery.channel)
        if found is None or sender is None or not self.pushes(delivery.channel):
            self._settle(delivery, DeliveryState.WAITING, "no_push")
            return
        if refusal := self._limit(delivery, found):
            self._settle(delivery, DeliveryState.WAITING, refusal)
            return
        try:
            if delivery.origin is Origin.MODEL:
                sender.send(found.address, delivery.text, generated=True)
            else:
                sender.send(found.address, delivery.text)
        except SendError as error:
            self._failed(delivery, error)
        except Exception as error:  # noqa: BLE001 - a fault of ours: it must not be called sent
            log.warning("push_failed", channel=delivery.channel, error=type(error).__name__)
            self._failed(delivery, SendError(Remedy.UNKNOWN, type(error).__name__))
        else:
            self._settle(delivery, DeliveryState.SENT, "")

    def _limit(self, delivery: Delivery, address: Address) -> str:
        """Why it may not be pushed now; "" when it may."""
        if delivery.channel not in LIMITED:
            return ""
        kept = 0 if delivery.origin is Origin.HUMAN else KEPT_FOR_HUMANS
        now, refusal = self._clock(), "window"
        for since, seconds, quota in (
            (address.wrote_at, WINDOW_SECONDS, QUOTA),
            (address.menu_at, MENU_SECONDS, MENU_QUOTA),
        ):
            if now - since > seconds:
                continue
            if self._used(delivery.person, since) < quota - kept:
                return ""
            refusal = "quota"
        return refusal

    def _used(self, person: str, since: float) -> int:
        """How many were taken, or perhaps taken, since a moment."""
        sent = sa.select(sa.func.count()).where(
            deliveries.c.person == person,
            deliveries.c.state.in_([DeliveryState.SENT.value, DeliveryState.UNKNOWN.value]),
            deliveries.c.settled_at >= since,
        )
        with self._engine.connect() as connection:
            return int(connection.execute(sent).scalar() or 0)

    def _failed(self, delivery: Delivery, error: SendError) -> None:
        attempts = delivery.attempts + 1
        if error.remedy is Remedy.RETRY and attempts < MOST_ATTEMPTS:
            pause = FIRST_PAUSE_SECONDS * 2.0**delivery.attempts
            self._update(
                delivery.id,
                state=DeliveryState.QUEUED.value,
                attempts=attempts,
                next_at=self._clock() + pause,
                error=error.code,
            )
            return
        if error.remedy is Remedy.NO_PUSH:
            self.no_push.add(delivery.channel)
            log.warning("account_cannot_push", channel=delivery.channel, code=error.code)
        states = {
            Remedy.UNKNOWN: DeliveryState.UNKNOWN,
            Remedy.REFUSED: DeliveryState.REFUSED,
        }
        state = states.get(error.remedy, DeliveryState.WAITING)
        self._settle(delivery, state, error.code, attempts)

    def _settle(
        self, delivery: Delivery, state: DeliveryState, error: str, attempts: int | None = None
    ) -> None:
        self._update(
            delivery.id,
            state=state.value,
            error=error[:40],
            attempts=delivery.attempts + 1 if attempts is None else attempts,
            settled_at=self._clock(),
        )

    def _update(self, number: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                deliveries.update().where(deliveries.c.id == number).values(**values)
            )


def _delivery(row: sa.Row[tuple[object, ...]]) -> Delivery:
    return Delivery(
        row.id,
        row.person,
        row.channel,
        Origin(row.origin),
        row.subject,
        row.text,
        DeliveryState(row.state),
        row.attempts,
        row.error,
        row.created_at,
    )

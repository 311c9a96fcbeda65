"""Recall: who was told the old words of a card that was corrected, and telling them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from bot.conversation import turns
from bot.delivery import Ledger, Origin

DAY_SECONDS = 86400.0
_ASKED_BACK = "clarify"  # shows titles only: nobody was told a card's words


@dataclass(frozen=True)
class Preview:
    """Who would be told: people by channel, and how many were told already."""

    by_channel: Mapping[str, int]
    told: int

    @property
    def people(self) -> int:
        """How many would be told."""
        return sum(self.by_channel.values())


class Recalls:
    """Finds by the revision that every turn keeps; sends by the ledger, once to each person."""

    def __init__(
        self, engine: sa.Engine, ledger: Ledger, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._ledger = ledger
        self._clock = clock

    def preview(self, card: str, number: int, days: int) -> Preview:
        """Who heard an older revision within `days` days and none as new as `number` since."""
        told = {d.person for d in self._ledger.about(subject_of(card, number))}
        found = self._heard_old(card, number, days)
        by_channel = Counter(c for person, c in found.items() if person not in told)
        return Preview(by_channel, len(told & found.keys()))

    def send(self, card: str, number: int, days: int, text: str) -> int:
        """Put the correction on its way to everybody who was not told yet; how many."""
        subject = subject_of(card, number)
        found = self._heard_old(card, number, days)
        told = {d.person for d in self._ledger.about(subject)}
        fresh = {person: channel for person, channel in found.items() if person not in told}
        with self._engine.begin() as connection:
            for person, channel in fresh.items():
                self._ledger.add(connection, person, channel, text, Origin.RECALL, subject)
        return len(fresh)

    def states(self, card: str, number: int) -> Mapping[str, int]:
        """How far a correction has come: messages by state."""
        return Counter(d.state.value for d in self._ledger.about(subject_of(card, number)))

    def _heard_old(self, card: str, number: int, days: int) -> dict[str, str]:
        since = self._clock() - days * DAY_SECONDS
        query = (
            sa.select(turns.c.person, turns.c.channel, turns.c.cards)
            .where(turns.c.asked_at >= since, turns.c.verdict != _ASKED_BACK)
            .where(turns.c.cards.contains(f'"{card}"', autoescape=True))
            .order_by(turns.c.asked_at)
        )
        heard: dict[str, str] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                numbers = [n for key, n in json.loads(row.cards) if key == card]
                if any(n >= number for n in numbers):
                    heard.pop(row.person, None)
                elif numbers:
                    heard[row.person] = row.channel
        return heard


def subject_of(card: str, number: int) -> str:
    """What the ledger files a correction under."""
    return f"recall {card} {number}"

"""Reminders: which published cards end, or are to be looked at again, before a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.card import Card

SOON_DAYS = 45  # long enough to rewrite a card and have it reviewed
URGENT_DAYS = 14  # from here on the console says so on its first page


@dataclass(frozen=True)
class Reminder:
    """A card and the day that comes near; `ends` when it is not used after that day."""

    card: Card
    day: date
    ends: bool


def reminders_of(cards: Iterable[Card], today: date, days: int = SOON_DAYS) -> list[Reminder]:
    """One for each card whose end or review lies within `days`, or is past; the nearest first."""
    until = today + timedelta(days=days)
    found = []
    for card in cards:
        if card.valid_until and card.valid_until <= until:
            found.append(Reminder(card, card.valid_until, True))
        elif card.review_due <= until:
            found.append(Reminder(card, card.review_due, False))
    return sorted(found, key=lambda reminder: (reminder.day, reminder.card.key))

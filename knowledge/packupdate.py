"""Starter-pack updates: a newer pack's changed cards, beside what people here made of them.

The first import publishes the pack. Later ones change nothing by themselves: every changed card
waits here, and becomes a draft when somebody takes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from knowledge.card import Card
from knowledge.starterpack import AUTHOR
from knowledge.store import CardStore, UnknownCardError


@dataclass(frozen=True)
class PackUpdate:
    """One card: as the old pack had it, as it is here, and as the new pack has it."""

    key: str
    base: Card | None
    here: Card | None
    pack: Card

    @property
    def edited_here(self) -> bool:
        """Whether people here changed it since the pack was loaded."""
        return self.here is not None and self.base is not None and self.here != self.base


def find_updates(store: CardStore, pack: Iterable[Card]) -> list[PackUpdate]:
    """The pack's cards that differ from what was last taken of the pack; nothing is written."""
    found = []
    for card in pack:
        base, here = _last_of_pack(store, card.key)
        if base is not None and base.digest == card.digest:
            continue
        if here is not None and here.digest == card.digest:
            continue
        found.append(PackUpdate(card.key, base, here, card))
    return found


def take_update(store: CardStore, update: PackUpdate, by: str) -> int:
    """Save the pack's words as a new draft by whoever takes it; the revision's number."""
    return store.save(update.pack, by, "starter pack update").number


def _last_of_pack(store: CardStore, key: str) -> tuple[Card | None, Card | None]:
    try:
        numbers = store.numbers(key)
        here = store.get(key).card
    except UnknownCardError:
        return None, None
    for number, author, _at, note in numbers:
        if author == AUTHOR or note == "starter pack update":
            return store.get(key, number).card, here
    return None, here

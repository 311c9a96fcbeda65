"""The starter pack into a store: each card published unless it leans on unread facts.

The pack has no example of a local place; one that strays in stays a draft.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge.card import Card, CardStatus
from knowledge.cardfile import read_cards
from knowledge.store import CardStore

PACK = Path(__file__).parent / "cards"
AUTHOR = "starter-pack"


@dataclass(frozen=True)
class Loaded:
    """How many cards were new, left alone because people here changed them, or wait for review."""

    added: int
    published: int
    drafts: int
    kept: int
    waiting: int = 0


def load_pack(store: CardStore, folder: Path = PACK, update: bool = True) -> Loaded:
    """Load new and changed starter cards; what people here edited or retired is left alone.

    Idempotent: a second run changes nothing. Without `update`, cards that are in the store already
    stay as they are and are counted as waiting: the console shows what would change. Raises
    CardFileError when a card file is broken.
    """
    return load_cards(store, read_cards(folder).values(), update)


def load_cards(store: CardStore, found: Iterable[Card], update: bool = True) -> Loaded:
    """As load_pack, from cards in memory."""
    standing = {row.key: row for row in store.rows()}
    added = published = drafts = kept = waiting = 0
    fresh_store = not standing
    for card in found:
        row = standing.get(card.key)
        waited = False
        if not (update or fresh_store):
            known = row is not None and store.get(card.key).card.digest == card.digest
            kept, waiting = kept + known, waiting + (not known)
            continue
        if row is not None:
            newest = store.get(card.key)
            if newest.author != AUTHOR or newest.card.digest == card.digest:
                kept += 1
                continue
            waited = row.status is CardStatus.DRAFT and bool(newest.card.unverified)
        store.save(card, AUTHOR, "starter pack")
        added += 1
        if card.unverified or card.is_example:
            drafts += 1
        elif row is None or row.published or waited:
            # A draft that waited only for its facts to be read need wait no longer. A card that
            # people here retired stays retired; the newer text waits as a draft.
            store.publish(card.key, AUTHOR, reason="starter pack")
            published += 1
    return Loaded(added, published, drafts, kept, waiting)

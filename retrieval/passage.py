"""Passage: the piece of a card that is matched; a card becomes several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from knowledge.card import Card, CardKind, Revision
from retrieval.text import clean


class Part(StrEnum):
    """Which part of a card a passage is."""

    ASK = "ask"
    TITLE = "title"
    ANSWER = "answer"
    BODY = "body"  # the whole card; keyword search only, too long to embed well
    NOT_ASK = "not_ask"  # a near miss: evidence against the card


# What the embedder sees. Short texts only: USE is clearly worse on long ones (DEPENDENCIES.md).
EMBEDDED = (Part.ASK, Part.TITLE, Part.ANSWER, Part.NOT_ASK)


@dataclass(frozen=True)
class Passage:
    """One matched piece of one revision; `written` is as the card has it."""

    id: int
    card: str
    revision: int
    part: Part
    written: str
    kind: CardKind = CardKind.ADVICE

    @cached_property
    def text(self) -> str:
        """The piece, clean; made when it is needed, for a start from a snapshot needs few."""
        return clean(self.written)


def passages_of(revision: Revision) -> list[Passage]:
    """Every passage of a revision; ids are stable across runs and unique in practice (63 bits)."""
    card = revision.card
    pieces = [(Part.ASK, ask) for ask in card.asks]
    pieces += [(Part.NOT_ASK, near.ask) for near in card.not_asks]
    pieces += [(Part.TITLE, card.title), (Part.ANSWER, card.answer), (Part.BODY, _body(card))]
    return [
        Passage(
            _id(card.key, revision.number, i),
            card.key,
            revision.number,
            part,
            text,
            card.kind,
        )
        for i, (part, text) in enumerate(pieces)
    ]


def _body(card: Card) -> str:
    lines = [card.title, *card.asks, card.answer, *card.steps, *card.never, *card.red_flags]
    return " ".join([*lines, card.seek_help, card.claim, card.details])


def _id(key: str, revision: int, position: int) -> int:
    digest = hashlib.blake2b(f"{key}\0{revision}\0{position}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1

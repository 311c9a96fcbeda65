"""What every format is reduced to: headings, list items and paragraphs, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

MOST_BLOCKS = 5000
BLOCK_CHARACTERS = 2000
HEADING_CHARACTERS = 30
_SPACE = re.compile(r"[\s\u00a0\u3000]+")
_NUMBERED = re.compile(r"^\s*(?:[-*•·●○▪]|\d{1,2}[.、)）]|[（(]\d{1,2}[)）]|[①-⑳])\s*")
_CHINESE_HEADING = re.compile(r"^[一二三四五六七八九十]{1,3}、\S")


class BlockKind(StrEnum):
    """What a block is."""

    HEADING = "heading"
    ITEM = "item"
    TEXT = "text"


class ImportFault(StrEnum):
    """Why a file cannot be read; each has a sentence for the person who brought it."""

    TOO_LARGE = "too_large"
    UNKNOWN_KIND = "unknown_kind"
    BROKEN = "broken"
    MACROS = "macros"
    ENCRYPTED = "encrypted"
    NO_TEXT = "no_text"
    BOMB = "bomb"
    TOO_SLOW = "too_slow"


class ImportFileError(ValueError):
    """A file that cannot be read, and why."""

    def __init__(self, fault: ImportFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True)
class Block:
    """One heading, item or paragraph, as one line of text."""

    kind: BlockKind
    text: str


def block(kind: BlockKind, text: str) -> Block | None:
    """A block of cleaned text; None for an empty one. Marks of lists are taken off."""
    plain = _SPACE.sub(" ", text).strip()[:BLOCK_CHARACTERS]
    if kind is BlockKind.TEXT and _NUMBERED.match(plain):
        kind = BlockKind.ITEM
    elif kind is BlockKind.TEXT and _is_heading(plain):
        kind = BlockKind.HEADING
    if kind is BlockKind.ITEM:
        plain = _NUMBERED.sub("", plain)
    return Block(kind, plain) if plain else None


def _is_heading(line: str) -> bool:
    return len(line) <= HEADING_CHARACTERS and _CHINESE_HEADING.match(line) is not None


def blocks_of_lines(text: str) -> list[Block]:
    """Plain or Markdown text: # headings, list marks, everything else a paragraph a line."""
    found = []
    for line in text.splitlines():
        heading = re.match(r"^\s{0,3}#{1,6}\s+(.*)$", line)
        made = block(BlockKind.HEADING, heading[1]) if heading else block(BlockKind.TEXT, line)
        if made:
            found.append(made)
    return found[:MOST_BLOCKS]

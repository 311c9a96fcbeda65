"""Pieces of text found in a picture become lines, from top to bottom."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from math import atan2, cos, sin
from statistics import median

_SAME_ROW = 0.5  # of the lower one's height, between two middles
_ADJACENT = 0.9  # of a line's height, between two lines of one paragraph
# What a phone's screen shows around a message: clock, battery, network, titles and buttons.
_FURNITURE = re.compile(
    r"(?:昨天|今天|前天|星期.|凌晨|早上|上午|中午|下午|晚上|\s)*\d{1,2}[:：]\d{2}(?:[:：]\d{2})?"
    r"|\d{1,3}%|[2345]G\+?|HD\d?|Wi-?Fi|VoLTE"
    r"|[<＜‹〈]?\s*(?:短信|信息|短信/彩信|短信息|微信|消息|返回|编辑|发送|复制|转发|收起)\s*[>＞›〉]?",
    re.IGNORECASE,
)

Box = list[tuple[float, float]]  # its corners, clockwise from the text's beginning


@dataclass(frozen=True)
class Piece:
    """Text in an upright box, in pixels of the picture."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Of the line, more than of its characters."""
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        """How far down it stands."""
        return (self.top + self.bottom) / 2


def straightened(boxes: list[Box]) -> list[Box]:
    """Boxes turned about so that the text in them is level, as it is not in a tilted photo."""
    if not boxes:
        return []
    tilt = median(atan2(box[1][1] - box[0][1], box[1][0] - box[0][0]) for box in boxes)
    across, down = cos(tilt), sin(tilt)
    return [[(x * across + y * down, y * across - x * down) for x, y in box] for box in boxes]


def join_lines(pieces: Iterable[Piece]) -> str:
    """One line of text per row, pieces of a row parted by a space, without a screen's furniture.

    A number that wraps into the next row stays one number: redaction must see all of it.
    """
    rows: list[list[Piece]] = []
    said = (piece for piece in pieces if not _FURNITURE.fullmatch(piece.text.strip()))
    for piece in sorted(said, key=lambda p: p.middle):
        if rows and _same_row(rows[-1][-1], piece):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return reduce(_joined, map(_row, rows)).text if rows else ""


def _row(pieces: list[Piece]) -> Piece:
    pieces = sorted(pieces, key=lambda p: p.left)
    return Piece(
        " ".join(piece.text.strip() for piece in pieces),
        pieces[0].left,
        min(piece.top for piece in pieces),
        max(piece.right for piece in pieces),
        max(piece.bottom for piece in pieces),
    )


def _joined(above: Piece, below: Piece) -> Piece:
    # `above` is all text so far, with the box of its last row.
    near = below.top - above.bottom < _ADJACENT * below.height and above.right >= below.right
    number = above.text[-1:].isdigit() and below.text[:1].isdigit()
    gap = "" if near and number else "\n"
    return Piece(above.text + gap + below.text, below.left, below.top, below.right, below.bottom)


def _same_row(one: Piece, other: Piece) -> bool:
    return abs(one.middle - other.middle) < _SAME_ROW * min(one.height, other.height)

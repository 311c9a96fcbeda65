"""The hotline register: the only phone numbers that a card or a reply may contain.

The one exception are directory cards: the number of a local place stands in the card's own source
(lint.py holds it there).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

REGISTER = Path(__file__).parent / "hotlines.yaml"

# Numbers with an area code (0571-1234567, 400-6000-121, or in one run), mobile numbers, and short
# service numbers (110…122, 12xxx, 95xxx, 96xxx, 100xx). However a number is written, it is found.
_NUMBER = re.compile(
    r"(?<![\d.])(?:"
    r"\d{3,4}-\d{3,8}(?:-\d{3,4})?|[48]00\d{7}"
    r"|(?:[（(]0\d{2,3}[）)] ?|0\d{2,3} )\d{3,4} ?\d{4}|0(?:10|2\d|[3-9]\d{2})\d{7,8}"
    r"|1[3-9]\d ?\d{4} ?\d{4}"
    r"|1(?:10|19|20|22)|12\d{3}|9[56]\d{3}|100\d{2}"
    r")(?![\d%])"
)


class Hotline(BaseModel):
    """A number, whose it is, what to use it for, and the words that lead to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: str
    name: str
    use: str
    words: tuple[str, ...] = ()
    seen: str


@cache
def load_hotlines() -> dict[str, Hotline]:
    """Read the register once: number -> Hotline."""
    rows = yaml.safe_load(REGISTER.read_text(encoding="utf-8"))
    return {hotline.number: hotline for hotline in map(Hotline.model_validate, rows)}


def find_numbers(text: str) -> Iterator[str]:
    """Yield everything in the text that reads as a phone number, in order."""
    for match in _NUMBER.finditer(text):
        if not re.match(r"\s*(?:年|次|厘米|毫米|毫克|人|元|℃|/)", text[match.end() :]):
            yield match.group()


def nearest_hotline(text: str) -> Hotline:
    """The hotline whose words the text contains most; 12345 when none does."""
    hotlines = load_hotlines()

    def score(hotline: Hotline) -> int:
        return sum(len(word) for word in hotline.words if word in text)

    best = max(hotlines.values(), key=score)
    return best if score(best) else hotlines["12345"]

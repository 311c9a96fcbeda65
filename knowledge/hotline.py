"""The hotline register: the only phone numbers a card or a reply may contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

REGISTER = Path(__file__).parent / "hotlines.yaml"

# Short service numbers (110…122, 12xxx, 95xxx, 96xxx, 100xx) and 400/800/area-code numbers.
_NUMBER = re.compile(
    r"(?<![\d.])(?:\d{3,4}-\d{3,8}(?:-\d{3,4})?|400\d{7}|1(?:10|19|20|22)|12\d{3}|9[56]\d{3}|100\d{2})(?![\d%])"
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
    """Yield everything in the text that reads as a service phone number, in order."""
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

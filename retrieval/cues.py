"""Cues: words in a question that show what sort of card it wants."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CUES = Path(__file__).parent / "cues.toml"


@dataclass(frozen=True)
class Cues:
    """Which sorts of card a question asks for by its words."""

    rumour: bool = False
    hotline: bool = False


@cache
def _words() -> dict[str, tuple[str, ...]]:
    raw = tomllib.loads(CUES.read_text("utf-8"))
    return {name: tuple(raw[name]) for name in ("rumour", "hotline")}


def read_cues(text: str) -> Cues:
    """The cues of a clean question."""
    found = {name: any(word in text for word in words) for name, words in _words().items()}
    return Cues(**found)

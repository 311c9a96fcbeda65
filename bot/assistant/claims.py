"""Reading claims: whether one is turned down, and whether something goes round at all."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

import prompts

LONGEST = 60  # characters; what goes round is longer than what people say themselves
RULES = Path(prompts.__file__).parent / "rumour.toml"


def denies(text: str, claim: str) -> bool:
    """Whether a clean text turns a claim down, without asking or passing it on.

    A denial that stands in the claim itself (降压药不能停) is no denial of it.
    """
    denial, asking, _ = _patterns()
    if len(text) > LONGEST or any(pattern.search(text) for pattern in asking):
        return False
    return any(match.group() not in claim for pattern in denial if (match := pattern.search(text)))


def goes_round(text: str) -> bool:
    """Whether a clean text passes on a claim, or asks whether one is true."""
    return any(pattern.search(text) for pattern in _patterns()[2])


@cache
def _patterns(path: Path = RULES) -> tuple[tuple[re.Pattern[str], ...], ...]:
    raw = tomllib.loads(path.read_text("utf-8"))
    return tuple(tuple(map(re.compile, raw[name])) for name in ("denial", "asking", "going_round"))

"""Whether somebody states the true side of a rumour, instead of asking about it."""

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
    denial, asking = _patterns()
    if len(text) > LONGEST or any(pattern.search(text) for pattern in asking):
        return False
    return any(match.group() not in claim for pattern in denial if (match := pattern.search(text)))


@cache
def _patterns(path: Path = RULES) -> tuple[tuple[re.Pattern[str], ...], ...]:
    raw = tomllib.loads(path.read_text("utf-8"))
    return tuple(tuple(map(re.compile, raw[name])) for name in ("denial", "asking"))

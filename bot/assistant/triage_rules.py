"""The triage rules: prompts/triage.toml read once, and matched against one message.

The file is data that a doctor or a policeman can review: signs by category in plain Chinese, and
what takes a message out of danger's reach (a question about, something past, an idiom).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts

RULES = Path(prompts.__file__).parent / "triage.toml"
# 没有胸痛, 不喘: a sign denied just before it is no sign; five characters reach over 没有什么.
_DENIED = re.compile(r"(?:没有?|不|未|无|别|没啥|没得|冇)(?:再|感到|觉得|出现|什么|啥)?$")
_REACH = 5


@dataclass(frozen=True)
class Sign:
    """One rule: every pattern of it must be found, in any order."""

    category: str
    name: str  # as the file has it, for explaining
    patterns: tuple[re.Pattern[str], ...]

    def found(self, text: str) -> bool:
        """Whether the message shows this sign, and does not deny it."""
        return all(_affirmed(pattern, text) for pattern in self.patterns)


@dataclass(frozen=True)
class Reading:
    """What the rules saw in one message: signs by category, and the guards that speak against."""

    signs: Mapping[str, tuple[str, ...]]
    guards: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TriageRules:
    """All signs and guards."""

    categories: tuple[str, ...]
    signs: tuple[Sign, ...]
    guards: Mapping[str, tuple[re.Pattern[str], ...]]

    def read(self, text: str) -> Reading:
        """What the rules see in clean text."""
        signs: dict[str, tuple[str, ...]] = {}
        for sign in self.signs:
            if sign.found(text):
                signs[sign.category] = (*signs.get(sign.category, ()), sign.name)
        guards = {
            kind: tuple(match.group() for p in patterns if (match := p.search(text)))
            for kind, patterns in self.guards.items()
        }
        return Reading(signs, {kind: found for kind, found in guards.items() if found})


@cache
def load_triage_rules(path: Path = RULES) -> TriageRules:
    """Read the file; a broken pattern or a missing part raises ValueError naming it."""
    raw = tomllib.loads(path.read_text("utf-8"))
    guards = {kind: tuple(map(_compile, rows)) for kind, rows in raw.pop("guards").items()}
    signs = [sign for category, part in raw.items() for sign in _signs(category, part)]
    return TriageRules(tuple(raw), tuple(signs), guards)


def _signs(category: str, part: Mapping[str, list[str | list[str]]]) -> Iterator[Sign]:
    for row in part.get("signs", ()):
        yield Sign(category, str(row), (_compile(str(row)),))
    for row in part.get("together", ()):
        yield Sign(category, " + ".join(row), tuple(map(_compile, row)))


def _compile(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"triage.toml: {pattern!r}: {error}") from error


def _affirmed(pattern: re.Pattern[str], text: str) -> bool:
    return any(
        not _DENIED.search(text[max(0, match.start() - _REACH) : match.start()])
        for match in pattern.finditer(text)
    )

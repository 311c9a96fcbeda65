"""The screening rules: prompts/screening.toml read once, and matched against one message."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts
from bot.assistant.links import LinkRules, find_links
from retrieval.disguise import disguised, undisguise

RULES = Path(prompts.__file__).parent / "screening.toml"
_FOREIGN = re.compile(r"(?<![\d+])(?:\+(?!86)|00(?!86))\d[\d -]{5,14}\d|\[境外号码\]")
_QUOTE_CHARACTERS = 30


@dataclass(frozen=True)
class RedFlag:
    """A part of the message that gives it away, as it stands there, and why (Chinese)."""

    quote: str
    why: str
    name: str


@dataclass(frozen=True)
class ScamType:
    """A kind of scam: its plain name, and the cards that tell of it, best first."""

    name: str
    cards: tuple[str, ...]


@dataclass(frozen=True)
class Look:
    """What the rules saw: the message without its disguise, its red flags, and all signals."""

    text: str
    flags: tuple[RedFlag, ...]
    signals: Mapping[str, float]


@dataclass(frozen=True)
class ScreeningRules:
    """All flags, what speaks for honesty, the links' lists, the types and the fixed wording."""

    flags: Mapping[str, tuple[str, tuple[re.Pattern[str], ...]]]
    plain: Mapping[str, tuple[re.Pattern[str], ...]]
    links: LinkRules
    link_reasons: Mapping[str, str]
    foreign_reason: str
    types: Mapping[str, ScamType]
    replies: Mapping[str, str]

    def look(self, written: str) -> Look:
        """Everything the rules see in a message."""
        text = undisguise(written)
        links = find_links(text, self.links)
        # The address itself first: nothing else in a message is as plain to see.
        flags = [
            RedFlag(_quote(link.quote), self.link_reasons[link.odd[0]], f"link_{link.odd[0]}")
            for link in links
            if link.odd
        ]
        flags += [
            RedFlag(_quote(match.group()), why, name)
            for name, (why, patterns) in self.flags.items()
            if (match := _first(patterns, text))
        ]
        if foreign := _FOREIGN.search(text):
            flags.append(RedFlag(foreign.group(), self.foreign_reason, "foreign_number"))
        signals = {f"flag_{flag.name}": 1.0 for flag in flags}
        signals |= {f"plain_{n}": 1.0 for n, rows in self.plain.items() if _first(rows, text)}
        signals["flags"] = min(len(flags), 6) / 3
        signals["links_official"] = float(any(link.official for link in links))
        signals["links_other"] = float(any(not link.official for link in links))
        signals["disguised"] = disguised(written)
        signals["signed"] = float(bool(re.match(r"\s*(?:\[|【).{2,12}(?:\]|】)", text)))
        signals["long"] = min(len(text), 200) / 200
        return Look(text, tuple(flags), signals)


@cache
def load_screening_rules(path: Path = RULES) -> ScreeningRules:
    """Read the file; a missing part raises KeyError and a broken pattern re.error at start."""
    raw = tomllib.loads(path.read_text("utf-8"))
    links = raw["links"]
    return ScreeningRules(
        flags={n: (f["why"], _compiled(f["patterns"])) for n, f in raw["flags"].items()},
        plain={n: _compiled(f["patterns"]) for n, f in raw["plain"].items()},
        links=LinkRules.of(links),
        link_reasons={n: links[f"why_{n}"] for n in ("short", "odd", "borrowed", "punycode", "ip")},
        foreign_reason=links["why_foreign_number"],
        types={n: ScamType(t["name"], tuple(t["cards"])) for n, t in raw["types"].items()},
        replies=raw["replies"],
    )


def _compiled(patterns: list[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


def _first(patterns: tuple[re.Pattern[str], ...], text: str) -> re.Match[str] | None:
    return next((match for p in patterns if (match := p.search(text))), None)


def _quote(text: str) -> str:
    text = text.rsplit("】", 1)[-1].strip(" ,.;:")
    return text if len(text) <= _QUOTE_CHARACTERS else text[: _QUOTE_CHARACTERS - 1] + "…"

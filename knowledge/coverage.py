"""Which themes of the dossier have cards, published or not, and on what evidence they rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from knowledge.card import Card, Evidence

THEMES = Path(__file__).parent / "themes.yaml"
# Themes that are for the code or the editors, not for a resident.
NOT_FOR_CARDS = {
    "fraud.redflags": "a word list for screening",
    "health.more_traps": "traps for card writers",
}


@dataclass(frozen=True)
class Theme:
    """One theme of the dossier: its card key, heading, and file."""

    key: str
    title: str
    file: str


@dataclass(frozen=True)
class FileCoverage:
    """How one dossier file is covered; evidence counts published cards by their best source."""

    file: str
    themes: int
    cards: int
    published: int
    drafts: int
    by_evidence: dict[Evidence, int]
    missing: tuple[str, ...]
    draft_only: tuple[str, ...]


@cache
def load_themes(path: Path = THEMES) -> tuple[Theme, ...]:
    """Every theme, in the dossier's order."""
    return tuple(Theme(**row) for row in yaml.safe_load(path.read_text("utf-8")))


def measure_coverage(cards: Sequence[Card]) -> list[FileCoverage]:
    """One row for each dossier file, in order; nothing is missing silently."""
    themes = [t for t in load_themes() if t.key not in NOT_FOR_CARDS]
    files = dict.fromkeys(theme.file for theme in themes)
    return [_measure_file(file, [t for t in themes if t.file == file], cards) for file in files]


def best_evidence(card: Card) -> Evidence:
    """The best way any of a card's sources was seen."""
    order = list(Evidence)
    return min((source.evidence for source in card.sources), key=order.index)


def _measure_file(file: str, themes: Sequence[Theme], cards: Iterable[Card]) -> FileCoverage:
    mine = {theme.key: [c for c in cards if _belongs(c.key, theme.key)] for theme in themes}
    found = [card for group in mine.values() for card in group]
    published = [card for card in found if not card.unverified]
    return FileCoverage(
        file=file,
        themes=len(themes),
        cards=len(found),
        published=len(published),
        drafts=len(found) - len(published),
        by_evidence=dict(Counter(best_evidence(card) for card in published)),
        missing=tuple(key for key, group in mine.items() if not group),
        draft_only=tuple(
            key for key, group in mine.items() if group and all(card.unverified for card in group)
        ),
    )


def _belongs(key: str, theme: str) -> bool:
    return key == theme or key.startswith(f"{theme}.")

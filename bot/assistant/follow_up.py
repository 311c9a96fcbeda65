"""Whether a question leans on the one before it, and what new thing it asks about."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts
from knowledge.card import Card
from retrieval.text import clean_question

RULES = Path(prompts.__file__).parent / "follow_up.toml"
_MARKS = " ,.!?;:、。…~"


@dataclass(frozen=True)
class FollowUpRules:
    """The words of prompts/follow_up.toml."""

    opening: tuple[str, ...]
    closing: tuple[str, ...]
    characters: int
    pointing: tuple[str, ...]
    same: tuple[frozenset[str], ...]


@cache
def load_rules(path: Path = RULES) -> FollowUpRules:
    """Read the rules once; a missing entry raises KeyError at start, not at a resident."""
    raw = tomllib.loads(path.read_text("utf-8"))
    return FollowUpRules(
        opening=tuple(sorted(raw["opening"], key=len, reverse=True)),
        closing=tuple(sorted(raw["closing"], key=len, reverse=True)),
        characters=raw["characters"],
        pointing=tuple(raw["pointing"]),
        same=tuple(frozenset(words) for words in raw["same"].values()),
    )


def leans_back(question: str, rules: FollowUpRules | None = None) -> bool:
    """Whether a question only makes sense after another: 那小孩呢, 这个要紧吗."""
    rules = rules or load_rules()
    text = clean_question(question).strip(_MARKS)
    if len(text) > rules.characters:
        return False
    return (
        text.startswith(rules.opening)
        or text.endswith(rules.closing)
        or any(word in text for word in rules.pointing)
    )


def focus(question: str, rules: FollowUpRules | None = None) -> str:
    """What a follow-up newly asks about: 那小孩呢 -> 小孩; empty when it adds nothing."""
    rules = rules or load_rules()
    text = clean_question(question).strip(_MARKS)
    for word in rules.opening:
        if text.startswith(word):
            text = text[len(word) :].strip(_MARKS)
            break
    for word in rules.closing:
        if text.endswith(word):
            text = text[: -len(word)].strip(_MARKS)
            break
    return text


def points(about: str, rules: FollowUpRules | None = None) -> bool:
    """Whether what a follow-up is about only points back (这个), or is nothing."""
    rules = rules or load_rules()
    return not about or about in rules.pointing


def stand_alone(question: str, before: str, rules: FollowUpRules | None = None) -> str:
    """A follow-up made whole: 大人噎住了怎么办, then 婴儿呢 -> 婴儿 噎住了怎么办.

    When the follow-up names other people, those of the question before give way to them.
    """
    rules = rules or load_rules()
    about = focus(question, rules)
    kept = clean_question(before)
    people = sorted((w for group in rules.same for w in group), key=len, reverse=True)
    if any(word in about for word in people):
        for word in people:
            kept = kept.replace(word, "")
    return f"{about} {kept}".strip()


def covers(card: Card, about: str, rules: FollowUpRules | None = None) -> bool:
    """Whether a card's own words speak of `about` (or of a word for the same people)."""
    rules = rules or load_rules()
    lines = [card.title, card.answer, *card.steps, *card.never, card.seek_help, card.details]
    spoken = "".join([*lines, *card.red_flags])
    names = {about} | {
        word for group in rules.same for word in group if any(w in about for w in group)
    }
    return any(name and name in spoken for name in names)

"""Gaps: what people asked and no card answered well, gathered by meaning, counted by people."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from bot.conversation import feedback, turns
from knowledge.store import CardStore
from retrieval.text import clean

DAY_SECONDS = 86400.0
ALIKE = 0.82  # cosine from which two questions are counted as one
MOST_QUESTIONS = 1500
SHOWN = 40
ASKED_AGAIN_SECONDS = 180.0
_UNANSWERED = ("abstained", "handed_off")

Embed = Callable[[str], NDArray[np.float32] | None]


@dataclass(frozen=True)
class Gap:
    """Questions that mean nearly the same, the most frequent wording first."""

    questions: tuple[str, ...]
    people: int
    why: tuple[str, ...]  # unanswered | low_rating | asked_again


@dataclass(frozen=True)
class Coverage:
    """How many published cards a topic has, in season this month, and how often it was asked."""

    topic: str
    cards: int
    in_season: int
    asked: int


@dataclass(frozen=True)
class _Asked:
    text: str
    person: str
    why: str


class Gaps:
    """Reads the turns of a period."""

    def __init__(
        self,
        engine: sa.Engine,
        store: CardStore,
        embed: Embed,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._store = store
        self._embed = embed
        self._clock = clock

    def find(self, days: int = 30) -> list[Gap]:
        """The gaps of the last days, those of most people first."""
        asked = self._asked(self._clock() - days * DAY_SECONDS)
        groups: list[tuple[NDArray[np.float32], list[_Asked]]] = []
        for one in asked:
            vector = self._embed(clean(one.text))
            if vector is None:
                continue
            scores = [float(np.dot(vector, first)) for first, _ in groups]
            best = int(np.argmax(scores)) if scores else -1
            if best >= 0 and scores[best] >= ALIKE:
                groups[best][1].append(one)
            else:
                groups.append((vector, [one]))
        gaps = [_gap(members) for _, members in groups]
        return sorted(gaps, key=lambda gap: (-gap.people, gap.questions[0]))[:SHOWN]

    def coverage(self, month: int, days: int = 30) -> list[Coverage]:
        """Cards and questions by topic."""
        since = self._clock() - days * DAY_SECONDS
        cards: dict[str, list[bool]] = {}
        for revision in self._store.published():
            in_season = not revision.card.months or month in revision.card.months
            cards.setdefault(revision.card.topic, []).append(
                in_season and bool(revision.card.months)
            )
        asked: dict[str, int] = {}
        with self._engine.connect() as connection:
            found = connection.execute(
                sa.select(turns.c.cards).where(turns.c.asked_at >= since, turns.c.cards != "[]")
            )
            for row in found:
                topic = row.cards.split('"')[1].split(".")[0]
                asked[topic] = asked.get(topic, 0) + 1
        return [
            Coverage(topic, len(seasons), sum(seasons), asked.get(topic, 0))
            for topic, seasons in sorted(cards.items())
        ]

    def _asked(self, since: float) -> Sequence[_Asked]:
        useless = sa.select(feedback.c.turn).where(feedback.c.useful.is_(False))
        query = (
            sa.select(turns.c.question, turns.c.person, turns.c.verdict, turns.c.id)
            .where(turns.c.asked_at >= since)
            .where(sa.or_(turns.c.verdict.in_(_UNANSWERED), turns.c.id.in_(useless)))
            .order_by(turns.c.asked_at.desc())
            .limit(MOST_QUESTIONS)
        )
        with self._engine.connect() as connection:
            found = [
                _Asked(
                    row.question,
                    row.person,
                    "unanswered" if row.verdict in _UNANSWERED else "low_rating",
                )
                for row in connection.execute(query)
            ]
            return [*found, *self._asked_again(connection, since)]

    @staticmethod
    def _asked_again(connection: sa.Connection, since: float) -> list[_Asked]:
        """Whoever asks something else within minutes of an answer may not have been helped."""
        query = (
            sa.select(turns.c.question, turns.c.person, turns.c.asked_at, turns.c.cards)
            .where(turns.c.asked_at >= since)
            .order_by(turns.c.person, turns.c.asked_at)
            .limit(MOST_QUESTIONS * 10)
        )
        again, before = [], None
        for row in connection.execute(query):
            if (
                before is not None
                and before.person == row.person
                and row.asked_at - before.asked_at < ASKED_AGAIN_SECONDS
                and row.cards == before.cards != "[]"
                and row.question != before.question
            ):
                again.append(_Asked(row.question, row.person, "asked_again"))
            before = row
        return again[:MOST_QUESTIONS]


def _gap(members: Sequence[_Asked]) -> Gap:
    wordings: dict[str, set[str]] = {}
    for one in members:
        wordings.setdefault(one.text, set()).add(one.person)
    ordered = sorted(wordings, key=lambda text: (-len(wordings[text]), text))
    people = {one.person for one in members}
    return Gap(tuple(ordered[:6]), len(people), tuple(sorted({one.why for one in members})))

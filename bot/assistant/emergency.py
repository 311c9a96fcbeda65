"""An alarm becomes one screen: whom to call and the one thing to do now, first of all."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import prompts
from bot.assistant.answer import Answer, AnswerVerdict, FollowUp, Risk, UsedCard
from bot.assistant.composer import Composer, citations, hotlines_in
from bot.assistant.triage import Alarm
from knowledge.card import Card, CardKind, Revision

ALARMS = Path(prompts.__file__).parent / "alarms.toml"
STEPS = 5
NEVER_LINES = 3


@dataclass(frozen=True)
class Response:
    """How one category is answered."""

    cards: tuple[str, ...]
    follow_ups: tuple[tuple[str, str], ...]
    lead: str = ""
    scam: bool = False
    alert: bool = False  # a volunteer must look at once


@dataclass(frozen=True)
class Responses:
    """prompts/alarms.toml: how every category is answered, and the fixed lines."""

    by_category: dict[str, Response]
    wording: dict[str, str] = field(default_factory=dict)


@cache
def load_responses(path: Path = ALARMS) -> Responses:
    """Read the file; a missing part raises KeyError at start."""
    raw = tomllib.loads(path.read_text("utf-8"))
    wording = raw.pop("wording")
    return Responses(
        {
            category: Response(
                cards=tuple(part["cards"]),
                follow_ups=tuple((label, card) for label, card in part["follow_ups"]),
                lead=part.get("lead", ""),
                scam=part.get("scam", False),
                alert=part.get("alert", False),
            )
            for category, part in raw.items()
        },
        wording,
    )


class EmergencyComposer:
    """Composes the answer to an alarm from the card that tells what to do."""

    def __init__(
        self,
        responses: Responses,
        composer: Composer,
        lookup: Callable[[str], Revision | None],
    ) -> None:
        self._responses = responses
        self._composer = composer
        self._lookup = lookup

    def fits(self, alarm: Alarm, card: Card) -> bool:
        """Whether a card that was found by searching may answer an alarm of this category."""
        scam = self._responses.by_category[alarm.category].scam
        return card.kind is (CardKind.FRAUD if scam else CardKind.EMERGENCY)

    def answer(self, alarm: Alarm, found: Revision | None = None) -> Answer:
        """One screen from the card that was found, or the category's own.

        The fixed line of prompts/alarms.toml when no card is published.
        """
        response = self._responses.by_category[alarm.category]
        revision = found or next(filter(None, map(self._lookup, response.cards)), None)
        words = self._responses.wording
        if revision is None:
            lines = [response.lead, words["bare_scam" if response.scam else "bare"]]
            text = "\n\n".join(line for line in [*lines, words["call_back"]] if line)
        else:
            text = "\n\n".join(self._parts(revision.card, response))
        follow_ups = tuple(self._follow_ups(response, revision))
        return Answer(
            verdict=AnswerVerdict.SCAM if response.scam else AnswerVerdict.EMERGENCY,
            text=text,
            cards=(UsedCard(revision.card.key, revision.number),) if revision else (),
            citations=tuple(citations(revision)) if revision else (),
            heading=self._composer.follow_ups_heading if follow_ups else "",
            follow_ups=follow_ups,
            confidence=alarm.certainty,
            risk=Risk.HIGH if response.scam else None,
            hotlines=hotlines_in(text),
            alarm=alarm.category,
            why=alarm.why,
            alert=response.alert,
        )

    def _parts(self, card: Card, response: Response) -> Iterator[str]:
        words = self._responses.wording
        yield "\n".join(line for line in (response.lead, card.answer) if line)
        if card.steps:
            yield "\n".join(f"{i}. {step}" for i, step in enumerate(card.steps[:STEPS], 1))
        if card.never:
            yield self._composer.never(card.never[:NEVER_LINES])
        yield words["call_back"]
        yield self._composer.brief_sources(card)

    def _follow_ups(self, response: Response, used: Revision | None) -> Iterator[FollowUp]:
        for label, key in response.follow_ups:
            if (used is None or key != used.card.key) and self._lookup(key):
                yield FollowUp(label, key)

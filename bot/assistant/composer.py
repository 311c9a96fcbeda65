"""A card becomes what is said: the short answer first, then steps, never-do, help, sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from bot.assistant.answer import Answer, AnswerVerdict, Citation, FollowUp, UsedCard
from knowledge.card import Card, CardKind, Evidence, Revision, Source
from knowledge.hotline import find_numbers, load_hotlines, nearest_hotline
from prompts import Wording

NEVER_LINES = 4
RED_FLAG_LINES = 5
BRIEF_SOURCES = 2
_REPRINT = "转载"  # a title that says so itself need not be told again


class Composer:
    """Composes answers from cards alone: no sentence comes from anywhere else."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def compose(
        self,
        revision: Revision,
        confidence: float,
        follow_ups: Sequence[FollowUp],
        today: date,
        keyword_only: bool = False,
        with_verdict: bool = True,
    ) -> Answer:
        """The whole answer of one revision; a rumour's verdict may be left out."""
        card = revision.card
        text = "\n\n".join(self._parts(card, today, with_verdict))
        rumour = card.kind is CardKind.RUMOUR and with_verdict
        return Answer(
            verdict=AnswerVerdict.RUMOUR if rumour else AnswerVerdict.ANSWERED,
            text=text,
            cards=(UsedCard(card.key, revision.number),),
            citations=tuple(citations(revision)),
            heading=self._wording.say("answer.follow_ups_heading") if follow_ups else "",
            follow_ups=tuple(follow_ups),
            confidence=confidence,
            hotlines=hotlines_in(text),
            keyword_only=keyword_only,
        )

    @property
    def follow_ups_heading(self) -> str:
        """The line above what can be asked next."""
        return self._wording.say("answer.follow_ups_heading")

    def never(self, lines: Sequence[str]) -> str:
        """What must not be done, under its heading."""
        return _bullets(self._wording.say("answer.never_heading"), lines)

    def brief_sources(self, card: Card) -> str:
        """One line with the first sources of a card, for an answer that must fit one screen."""
        seen = [source for source in card.sources if source.evidence is not Evidence.UNSEEN]
        named = "；".join(
            f"{s.issuer}《{s.title}》" for s in (seen or card.sources)[:BRIEF_SOURCES]
        )
        return self._wording.say("answer.source_brief", sources=named)

    def _parts(self, card: Card, today: date, with_verdict: bool) -> Iterator[str]:
        say = self._wording.say
        if card.verdict is not None and with_verdict:
            # After the answer: "假的" before "该打疫苗吗" would be heard as its opposite.
            yield card.answer + "\n" + say(f"answer.verdict_{card.verdict.value}")
        else:
            yield card.answer
        if card.kind is CardKind.DIRECTORY and card.details:
            yield card.details
        if card.steps:
            steps = (f"{i}. {step}" for i, step in enumerate(card.steps, 1))
            yield "\n".join([say("answer.steps_heading"), *steps])
        if card.red_flags:
            yield _bullets(say("answer.red_flags_heading"), card.red_flags[:RED_FLAG_LINES])
        if card.never:
            yield self.never(card.never[:NEVER_LINES])
        if card.seek_help:
            yield say("answer.seek_help_heading") + "\n" + card.seek_help
        if card.kind is not CardKind.DIRECTORY and card.details:
            yield say("answer.details_heading") + "\n" + card.details
        yield self._sources(card, today)

    def _sources(self, card: Card, today: date) -> str:
        heading = self._wording.say("answer.source_heading")
        return "\n".join([heading, *self.source_lines(card, today)])

    def source_lines(self, card: Card, today: date) -> list[str]:
        """Where a card's words come from and when they were checked, without the heading."""
        say = self._wording.say
        seen = [source for source in card.sources if source.evidence is not Evidence.UNSEEN]
        lines = list(map(self._source, seen))
        if len(seen) < len(card.sources):
            # One line for all of them: none has a title of its own that anybody could look up.
            lines.append(say("answer.source_unseen"))
        lines.append(say("answer.reviewed", reviewed=card.reviewed.isoformat()))
        if today > card.review_due:
            hotline = nearest_hotline(card.title + card.answer)
            lines.append(say("answer.overdue", hotline=hotline.number))
        return lines

    def _source(self, source: Source) -> str:
        reprint = source.evidence is Evidence.SECONDARY and _REPRINT not in source.title
        seen = self._wording.say("answer.seen_secondary") if reprint else ""
        return self._wording.say(
            "answer.source_line",
            issuer=source.issuer,
            title=source.title,
            edition=_edition(source),
            seen=seen,
        )


def citations(revision: Revision) -> Iterator[Citation]:
    """One citation for each source of a revision."""
    for source in revision.card.sources:
        yield Citation(
            card=revision.card.key,
            revision=revision.number,
            issuer=source.issuer,
            title=source.title,
            edition=source.edition,
            url=source.url,
        )


def hotlines_in(text: str) -> tuple[str, ...]:
    """The registered numbers in a text, in order, each once."""
    known = load_hotlines()
    return tuple(dict.fromkeys(n for n in find_numbers(text) if n in known))


def _edition(source: Source) -> str:
    return f"，{source.edition}" if source.edition else ""


def _bullets(heading: str, lines: Sequence[str]) -> str:
    return "\n".join([heading, *(f"· {line}" for line in lines)])

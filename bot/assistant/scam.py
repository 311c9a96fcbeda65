"""A screened message becomes what the person is told: how likely a scam, why, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.assistant.answer import Answer, AnswerVerdict, Flag, FollowUp, Risk, UsedCard
from bot.assistant.composer import Composer, citations, hotlines_in
from bot.assistant.screening import Screened
from knowledge.card import Card, Revision

STEPS = 4
TRANSFERRED = ("fraud.after_transfer", "fraud.after_transfer.gave-code")


class ScamComposer:
    """Composes the answer about a forwarded message from the card of its kind."""

    def __init__(
        self,
        replies: dict[str, str],
        composer: Composer,
        lookup: Callable[[str], Revision | None],
    ) -> None:
        self._replies = replies
        self._composer = composer
        self._lookup = lookup

    def answer(self, screened: Screened) -> Answer:
        """The verdict in plain words first; for a message without a fault, what to mind."""
        revision = next(filter(None, map(self._lookup, screened.cards)), None)
        suspicious = screened.risk is not Risk.LOW
        used = revision if suspicious else None
        text = "\n\n".join(self._parts(screened, used.card if used else None))
        follow_ups = tuple(self._follow_ups(used)) if suspicious else ()
        return Answer(
            verdict=AnswerVerdict.SCAM if suspicious else AnswerVerdict.ANSWERED,
            text=text,
            cards=(UsedCard(used.card.key, used.number),) if used else (),
            citations=tuple(citations(used)) if used else (),
            heading=self._composer.follow_ups_heading if follow_ups else "",
            follow_ups=follow_ups,
            confidence=screened.scam if suspicious else 1.0 - screened.scam,
            risk=screened.risk,
            hotlines=hotlines_in(text),
            flags=tuple(Flag(flag.quote, flag.why) for flag in screened.flags),
            types=(screened.type,) if screened.type and suspicious else (),
        )

    def unsure(self, yes_card: str, no_card: str) -> Answer:
        """Asks whether the text is a message that came, or a question."""
        return Answer(
            verdict=AnswerVerdict.CLARIFY,
            text=self._replies["unsure"],
            follow_ups=(
                FollowUp(self._replies["unsure_yes"], yes_card),
                FollowUp(self._replies["unsure_no"], no_card),
            ),
        )

    def _parts(self, screened: Screened, card: Card | None) -> Iterator[str]:
        say = self._replies
        opening = [say[screened.risk.value]]
        if card and screened.name:
            opening.append(say["type_line"].format(name=screened.name))
        yield "\n".join(opening)
        if screened.flags:
            lines = [say["flag_line"].format(quote=f.quote, why=f.why) for f in screened.flags]
            yield "\n".join([say["flags_heading"], *lines])
        if card:
            yield card.answer
            if card.steps:
                yield "\n".join(f"{i}. {step}" for i, step in enumerate(card.steps[:STEPS], 1))
        yield say["ask_family"]
        if card:
            yield self._composer.brief_sources(card)

    def _follow_ups(self, used: Revision | None) -> Iterator[FollowUp]:
        for key in TRANSFERRED:
            revision = self._lookup(key)
            if revision and (used is None or key != used.card.key):
                yield FollowUp(revision.card.asks[0], key)

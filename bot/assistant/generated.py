"""A generation becomes what is said: its sentences, the label, the card's own warnings, sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.assistant.answer import Answer, UsedCard
from bot.assistant.composer import NEVER_LINES, Composer, citations, hotlines_in
from bot.assistant.generation import Generation
from bot.assistant.sentences import without_citations
from knowledge.card import Card, Revision
from prompts import Wording
from retrieval.text import clean


class Citing:
    """Numbers cards in the order in which they are first cited, as the reader meets them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def line(self, sentence: str, cards: Sequence[str]) -> str:
        """A sentence with the reader's numbers after it."""
        numbers = [self._numbers.setdefault(card, len(self._numbers) + 1) for card in cards if card]
        marks = "".join(f"[{n}]" for n in dict.fromkeys(numbers))
        return without_citations(sentence) + marks

    @property
    def cards(self) -> tuple[str, ...]:
        """The keys cited so far, in the order of their numbers."""
        return tuple(self._numbers)


@dataclass(frozen=True)
class GeneratedComposer:
    """Puts a generation into words that can go out."""

    composer: Composer
    wording: Wording
    today: Callable[[], date]

    @property
    def label(self) -> str:
        """Says that a model wrote it; law asks for it (GB 45438-2025, protocol notes)."""
        return self.wording.say("generated.label")

    def compose(
        self, generation: Generation, revisions: Sequence[Revision], composed: Answer
    ) -> Answer:
        """The answer: the composed one with its text, cards and citations replaced.

        What must not be done and when to get help stay in the best card's own words: a model
        may shorten everything but these.
        """
        citing, kept = Citing(), [s for s in generation.sentences if s.kept]
        said = "\n".join(citing.line(s.sentence, s.cards) for s in kept)
        by_key = {revision.card.key: revision for revision in revisions}
        cited = [by_key[key] for key in citing.cards]
        best = revisions[0].card
        parts = [said, self.label, *self._warnings(best, said)]
        text = "\n\n".join([*parts, self._sources(cited)])
        ordered = sorted(cited, key=lambda r: r.card.key != best.key)
        return replace(
            composed,
            text=text,
            cards=tuple(UsedCard(r.card.key, r.number) for r in ordered),
            citations=tuple(c for revision in ordered for c in citations(revision)),
            hotlines=hotlines_in(text),
            generated=True,
            later=None,
        )

    def _warnings(self, card: Card, said: str) -> list[str]:
        heard = clean(said)
        never = [line for line in card.never if clean(line).strip(" .。") not in heard]
        parts = [self.composer.never(never[:NEVER_LINES])] if never else []
        if card.seek_help and clean(card.seek_help).strip(" .。") not in heard:
            heading = self.wording.say("answer.seek_help_heading")
            parts.append(f"{heading}\n{card.seek_help}")
        return parts

    def _sources(self, cited: Sequence[Revision]) -> str:
        lines = [self.wording.say("answer.source_heading")]
        for number, revision in enumerate(cited, 1):
            title = revision.card.title
            lines.append(self.wording.say("generated.cited", number=number, title=title))
            lines += self.composer.source_lines(revision.card, self.today())
        return "\n".join(lines)

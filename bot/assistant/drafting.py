"""When a model may answer, from which cards; and the draft that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.assistant.answer import Answer, AnswerVerdict, Draft
from bot.assistant.draft import ThreadDraft, Written
from bot.assistant.generated import Citing, GeneratedComposer
from bot.assistant.generator import Generator
from bot.assistant.grounding import Judgement
from bot.assistant.rewriter import Rewriter
from knowledge.card import Card, CardKind, Revision
from retrieval.fusion import Outcome
from retrieval.retriever import Found

CARDS = 3  # more passages confuse a small model, and make every call dearer
# Where somebody may be in danger while asking, and where every digit is what was asked for.
NO_MODEL_TOPICS = frozenset({"firstaid", "fraud", "hotline"})
NEAR = 0.7  # share of the best card's score from which another topic's card is still about this


class Drafting:
    """Chooses cards and begins drafts. Emergencies, scams, rumours and addresses are no model's."""

    def __init__(
        self, generator: Generator, rewriter: Rewriter, composer: GeneratedComposer
    ) -> None:
        self._generator = generator
        self._rewriter = rewriter
        self._composer = composer

    def make_whole(self, question: str, before: str) -> str | None:
        """A follow-up as a whole question; None when the model gives none worth using."""
        return self._rewriter.rewrite(question, before)

    def choose(self, found: Found, composed: Answer) -> tuple[Revision, ...]:
        """The cards that a model may speak from, best first; none when it may not speak."""
        if found.outcome is not Outcome.ANSWER or composed.verdict is not AnswerVerdict.ANSWERED:
            return ()
        best = found.hits[0]
        card = best.revision.card
        if not _may_be_said(card) or not self._generator.ready:
            return ()
        near = [
            hit.revision
            for hit in found.hits[1:]
            if _may_be_said(hit.revision.card)
            and (
                hit.revision.card.key in card.related
                or _theme(hit.revision.card) == _theme(card)
                or hit.score >= NEAR * best.score
            )
        ]
        return (best.revision, *near[: CARDS - 1])

    def begin(self, question: str, revisions: Sequence[Revision], composed: Answer) -> Draft:
        """Have the model say it, in a thread of its own.

        The composed answer lends what no model decides.
        """

        def write(show: Callable[[str], None]) -> Written:
            keys = {i: revision.card.key for i, revision in enumerate(revisions, 1)}
            citing = Citing()

            def pass_on(kept: Judgement) -> None:
                if not citing.cards:
                    show(self._composer.label)  # before the first word of a model's
                show(citing.line(kept.sentence, [keys.get(n, "") for n in kept.citations]))

            made = self._generator.generate(question, revisions, pass_on)
            fuller = self._composer.compose(made, revisions, composed) if made.sent else None
            return Written(made, fuller)

        return ThreadDraft(write)


def _may_be_said(card: Card) -> bool:
    return card.kind is CardKind.ADVICE and card.topic not in NO_MODEL_TOPICS


def _theme(card: Card) -> str:
    # health.hypertension of health.hypertension.measure: the topic alone holds 180 cards.
    return ".".join(card.key.split(".")[:2])

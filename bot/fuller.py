"""The fuller answer that a model writes: waited for briefly, shown as it comes, or sent after."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa
import structlog

from bot.assistant.answer import Answer, Draft, FollowUp
from bot.assistant.draft import Written
from bot.conversation import Conversations, Turn, new_turn_id, turns
from bot.generations import Generations
from bot.messages import InboundMessage, Reply
from bot.metrics import Metrics
from prompts import Wording

log = structlog.get_logger()
LIVE_SECONDS = 15.0  # below the inbox's lease, after which a resent message is answered anew
COLLECT = "collect:"  # what a choice leads to that fetches a late answer; it names no card


class LateAnswers(Protocol):
    """How a fuller answer reaches a person after the composed one: the delivery ledger's side."""

    def expect(self, message: InboundMessage, person: str, within_seconds: float) -> bool:
        """A fuller answer may follow this message's; whether the person must fetch it by a tap."""
        ...

    def deliver(
        self, message: InboundMessage, person: str, reply: Reply | None, promised: bool
    ) -> None:
        """It is here (its turn is stored), or will not come (None); called in the draft's thread.

        `promised` says that the person was told to tap for it. Must not raise.
        """
        ...


@dataclass(frozen=True)
class Settled:
    """What is said now, and the draft behind it when a model was asked."""

    answer: Answer
    draft: Draft | None = None
    promised: bool = False  # the person was told how to fetch the fuller answer

    @property
    def pending(self) -> bool:
        """Whether the fuller answer is still being written."""
        return self.draft is not None and self.draft.written is None


class Fuller:
    """Between the assistant's composed answer and the model's fuller one."""

    def __init__(
        self,
        engine: sa.Engine,
        generations: Generations,
        conversations: Conversations,
        late: LateAnswers,
        wording: Wording,
        metrics: Metrics,
        wait_seconds: float = 3.5,
        whole_seconds: float = 20.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._generations = generations
        self._conversations = conversations
        self._late = late
        self._wording = wording
        self._metrics = metrics
        self._wait_seconds = wait_seconds
        self._whole_seconds = whole_seconds
        self._clock = clock

    def settle(
        self, answer: Answer, started: float, live: Callable[[str], None] | None = None
    ) -> Settled:
        """The fuller answer when it is there in time, else the composed one.

        `started` is when the question came, by this clock: whatever the model does, the answer
        is there `wait_seconds` later. Only who sees sentences as they come (`live`) waits for the
        whole, once the first is there.
        """
        if answer.later is None:
            return Settled(answer)
        draft = answer.later()
        left = max(0.0, started + self._wait_seconds - self._clock())
        if live is not None:
            for sentence in draft.follow(left, min(self._whole_seconds, LIVE_SECONDS)):
                live(sentence)
            left = 0.0
        fuller = draft.wait(left)
        return Settled(fuller or answer, draft)

    def offer(self, settled: Settled, message: InboundMessage, person: str) -> Settled:
        """The answer with the way to fetch the fuller one, where that is how it will come."""
        if not settled.pending or not self._late.expect(message, person, self._whole_seconds):
            return settled
        more = FollowUp(self._wording.say("generated.fuller"), COLLECT)
        heading = settled.answer.heading or self._wording.say("answer.follow_ups_heading")
        follow_ups = (*settled.answer.follow_ups, more)
        answer = replace(settled.answer, heading=heading, follow_ups=follow_ups)
        return Settled(answer, settled.draft, promised=True)

    def store(
        self, connection: sa.Connection, settled: Settled, turn: Turn, message: InboundMessage
    ) -> Callable[[], None]:
        """Record what came of it, within the caller's transaction; to be called after that: rest.

        A draft that is still being written is recorded, and its answer delivered, when it is done.
        """
        draft = settled.draft
        if draft is None:
            return _nothing
        written = draft.written
        if written is None or settled.promised or (written.answer and not settled.answer.generated):
            promised = settled.promised
            return lambda: draft.when_done(
                lambda done: self._come_late(done, turn, message, promised)
            )
        self._count(written)
        self._generations.add(connection, turn.id, written.generation)
        return _nothing

    def _come_late(
        self, written: Written, turn: Turn, message: InboundMessage, promised: bool
    ) -> None:
        self._count(written, late=True)
        late = replace(written.generation, late=True)
        reply: Reply | None = None
        try:
            with self._engine.begin() as connection:
                known = sa.select(turns.c.id).where(turns.c.id == turn.id)
                if connection.execute(known).first() is None:
                    return  # the person was forgotten meanwhile
                if written.answer is None:
                    self._generations.add(connection, turn.id, late)
                else:
                    fuller = _turn_of(written.answer, turn)
                    self._conversations.add(connection, fuller)
                    self._generations.add(connection, fuller.id, late)
                    reply = fuller.reply
        except sa.exc.SQLAlchemyError as error:
            log.warning("late_answer_not_stored", error=type(error).__name__)
        self._late.deliver(message, turn.person, reply, promised)

    def _count(self, written: Written, late: bool = False) -> None:
        ending = "late" if late and written.answer else written.generation.ending
        self._metrics.generations.labels(ending).inc()


def _turn_of(answer: Answer, before: Turn) -> Turn:
    """A turn of its own: its cards are told of a correction like any other's."""
    turn_id = new_turn_id()
    return replace(
        before,
        id=turn_id,
        cards=tuple((card.key, card.revision) for card in answer.cards),
        reply=Reply(answer.text, turn=turn_id, rateable=True, generated=True),
    )


def _nothing() -> None:
    """Nothing is left to do."""

"""One turn from start to finish: taken once, answered, stored, and told what can be tapped next."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa
import structlog

from bot.assistant.answer import Answer, AnswerVerdict
from bot.assistant.assistant import Assistant, Background
from bot.assistant.safety import SCREEN, SEARCH
from bot.choices import choices_of, join_replies
from bot.conversation import Conversations, Turn, new_turn_id
from bot.fuller import COLLECT, Fuller
from bot.handover import URGENT, Handover
from bot.health import Health
from bot.helpdesk import Helpdesk, Reason
from bot.images import ImageError
from bot.inbox import Claim, Inbox
from bot.memory import RecentReplies
from bot.messages import Action, InboundMessage, MessageKind, Reply
from bot.metrics import Metrics
from bot.pacing import Pace, Pacing
from bot.people import Context, Offer, People, hide_person
from bot.pictures import Pictures, shortened
from bot.redaction import has_chinese, redact
from bot.said import Said
from bot.typed import Typed, read_typed
from knowledge.hotline import nearest_hotline
from prompts import Wording

log = structlog.get_logger()
STORED_QUESTION = 2000  # characters; a longer paste is cut before it is stored

LEAST_QUESTION = 4  # characters; less is hardly a question that a volunteer can look at
_FIXED = {
    MessageKind.VOICE: "voice.text",
    MessageKind.IMAGE: "image.missing",
    MessageKind.LOCATION: "location.text",
    MessageKind.LINK: "link.text",
    MessageKind.UNSUPPORTED: "unsupported.text",
}


class Dialogue:
    """The Responder behind every channel."""

    def __init__(
        self,
        engine: sa.Engine,
        assistant: Assistant,
        people: People,
        inbox: Inbox,
        conversations: Conversations,
        helpdesk: Helpdesk,
        pacing: Pacing,
        wording: Wording,
        secret: str,
        retention_days: int,
        health: Health,
        metrics: Metrics,
        pictures: Pictures,
        fuller: Fuller,
        handover: Handover,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._assistant = assistant
        self._people = people
        self._inbox = inbox
        self._conversations = conversations
        self._helpdesk = helpdesk
        self._pacing = pacing
        self._wording = wording
        self._secret = secret
        self._retention_days = retention_days
        self._health = health
        self._metrics = metrics
        self._pictures = pictures
        self._fuller = fuller
        self._handover = handover
        self._clock = clock
        # Stands in for the inbox while the database cannot be written.
        self._recent = RecentReplies()

    def respond(self, message: InboundMessage) -> Reply | None:
        """As Responder.respond."""
        person = hide_person(self._secret, message.channel, message.person)
        try:
            claim = self._inbox.claim(message.channel, message.message_id, person)
            if not claim.fresh and not claim.done:
                claim = self._inbox.wait(message.channel, message.message_id)
        except sa.exc.SQLAlchemyError as error:
            return self._respond_unstored(message, person, error)
        if not claim.fresh:
            return claim.reply
        self._metrics.messages.labels(message.channel, message.kind.value).inc()
        said = self._say(message, person)
        try:
            said = self._handover.settle(said, person)
            self._store(message, person, said)
        except sa.exc.SQLAlchemyError as error:
            self._database_failed(error)
            self._recent.put((message.channel, message.message_id), said.reply)
        else:
            self._health.report("database", True)
        return said.reply

    def defer(self, message: InboundMessage) -> Reply | None:
        """As Responder.defer."""
        try:
            person = hide_person(self._secret, message.channel, message.person)
            claim = self._inbox.defer(message.channel, message.message_id, person)
        except sa.exc.SQLAlchemyError as error:
            self._database_failed(error)
            claim = Claim(fresh=False)
        if claim.done:
            return claim.reply
        return self._pending("late.pending")

    def _respond_unstored(
        self, message: InboundMessage, person: str, error: Exception
    ) -> Reply | None:
        """Answer although nothing can be written; once per message, in this process."""
        self._database_failed(error)
        key = (message.channel, message.message_id)
        with self._recent.turn(key) as known:
            if known.done:
                return known.reply
            reply = self._say(message, person).reply
            self._recent.put(key, reply)
            return reply

    def _say(self, message: InboundMessage, person: str) -> Said:
        try:
            context = self._context(person)
            return self._by_kind(message, person, context)
        except Exception as error:
            log.exception("turn_failed", channel=message.channel, error=type(error).__name__)
            self._metrics.failures.labels("turn").inc()
            return Said(Reply(self._wording.say("busy.failed")))

    def _by_kind(self, message: InboundMessage, person: str, context: Context | None) -> Said:
        if message.kind is MessageKind.NOTICE:
            return Said(None)
        if message.kind is MessageKind.UNSUBSCRIBE:
            return Said(None, forget=True)
        if message.kind is MessageKind.SUBSCRIBE:
            return self._welcome()
        if message.kind in _FIXED and not message.text.strip() and message.image is None:
            said = Said(Reply(self._wording.say(_FIXED[message.kind])), context or Context())
            return self._introduced(said, context)
        typed = read_typed(message.text, message.tap, context or Context())
        if typed is None or typed.action is Action.ASK:
            pace = self._pacing.check(person)
            if pace is not Pace.FINE:
                return Said(Reply(self._wording.say(f"busy.{pace.value}")))
        if typed is not None:
            said = self._on_tap(message, person, context or Context(), typed)
        elif message.image is not None:
            said = self._look(message, person, context or Context())
        else:
            said = self._ask(message, person, context or Context(), message.text)
        return self._introduced(said, context)

    def _welcome(self) -> Said:
        examples = self._wording.several("welcome.examples")
        offers = tuple(Offer(example, "") for example in examples)
        text = self._wording.say("welcome.first", retention_days=self._retention_days)
        context = Context(offers=offers, at=self._clock())
        heading = self._wording.say("welcome.examples_heading")
        return Said(Reply(text, choices_of(offers, ""), heading=heading), context)

    def _introduced(self, said: Said, context: Context | None) -> Said:
        """The first answer a person gets says what we are, after what they asked for."""
        if context is not None or said.reply is None:
            return said
        line = self._wording.say("welcome.first_line", retention_days=self._retention_days)
        reply = replace(said.reply, text=f"{said.reply.text}\n\n{line}")
        turn = replace(said.turn, reply=reply) if said.turn else None
        kept = said.context or Context(at=self._clock())
        return replace(said, reply=reply, turn=turn, context=kept)

    def _on_tap(self, message: InboundMessage, person: str, context: Context, typed: Typed) -> Said:
        if typed.action is Action.RATE:
            return self._rate(person, context, typed)
        if typed.action is Action.MORE:
            return self._more(person, context, typed)
        if typed.action is Action.COLLECT:
            return self._collect(message, person)
        if typed.action is Action.HUMAN:
            return self._hand_off(message, person, context)
        if typed.action is Action.FORGET:
            sure = bool(typed.value)
            return Said(
                Reply(self._wording.say(f"forget.{'done' if sure else 'ask'}")), forget=sure
            )
        return self._choose(message, person, context, typed)

    def _choose(self, message: InboundMessage, person: str, context: Context, typed: Typed) -> Said:
        offers = context.offers
        if typed.turn and typed.turn != context.turn:
            # A button under an older answer: what it offered is in that turn.
            turn = self._conversations.get(typed.turn, person)
            offered = turn.reply.choices if turn else ()
            offers = tuple(Offer(choice.label, choice.card) for choice in offered)
        if not 1 <= typed.value <= len(offers):
            return Said(Reply(self._wording.say("abstain.no_words")), context)
        offer = offers[typed.value - 1]
        if offer.card == COLLECT:
            return self._collect(message, person, "late.no_fuller")
        started = self._clock()
        answer = self._chosen(offer.card, context.question)
        if answer is None:
            return self._ask(message, person, Context(), offer.label)
        return self._answered(message, person, offer.label, answer, started)

    def _hand_off(self, message: InboundMessage, person: str, context: Context) -> Said:
        """They want to talk to a person: a ticket with what they asked before."""
        answer = Answer(AnswerVerdict.HANDED_OFF, self._wording.say("helpdesk.asked"))
        asked = context.question or redact(message.text)
        said = self._answered(message, person, asked, answer, self._clock())
        return replace(said, ticket=Reason.ASKED)

    def _chosen(self, card: str, question: str) -> Answer | None:
        """What a choice leads to: a card, or another look at the question that was asked."""
        if card == SCREEN:
            return self._assistant.screen(question)
        if card == SEARCH:
            return self._assistant.search(question)
        return self._assistant.answer_card(card) if card else None

    def _ask(self, message: InboundMessage, person: str, context: Context, question: str) -> Said:
        started = self._clock()
        hidden = redact(question[:STORED_QUESTION])
        composed = self._assistant.answer(hidden, Background(context.question, context.card))
        settled = self._fuller.settle(composed, started, message.live)
        settled = self._fuller.offer(settled, message, person)
        answer = settled.answer
        said = self._answered(message, person, hidden, answer, started)
        said = replace(said, settled=settled)
        if said.context and not answer.cards and not answer.follow_ups and context.question:
            # An abstention does not end the talk: 那小孩呢 may still lean on the answer before.
            kept = replace(
                said.context, question=context.question, card=context.card, offers=context.offers
            )
            return replace(said, context=kept)
        return said

    def _look(self, message: InboundMessage, person: str, context: Context) -> Said:
        """Answer what is written in a picture; what stands under it when that cannot be read."""
        started = self._clock()
        caption = message.text.strip()
        if caption and self._assistant.answer(redact(caption)).verdict.value in URGENT:
            return self._ask(message, person, context, caption)  # which waits for no reading
        try:
            words = redact(self._pictures.words(message.image)[:STORED_QUESTION])
        except ImageError as error:
            if caption:
                return self._ask(message, person, context, caption)
            return Said(Reply(self._wording.say(f"image.{error.fault.value}")), context)
        answer = self._assistant.answer_picture(words, redact(caption))
        seen = self._wording.say("image.seen", words=shortened(words))
        told = replace(answer, text=f"{answer.text}\n\n{seen}")
        return self._answered(message, person, words, told, started)

    def _answered(
        self, message: InboundMessage, person: str, question: str, answer: Answer, started: float
    ) -> Said:
        turn_id = new_turn_id()
        offers = tuple(Offer(f.label, f.card) for f in answer.follow_ups)
        reply = Reply(
            text=answer.text,
            choices=choices_of(offers, turn_id),
            turn=turn_id,
            rateable=answer.rateable,
            heading=answer.heading,
            generated=answer.generated,
        )
        elapsed_ms = (self._clock() - started) * 1000
        self._metrics.turns.labels(message.channel, answer.verdict.value).inc()
        self._metrics.seconds.labels(message.channel).observe(elapsed_ms / 1000)
        turn = Turn(
            id=turn_id,
            person=person,
            channel=message.channel,
            asked_at=started,
            question=question,
            verdict=answer.verdict.value,
            confidence=answer.confidence,
            cards=tuple((c.key, c.revision) for c in answer.cards),
            reply=reply,
            elapsed_ms=elapsed_ms,
        )
        context = Context(
            question=question,
            card=answer.cards[0].key if answer.rateable else "",
            turn=turn_id,
            rateable=answer.rateable,
            offers=offers,
            at=self._clock(),
        )
        log.info(
            "turn",
            channel=message.channel,
            turn=turn_id,
            verdict=answer.verdict.value,
            cards=[c.key for c in answer.cards],
            confidence=round(answer.confidence, 3),
            keyword_only=answer.keyword_only,
            elapsed_ms=round(elapsed_ms, 1),
        )
        ticket = _reason(answer, question)
        if ticket is Reason.ABSTAINED:
            noted = f"{reply.text}\n{self._wording.say('helpdesk.noted')}"
            reply = replace(reply, text=noted)
            turn = replace(turn, reply=reply)
        return Said(reply, context, turn, ticket=ticket)

    def _rate(self, person: str, context: Context, typed: Typed) -> Said:
        turn = self._conversations.get(typed.turn or context.turn, person)
        if turn is None or not turn.reply.rateable:
            return Said(Reply(self._wording.say("rating.nothing")), context)
        useful = typed.value == 1
        self._metrics.ratings.labels("useful" if useful else "useless").inc()
        if useful:
            return Said(Reply(self._wording.say("rating.thanks")), context, rating=(turn, True))
        hotline = nearest_hotline(turn.question + turn.reply.text[:200])
        text = self._wording.say("rating.sorry", number=hotline.number, name=hotline.name)
        return Said(Reply(text), context, rating=(turn, False))

    def _more(self, person: str, context: Context, typed: Typed) -> Said:
        turn = self._conversations.get(typed.turn or context.turn, person)
        if turn is None:
            return Said(Reply(self._wording.say("paging.nothing")), context)
        page = typed.value or context.page + 1
        kept = replace(context, page=page) if turn.id == context.turn else context
        return Said(replace(turn.reply, page=page), kept)

    def _collect(self, message: InboundMessage, person: str, nothing: str = "late.nothing") -> Said:
        found = self._inbox.collect(person, but=message.message_id)
        context = self._context(person)
        if found.replies:
            return Said(join_replies(found.replies), context)
        if found.still_working:
            return Said(self._pending("late.still"), context)
        return Said(Reply(self._wording.say(nothing)), context)

    def _pending(self, name: str) -> Reply:
        return Reply(self._wording.say(name), pending=True)

    def _context(self, person: str) -> Context | None:
        try:
            return self._people.context(person)
        except sa.exc.SQLAlchemyError as error:
            self._database_failed(error)
            return Context()

    def _store(self, message: InboundMessage, person: str, said: Said) -> None:
        after: Callable[[], None] | None = None
        with self._engine.begin() as connection:
            if said.forget:
                self._conversations.forget(connection, person)
                self._helpdesk.forget(connection, person)
                return
            if said.turn is not None:
                self._conversations.add(connection, said.turn)
                if said.settled is not None:
                    after = self._fuller.store(connection, said.settled, said.turn, message)
            self._handover.store(connection, message, person, said)
            if said.rating is not None:
                self._conversations.rate(connection, *said.rating)
            if said.context is not None:
                self._people.remember(connection, person, message.channel, said.context)
            self._inbox.finish(connection, message.channel, message.message_id, said.reply)
        if after is not None:
            after()

    def _database_failed(self, error: Exception) -> None:
        self._metrics.failures.labels("database").inc()
        self._health.report("database", False, type(error).__name__)
        log.error("database_failed", error=type(error).__name__)


def _reason(answer: Answer, question: str) -> Reason | None:
    """Why a volunteer should look at this turn, if one should."""
    if answer.alert:
        return Reason.ALERT
    if answer.unchecked:
        return Reason.UNCHECKED
    asked = answer.verdict is AnswerVerdict.ABSTAINED and has_chinese(question)
    return Reason.ABSTAINED if asked and len(question.strip()) >= LEAST_QUESTION else None

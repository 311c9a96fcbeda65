"""How a fuller answer reaches a person after the composed one: pushed, or fetched by a tap."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import sqlalchemy as sa

from bot.delivery import Ledger, Origin
from bot.inbox import Inbox
from bot.messages import InboundMessage, Reply

_MARK = "+"  # after a message's id: no channel's own ids end in it
_ID_CHARACTERS = 127
PUSHED_BYTES = 1800  # a WeChat text may have 2048 (protocol notes, section 4)


class LateDelivery:
    """LateAnswers by the delivery ledger where the channel pushes, else by the inbox.

    The inbox's way works on every account: the person taps, and is given what was deferred.
    """

    def __init__(self, engine: sa.Engine, inbox: Inbox, ledger: Ledger) -> None:
        self._engine = engine
        self._inbox = inbox
        self._ledger = ledger

    def expect(self, message: InboundMessage, person: str, within_seconds: float) -> bool:
        """As LateAnswers.expect: True where the person must tap."""
        if self._ledger.pushes(message.channel):
            return False
        return _try(
            lambda: self._inbox.expect(message.channel, _late_id(message), person, within_seconds)
        )

    def deliver(
        self, message: InboundMessage, person: str, reply: Reply | None, promised: bool
    ) -> None:
        """As LateAnswers.deliver."""
        if promised:
            _try(lambda: self._inbox.complete(message.channel, _late_id(message), reply))
        elif reply is not None:
            _try(lambda: self._push(message.channel, person, reply))

    def _push(self, channel: str, person: str, reply: Reply) -> None:
        with self._engine.begin() as connection:
            for part in cut_text(reply.text):
                self._ledger.add(connection, person, channel, part, Origin.MODEL, reply.turn)


def cut_text(text: str, most_bytes: int = PUSHED_BYTES) -> list[str]:
    """A text in as few parts as hold so many bytes each, cut between paragraphs, else lines."""
    parts: list[str] = []
    for piece in text.split("\n\n"):
        for line in [piece] if len(piece.encode()) <= most_bytes else piece.split("\n"):
            joined = f"{parts[-1]}\n\n{line}" if parts else line
            if parts and len(joined.encode()) <= most_bytes:
                parts[-1] = joined
            else:
                parts.append(line)
    return parts


def _try(call: Callable[[], None]) -> bool:
    # The composed answer has gone out; a fuller one that cannot be kept is only lost.
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        call()
        return True
    return False


def _late_id(message: InboundMessage) -> str:
    return message.message_id[:_ID_CHARACTERS] + _MARK

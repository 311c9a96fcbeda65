"""Late answers that wait in the inbox until the person fetches them: works on every account."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import sqlalchemy as sa

from bot.inbox import Inbox
from bot.messages import InboundMessage, Reply

_MARK = "+"  # after a message's id: no channel's own ids end in it
_ID_CHARACTERS = 127


class InboxLateAnswers:
    """LateAnswers by the tap that fetches deferred replies (bot.inbox)."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    def expect(self, message: InboundMessage, person: str, within_seconds: float) -> bool:
        """As LateAnswers.expect."""
        return self._try(
            lambda: self._inbox.expect(message.channel, _late_id(message), person, within_seconds)
        )

    def deliver(
        self,
        message: InboundMessage,
        person: str,  # noqa: ARG002 - the inbox knows it already; a delivery ledger does not
        reply: Reply | None,
    ) -> None:
        """As LateAnswers.deliver."""
        self._try(lambda: self._inbox.complete(message.channel, _late_id(message), reply))

    @staticmethod
    def _try(call: Callable[[], None]) -> bool:
        # The composed answer has gone out; a fuller one that cannot be kept is only lost.
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            call()
            return True
        return False


def _late_id(message: InboundMessage) -> str:
    return message.message_id[:_ID_CHARACTERS] + _MARK

"""What one turn came to, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass

from bot.conversation import Turn
from bot.delivery import Delivery
from bot.fuller import Settled
from bot.helpdesk import Reason
from bot.messages import Reply
from bot.people import Context


@dataclass(frozen=True)
class Said:
    """The reply and everything that is stored with it, in one transaction."""

    reply: Reply | None
    context: Context | None = None
    turn: Turn | None = None
    rating: tuple[Turn, bool] | None = None
    ticket: Reason | None = None
    handed: tuple[Delivery, ...] = ()  # waiting messages that went out in front of the reply
    heard: tuple[str, str] | None = None  # a ticket, and what was said to who has it
    forget: bool = False
    settled: Settled | None = None

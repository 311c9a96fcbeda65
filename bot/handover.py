"""Between bot and volunteers: who is speaking, and what waited for a person's next word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sa

from bot.addresses import Addresses
from bot.assistant.answer import AnswerVerdict
from bot.delivery import DeliveryState, Ledger
from bot.helpdesk import Helpdesk, LineKind, Reason, Ticket
from bot.messages import InboundMessage, Reply
from bot.said import Said
from prompts import Wording

URGENT = frozenset({AnswerVerdict.EMERGENCY.value, AnswerVerdict.SCAM.value})
_PUSHED = frozenset({"wechat", "telegram"})  # channels whose addresses are of any use


class Handover:
    """Hushes the bot while a volunteer talks, and hands over what could not be pushed."""

    def __init__(
        self,
        helpdesk: Helpdesk,
        ledger: Ledger,
        addresses: Addresses,
        wording: Wording,
        name_of: Callable[[str], str],
    ) -> None:
        self._helpdesk = helpdesk
        self._ledger = ledger
        self._addresses = addresses
        self._wording = wording
        self._name_of = name_of

    def settle(self, said: Said, person: str) -> Said:
        """The turn as it is told: nothing while a volunteer talks, else with what has waited."""
        if said.turn is None or said.reply is None:
            return said
        urgent = said.turn.verdict in URGENT
        holder = self._helpdesk.holder(person)
        if holder is not None:
            heard = (holder.id, said.turn.question)
            # Whoever is in danger is answered at once, whoever has the conversation.
            speaks = self._who_speaks(holder, said.turn.channel)
            # Whoever is in danger is answered at once, whoever has the conversation.
            said = replace(said, heard=heard) if urgent else Said(speaks, said.context, heard=heard)
        # What a volunteer found out comes first, but never before an emergency.
        return said if urgent else self._with_waiting(said, person)

    def store(
        self, connection: sa.Connection, message: InboundMessage, person: str, said: Said
    ) -> None:
        """Everything of a turn that concerns volunteers, within the caller's transaction."""
        if message.channel in _PUSHED:
            self._addresses.note(
                connection, person, message.channel, message.person, message.from_menu
            )
        if said.turn is not None and said.ticket is not None:
            self._helpdesk.open(connection, said.turn, said.ticket)
        if said.rating is not None and not said.rating[1]:
            self._helpdesk.open(connection, said.rating[0], Reason.LOW_RATING)
        if said.heard is not None:
            self._helpdesk.hear(connection, *said.heard)
        if said.handed:
            self._ledger.hand_over(connection, said.handed)

    def _who_speaks(self, ticket: Ticket, channel: str) -> Reply | None:
        """Told once, at the first word after a volunteer took the ticket; then nothing.

        Where nothing can be pushed a page would stay empty: there each word is acknowledged.
        """
        lines = self._helpdesk.lines(ticket.id)
        if not any(line.kind in {LineKind.RESIDENT, LineKind.REPLY} for line in lines):
            name = self._name_of(ticket.claimed_by)
            return Reply(self._wording.say("helpdesk.speaking", name=name))
        return None if channel in _PUSHED else Reply(self._wording.say("helpdesk.heard"))

    def _with_waiting(self, said: Said, person: str) -> Said:
        waiting = tuple(self._ledger.waiting(person))
        if not waiting:
            return said
        lines = [
            self._wording.say("helpdesk.again", text=d.text)
            if d.state is DeliveryState.UNKNOWN
            else d.text
            for d in waiting
        ]
        own = [said.reply.text] if said.reply else []
        reply = replace(said.reply or Reply(""), text="\n\n".join([*lines, *own]))
        turn = replace(said.turn, reply=reply) if said.turn else None
        return replace(said, reply=reply, turn=turn, handed=waiting)

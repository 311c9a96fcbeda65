"""What can be tapped under a reply, and several late replies as one."""

from __future__ import annotations

from dataclasses import replace

from bot.messages import Action, Choice, Reply, Tap
from bot.people import Offer


def choices_of(offers: tuple[Offer, ...], turn: str) -> tuple[Choice, ...]:
    """A numbered choice for each offer of a turn."""
    return tuple(
        Choice(i, offer.label, Tap(Action.ASK, turn, i), offer.card)
        for i, offer in enumerate(offers, 1)
    )


def join_replies(replies: tuple[Reply, ...]) -> Reply:
    """Several late answers as one; what can be tapped belongs to the last."""
    text = "\n\n".join(reply.text for reply in replies)
    return replace(replies[-1], text=text, generated=any(reply.generated for reply in replies))

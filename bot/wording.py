"""The channels' fixed wording, filled from prompts/: channels themselves do not know prompts."""

from __future__ import annotations

from bot.messages import ChannelWords
from prompts import Wording


def channel_words(wording: Wording) -> ChannelWords:
    """What every channel adds around a reply."""
    return ChannelWords(
        more=wording.say("paging.more"),
        finished=wording.say("paging.finished"),
        see_result=wording.say("late.see_result"),
        rate=wording.say("answer.rate"),
        useful=wording.say("answer.useful"),
        useless=wording.say("answer.useless"),
        welcome_examples=wording.several("welcome.examples"),
    )

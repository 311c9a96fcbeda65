"""The channels' fixed wording, filled from prompts/: channels themselves do not know prompts."""

from __future__ import annotations

from typing import Any

from bot.channels.web_words import WebWords
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


def web_words(wording: Wording, retention_days: int) -> WebWords:
    """What the chat page shows by itself; a missing line raises TypeError at start."""
    lines: dict[str, Any] = wording.section("web")
    return WebWords(
        **lines,
        privacy=wording.say("web.privacy", retention_days=retention_days),
        calls=wording.several("web.calls"),
    )

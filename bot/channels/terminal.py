"""The terminal: a reply as plain lines, with the digits that can be typed."""

from __future__ import annotations

from bot.messages import ChannelWords, Reply


def show(reply: Reply, words: ChannelWords) -> str:
    """A reply as it is printed; a terminal has room for all of it at once."""
    parts = [reply.text]
    if reply.choices:
        lines = [f"  {choice.number}  {choice.label}" for choice in reply.choices]
        parts.append("\n".join([reply.heading, *lines] if reply.heading else lines))
    if reply.rateable:
        parts.append(words.rate)
    return "\n\n".join(parts)

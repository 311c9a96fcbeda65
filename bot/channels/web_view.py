"""A Reply as the web page shows it: answer, sources and buttons, still plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.channels.web_input import readable
from bot.messages import Action, ChannelWords, Choice, Reply, Tap

# chat.js holds the same rule for answers that arrive later.
_SOURCES = re.compile(r"^来源", re.MULTILINE)


@dataclass(frozen=True)
class ReplyView:
    """One answer, cut where the page changes its style."""

    text: str
    body: str
    sources: str
    heading: str = ""
    choices: tuple[Choice, ...] = ()
    turn: str = ""
    rateable: bool = False
    pending: bool = False

    @property
    def useful(self) -> str:
        """What tapping 有用 sends."""
        return Tap(Action.RATE, self.turn, 1).encode()

    @property
    def useless(self) -> str:
        """What tapping 没用 sends."""
        return Tap(Action.RATE, self.turn, 0).encode()

    def as_json(self) -> dict[str, object]:
        """The answer as chat.js reads it."""
        return {
            "text": self.text,
            "heading": self.heading,
            "choices": [
                {"number": choice.number, "label": choice.label, "tap": choice.tap.encode()}
                for choice in self.choices
            ],
            "turn": self.turn,
            "rateable": self.rateable,
            "pending": self.pending,
        }


def view_reply(reply: Reply | None, words: ChannelWords) -> ReplyView:
    """Prepare a reply for the page; None becomes an empty view."""
    if reply is None:
        return ReplyView(text="", body="", sources="")
    text = readable(reply.text).strip()
    start = _SOURCES.search(text)
    cut = start.start() if start else len(text)
    return ReplyView(
        text=text,
        body=text[:cut].rstrip(),
        sources=text[cut:],
        heading=readable(reply.heading),
        choices=_choices(reply, words),
        turn=reply.turn,
        rateable=reply.rateable and bool(reply.turn),
        pending=reply.pending,
    )


def _choices(reply: Reply, words: ChannelWords) -> tuple[Choice, ...]:
    choices = tuple(
        Choice(choice.number, readable(choice.label), choice.tap) for choice in reply.choices
    )
    collects = any(choice.tap.action is Action.COLLECT for choice in choices)
    if not reply.pending or collects:
        return choices
    last = max((choice.number for choice in choices), default=0)
    return (*choices, Choice(last + 1, words.see_result, Tap(Action.COLLECT, reply.turn)))

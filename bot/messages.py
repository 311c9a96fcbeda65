"""What passes between a channel and the dialogue: InboundMessage in, Reply out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.images import ImageLoader

_TAP = re.compile(r"([armchd])\.([0-9a-z]{0,20})\.(\d{1,3})")


class MessageKind(StrEnum):
    """What a person sent, in the words every channel shares."""

    TEXT = "text"
    VOICE = "voice"
    IMAGE = "image"
    LOCATION = "location"
    LINK = "link"
    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    NOTICE = "notice"  # a platform event that wants no answer
    UNSUPPORTED = "unsupported"  # anything the channel cannot read


class Action(StrEnum):
    """What tapping a button or a tap-to-send link means."""

    ASK = "a"  # value: number of the choice under that turn
    RATE = "r"  # value: 1 useful, 0 not useful
    MORE = "m"  # value: the page wanted, from 1
    COLLECT = "c"  # fetch answers that were not ready in time; value unused
    HUMAN = "h"  # talk to a person; value unused
    FORGET = "d"  # delete all that is kept of me; value: 1 when it has been confirmed


@dataclass(frozen=True)
class Tap:
    """A button's meaning, small enough for Telegram's 64 bytes of callback_data."""

    action: Action
    turn: str = ""
    value: int = 0

    def encode(self) -> str:
        """`a.<turn>.<value>`: ASCII, at most 26 bytes."""
        return f"{self.action.value}.{self.turn}.{self.value}"

    @staticmethod
    def decode(text: str) -> Tap | None:
        """Read encode()'s form back; None for anything else."""
        match = _TAP.fullmatch(text)
        return Tap(Action(match[1]), match[2], int(match[3])) if match else None


@dataclass(frozen=True)
class InboundMessage:
    """One thing a person sent, already verified and parsed by its channel.

    `message_id` is unique within the channel (WeChat MsgId or event key, Telegram update_id).
    `person` is the channel's own address of the person; it is never logged.
    `image` fetches the picture of an IMAGE, when the channel can; `text` is then its caption.
    `from_menu` is set for a tap on a menu, which may earn fewer messages than a word does.
    `live` is told each sentence of a generated answer as it comes, when the channel can show it;
    the Reply is what counts in the end.
    """

    channel: str
    message_id: str
    person: str
    kind: MessageKind
    text: str = ""
    tap: Tap | None = None
    sent_at: datetime | None = None
    from_menu: bool = False
    image: ImageLoader | None = field(default=None, compare=False, repr=False)
    live: Callable[[str], None] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Choice:
    """Something the person can tap, or type the number of."""

    number: int
    label: str
    tap: Tap
    card: str = ""  # what the dialogue answers it with; channels have no use for it


@dataclass(frozen=True)
class Reply:
    """What the person is told: plain text of any length, and what can be tapped under it.

    `turn` names the stored turn; a reply with a turn can be rated when `rateable`.
    `page` (from 1) is the page wanted where a channel must cut long text.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    turn: str = ""
    rateable: bool = False
    page: int = 1
    heading: str = ""  # the line above the choices
    pending: bool = False  # a placeholder: the answer is collected by a later tap
    generated: bool = False  # a model wrote part of it; the text says so, and the channel may too


@dataclass(frozen=True)
class ChannelWords:
    """The fixed wording a channel adds around a reply; app.py fills it from prompts/."""

    more: str  # label of the link to the next page
    finished: str  # said when there is no next page
    see_result: str  # label of the link that collects a late answer
    rate: str  # the line asking for a rating, with the digits
    useful: str
    useless: str
    welcome_examples: tuple[str, ...] = field(default=())


class Responder(Protocol):
    """The dialogue, as a channel sees it. Both calls block; run them in a thread.

    Neither raises for anything a person can send. Calling respond again with the same
    (channel, message_id) joins the turn in flight or returns its stored reply.
    """

    def respond(self, message: InboundMessage) -> Reply | None:
        """Answer a message; None when nothing should be said."""
        ...

    def defer(self, message: InboundMessage) -> Reply | None:
        """The channel can wait no longer for respond(message): a placeholder (pending=True).

        When the answer was finished meanwhile, that answer is returned instead. Otherwise the
        answer is kept, and the person's next COLLECT tap (or the typed words) fetches it once.
        """
        ...


class Channel(Protocol):
    """A way people reach us."""

    name: str

"""Between Telegram's values and ours: an Update as InboundMessage, a Reply as its messages.

Pure: nothing here talks to Telegram. A reply is plain text, cut to size and then escaped for HTML,
with the buttons under its last message. HTML needs only `& < >` escaped
(https://core.telegram.org/bots/api#html-style); Markdown is never used, because one unmatched
asterisk would make Telegram refuse the message. Limits, Bot API 10.0: 4096 characters after entity
parsing, counted here in UTF-16 units as Telegram's own offsets are
(https://core.telegram.org/bots/api#sendmessage), and 1-64 bytes of callback_data
(https://core.telegram.org/bots/api#inlinekeyboardbutton).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html import escape
from typing import Any, Final, TypeGuard

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    Update,
    User,
)
from telegram.constants import ChatMemberStatus, ChatType
from telegram.ext.filters import StatusUpdate

from bot.channels.telegram_pictures import picture_in
from bot.messages import Action, ChannelWords, Choice, InboundMessage, MessageKind, Reply, Tap
from bot.paging import split_text, utf16_units

PAGE_UNITS: Final = 4_000  # of 4096: room for whatever Telegram counts otherwise than we do
LABEL_UNITS: Final = 60  # a phone shows about twenty Chinese characters of a button
DATA_BYTES: Final = 64

_GAP: Final = "\n\n"
_COMMAND = re.compile(r"/(?:start|help)(?:@(\w+))?(?:\s|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Button:
    """An inline button; `data` comes back as callback_data when it is tapped."""

    label: str
    data: str


@dataclass(frozen=True)
class TelegramPage:
    """One message: its words, and the rows of buttons under it."""

    text: str
    rows: tuple[tuple[Button, ...], ...] = ()

    @property
    def html(self) -> str:
        """The text for parse_mode HTML."""
        # Escaped after the cutting, so that no page ends inside an `&amp;`.
        return escape(self.text, quote=False)


def telegram_pages(reply: Reply, words: ChannelWords) -> list[TelegramPage]:
    """Every message of a reply, in order; empty when the reply says nothing.

    Telegram takes them all at once, so reply.page plays no part. Choices are buttons and are also
    listed in the text: a button cuts a long label, and some people would rather type the digit.
    """
    pages = split_text(_writable(reply.text), PAGE_UNITS, utf16_units)
    listing = _listing(reply)
    if listing and pages and utf16_units(pages[-1] + _GAP + listing) <= PAGE_UNITS:
        pages[-1] += _GAP + listing
    else:
        pages += split_text(listing, PAGE_UNITS, utf16_units)
    if not pages:
        return []
    return [*map(TelegramPage, pages[:-1]), TelegramPage(pages[-1], _rows(reply, words))]


def keyboard(page: TelegramPage) -> InlineKeyboardMarkup | None:
    """The page's buttons as Telegram's own value."""
    rows = [
        [InlineKeyboardButton(button.label, callback_data=button.data) for button in row]
        for row in page.rows
    ]
    return InlineKeyboardMarkup(rows) if rows else None


def without_rating(markup: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
    """A message's buttons once it was rated: what else could be tapped stays."""
    rows = [[b for b in row if not _is_rating(b)] for row in markup.inline_keyboard]
    return InlineKeyboardMarkup([row for row in rows if row])


def is_update(raw: object) -> TypeGuard[dict[str, Any]]:
    """Whether this is an object with an update_id, the one thing every update has."""
    return isinstance(raw, dict) and type(raw.get("update_id")) is int


def read_update(update: Update, me: User) -> InboundMessage | None:
    """What an update says to us; None for what wants no answer.

    Edited messages, channel posts, service messages, and group talk that neither mentions nor
    replies to the bot want none. https://core.telegram.org/bots/api#update
    """
    if (chat := update.effective_chat) is None:
        return None
    inbound = InboundMessage("telegram", str(update.update_id), str(chat.id), MessageKind.TEXT)
    if member := update.my_chat_member:
        blocked = member.new_chat_member.status == ChatMemberStatus.BANNED
        return replace(inbound, kind=MessageKind.UNSUBSCRIBE) if blocked else None
    if query := update.callback_query:
        tap = Tap.decode(query.data or "")
        return replace(inbound, tap=tap, kind=inbound.kind if tap else MessageKind.UNSUPPORTED)
    message = update.message
    if message is None or StatusUpdate.ALL.check_update(update):
        return None
    text, addressed = _words_for(message, me)
    if chat.type != ChatType.PRIVATE and not addressed:
        return None
    return replace(inbound, kind=_kind(message, text, me), text=text, sent_at=message.date)


def _kind(message: Message, text: str, me: User) -> MessageKind:
    if message.text is not None:
        command = _COMMAND.match(text)
        ours = command and (command[1] or "").lower() in ("", (me.username or "").lower())
        return MessageKind.SUBSCRIBE if ours else MessageKind.TEXT
    if message.voice:
        return MessageKind.VOICE
    if picture_in(message):
        return MessageKind.IMAGE
    return MessageKind.LOCATION if message.location else MessageKind.UNSUPPORTED


def _words_for(message: Message, me: User) -> tuple[str, bool]:
    """The text or caption without the bot's own name, and whether it speaks to the bot."""
    text = message.text or message.caption or ""
    replied = message.reply_to_message
    addressed = bool(replied and replied.from_user and replied.from_user.id == me.id)
    name = f"@{me.username}".lower()
    units = text.encode("utf-16-le", "surrogatepass")  # entity offsets count UTF-16 units
    for entity in reversed(message.entities or message.caption_entities):
        start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
        said = units[start:end].decode("utf-16-le", "replace").lower()
        named = entity.user is not None and entity.user.id == me.id
        if said == name or named:
            units = units[:start] + units[end:]
            addressed = True
        elif entity.type == MessageEntity.BOT_COMMAND and said.endswith(name):
            addressed = True
    return units.decode("utf-16-le", "replace").strip(), addressed


def _listing(reply: Reply) -> str:
    if not reply.choices:
        return ""
    lines = (f"{choice.number}. {_writable(choice.label)}" for choice in reply.choices)
    return "\n".join((_writable(reply.heading), *lines)).strip()


def _rows(reply: Reply, words: ChannelWords) -> tuple[tuple[Button, ...], ...]:
    rows = [_row(_choice_button(choice)) for choice in reply.choices]
    if reply.rateable and reply.turn:
        useful = Button(_one_line(words.useful), Tap(Action.RATE, reply.turn, 1).encode())
        useless = Button(_one_line(words.useless), Tap(Action.RATE, reply.turn, 0).encode())
        rows.append(_row(useful, useless))
    return tuple(row for row in rows if row)


def _choice_button(choice: Choice) -> Button:
    return Button(_one_line(f"{choice.number}. {choice.label}"), choice.tap.encode())


def _row(*buttons: Button) -> tuple[Button, ...]:
    # One button that Telegram refuses would lose the whole message; its number can be typed.
    return tuple(
        button for button in buttons if button.label and len(button.data.encode()) <= DATA_BYTES
    )


def _one_line(text: str) -> str:
    line = " ".join(_writable(text).split())
    if utf16_units(line) <= LABEL_UNITS:
        return line
    return split_text(line, LABEL_UNITS - 1, utf16_units)[0] + "…"


def _writable(text: str) -> str:
    # Half a surrogate pair cannot be sent as UTF-8 at all.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_rating(button: InlineKeyboardButton) -> bool:
    data = button.callback_data
    tap = Tap.decode(data) if isinstance(data, str) else None
    return tap is not None and tap.action is Action.RATE

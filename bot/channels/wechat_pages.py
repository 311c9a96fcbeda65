"""A Reply as WeChat text: cut into pages, with tap-to-send links as its only buttons.

Tap-to-send links work in any text, passive replies included, and are the only quick reply open to
unverified accounts (protocol notes, section 3). WeChat does not document the longest text; 1,800
UTF-8 bytes is below every reported limit, and everything added here counts towards it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from bot.messages import Action, ChannelWords, Reply, Tap
from bot.paging import split_text, utf8_bytes

PAGE_BYTES: Final = 1_800

_LEAST_TEXT_BYTES: Final = 600  # on a last page that shares its room with links
_GAP: Final = "\n\n"
_NEW_LINE = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters, lone surrogates and non-characters: illegal in XML or in UTF-8.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# WeChat makes a link of every <a …> in a text, so a `<` that could open or close a tag, as itself
# or as an entity, becomes its full-width twin; `<38℃`, `R&D` and a URL's `&` stay as written.
_TAG_OPENING = re.compile(r"<(?=\s*/?\s*[A-Za-z])")
_ENTITY_OPENING = re.compile(r"&(?=lt|amp;|#)", re.IGNORECASE)
_ANCHOR = re.compile(r'<a href="weixin://[^"]*">([^<]*)</a>')


def writable(text: str) -> str:
    """Text that XML and UTF-8 can carry: no control characters, one kind of line end."""
    return _UNWRITABLE.sub("", _NEW_LINE.sub("\n", text))


def plain(text: str) -> str:
    """Text that WeChat shows as it is written: writable, and nothing in it becomes a link."""
    return _ENTITY_OPENING.sub("＆", _TAG_OPENING.sub("＜", writable(text))).strip()


def wechat_pages(reply: Reply, words: ChannelWords) -> list[str]:
    """Every page of a reply, each at most PAGE_BYTES; choices and rating close the last one.

    Empty when the reply says nothing.
    """
    text = plain(reply.text)
    closing = _closing(reply, words)
    for echo_label in (True, False):
        tail = _joined(_linked_choices(reply, echo_label=echo_label), closing)
        room = max(PAGE_BYTES - utf8_bytes(text), PAGE_BYTES - _LEAST_TEXT_BYTES)
        if utf8_bytes(_GAP + tail) <= room:
            return _cut(text, tail, reply.turn, words)
    # Choices too long for links are listed in the text: their numbers can still be typed.
    return _cut(_joined(text, _listed_choices(reply)), closing, reply.turn, words)


def wechat_page(reply: Reply, words: ChannelWords) -> str:
    """The page that reply.page asks for; words.finished beyond the last."""
    pages = wechat_pages(reply, words)
    if reply.page > max(len(pages), 1):
        return plain(words.finished)
    return pages[max(reply.page, 1) - 1] if pages else ""


def visible_pages(reply: Reply, words: ChannelWords) -> list[str]:
    """The pages as WeChat shows them: links read as their labels."""
    return [_ANCHOR.sub(r"\1", page) for page in wechat_pages(reply, words)]


def check_words(words: ChannelWords) -> None:
    """Raise ValueError when the fixed wording alone would crowd a page."""
    widest = Reply(text="", turn="z" * 20, rateable=True, pending=True)
    added = _closing(widest, words) + _more_link("z" * 20, 999, words)
    if utf8_bytes(added) > PAGE_BYTES - _LEAST_TEXT_BYTES or not plain(words.finished):
        raise ValueError("the channel's fixed wording is missing or too long for a WeChat page")


def _cut(text: str, tail: str, turn: str, words: ChannelWords) -> list[str]:
    whole = _joined(text, tail)
    if utf8_bytes(whole) <= PAGE_BYTES:
        return [whole] if whole else []
    room = PAGE_BYTES - utf8_bytes(_GAP + _more_link(turn, 999, words))
    pages = split_text(text, room)
    if utf8_bytes(_joined(pages[-1], tail)) > PAGE_BYTES:
        pages[-1:] = split_text(pages[-1], min(room, PAGE_BYTES - utf8_bytes(_GAP + tail)))
    return [
        *(
            _joined(page, _more_link(turn, number, words))
            for number, page in enumerate(pages[:-1], start=2)
        ),
        _joined(pages[-1], tail),
    ]


def _closing(reply: Reply, words: ChannelWords) -> str:
    rating = collecting = ""
    if reply.rateable and reply.turn:
        useful = _link(words.useful, words.useful, Tap(Action.RATE, reply.turn, 1))
        useless = _link(words.useless, words.useless, Tap(Action.RATE, reply.turn, 0))
        rating = f"{plain(words.rate)}\n{useful}  {useless}".strip()
    if reply.pending:
        collecting = _link(words.see_result, words.see_result, Tap(Action.COLLECT))
    return _joined(rating, collecting)


def _more_link(turn: str, page: int, words: ChannelWords) -> str:
    return _link(words.more, words.more, Tap(Action.MORE, turn, page))


def _linked_choices(reply: Reply, *, echo_label: bool) -> str:
    # A tap sends its content as the person's own message. The label reads best there, but a
    # Chinese character is nine bytes in a URL; the number is the short form.
    lines = [plain(reply.heading)] if reply.choices else []
    for choice in reply.choices:
        label = _one_line(choice.label) or str(choice.number)
        content = label if echo_label else str(choice.number)
        lines.append(f"{choice.number}. {_link(label, content, choice.tap)}")
    return "\n".join(lines).strip()


def _listed_choices(reply: Reply) -> str:
    lines = (f"{choice.number}. {plain(choice.label)}" for choice in reply.choices)
    return "\n".join((plain(reply.heading), *lines)).strip()


def _link(label: str, content: str, tap: Tap) -> str:
    shown = _one_line(label).replace("<", "＜").replace(">", "＞")
    sent = quote(_one_line(content), safe="")
    return (
        f'<a href="weixin://bizmsgmenu?msgmenucontent={sent}'
        f'&msgmenuid={quote(tap.encode(), safe="")}">{shown}</a>'
    )


def _one_line(text: str) -> str:
    return " ".join(plain(text).split())


def _joined(*parts: str) -> str:
    return _GAP.join(part for part in parts if part)

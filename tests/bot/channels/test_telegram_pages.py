"""A Reply as Telegram messages and an Update as InboundMessage: pure, no socket."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram import InlineKeyboardMarkup, Update, User

from bot.channels.telegram_pages import (
    DATA_BYTES,
    LABEL_UNITS,
    PAGE_UNITS,
    TelegramPage,
    is_update,
    keyboard,
    read_update,
    telegram_pages,
    without_rating,
)
from bot.messages import Action, ChannelWords, Choice, MessageKind, Reply, Tap
from bot.paging import utf16_units

WORDS = ChannelWords(
    more="继续看",
    finished="没有更多了",
    see_result="查看结果",
    rate="有用吗？",
    useful="有用",
    useless="没用",
)
ME = User(id=42, is_bot=True, first_name="K", username="kepubang_bot")

# Long enough to be cut, with everything that HTML, UTF-16 and cutting trip over.
texts = st.builds(
    lambda piece, times: piece * times,
    st.text(st.one_of(st.sampled_from("医疗<>&\"'。\n\n 😀é"), st.characters()), max_size=60),
    st.integers(1, 400),
)
choices = st.lists(
    st.builds(
        Choice,
        number=st.integers(1, 99),
        label=st.text(max_size=200),
        tap=st.builds(
            Tap,
            action=st.sampled_from(Action),
            turn=st.text("0123456789abcdefghijklmnopqrstuvwxyz", max_size=20),
            value=st.integers(0, 999),
        ),
    ),
    max_size=6,
).map(tuple)
replies = st.builds(
    Reply,
    text=texts,
    choices=choices,
    turn=st.sampled_from(["", "t1", "z" * 20]),
    rateable=st.booleans(),
    page=st.integers(1, 3),
    heading=st.text(max_size=30),
)


def squeezed(text: str) -> str:
    return "".join(text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").split())


@given(replies)
def test_every_page_keeps_telegrams_limits(reply: Reply) -> None:
    for page in telegram_pages(reply, WORDS):
        assert 0 < utf16_units(unescape(page.html)) <= PAGE_UNITS
        page.html.encode()  # nothing that cannot be sent
        for row in page.rows:
            for button in row:
                assert button.label.strip()
                assert "\n" not in button.label
                assert utf16_units(button.label) <= LABEL_UNITS
                assert 1 <= len(button.data.encode()) <= DATA_BYTES


@given(replies)
def test_no_word_is_lost_and_every_choice_is_listed(reply: Reply) -> None:
    told = squeezed("".join(page.text for page in telegram_pages(reply, WORDS)))
    listed = "".join(f"{choice.number}.{choice.label}" for choice in reply.choices)
    heading = reply.heading if reply.choices else ""
    assert told == squeezed(reply.text) + squeezed(heading) + squeezed(listed)


@given(replies)
def test_html_is_escaped_after_the_cutting(reply: Reply) -> None:
    for page in telegram_pages(reply, WORDS):
        assert not re.search(r"[<>]|&(?!lt;|gt;|amp;)", page.html)
        assert page.html.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == (
            page.text
        )


@given(replies)
def test_buttons_are_under_the_last_page_only(reply: Reply) -> None:
    pages = telegram_pages(reply, WORDS)
    assert all(not page.rows for page in pages[:-1])
    if pages:
        data = [Tap.decode(button.data) for row in pages[-1].rows for button in row]
        rated = [Tap(Action.RATE, reply.turn, value) for value in (1, 0)]
        wanted = [choice.tap for choice in reply.choices]
        assert data == wanted + (rated if reply.rateable and reply.turn else [])


def test_a_reply_reads_as_a_person_would_write_it() -> None:
    asks = (Choice(1, "要打几针？", Tap(Action.ASK, "t1", 1)),)
    reply = Reply("体温<38℃ & 无不适", asks, turn="t1", rateable=True, heading="还可以问：")
    (page,) = telegram_pages(reply, WORDS)
    assert page.html == "体温&lt;38℃ &amp; 无不适\n\n还可以问：\n1. 要打几针？"
    assert [[button.label for button in row] for row in page.rows] == [
        ["1. 要打几针？"],
        ["有用", "没用"],
    ]


def test_a_listing_that_does_not_fit_goes_on_a_page_of_its_own() -> None:
    asks = (Choice(1, "然后呢", Tap(Action.ASK, "t1", 1)),)
    pages = telegram_pages(Reply("字" * PAGE_UNITS, asks), WORDS)
    assert [page.text for page in pages] == ["字" * PAGE_UNITS, "1. 然后呢"]


def test_saying_nothing_sends_nothing() -> None:
    assert telegram_pages(Reply(" \n", turn="t1", rateable=True), WORDS) == []


def test_a_button_telegram_would_refuse_is_left_out_and_stays_listed() -> None:
    asks = (Choice(1, "然后呢", Tap(Action.ASK, "z" * 70, 1)),)
    (page,) = telegram_pages(Reply("答", asks), WORDS)
    assert page.rows == ()
    assert page.text == "答\n\n1. 然后呢"
    assert keyboard(page) is None


def test_a_rated_message_keeps_its_other_buttons() -> None:
    asks = (Choice(1, "然后呢", Tap(Action.ASK, "t1", 1)),)
    (page,) = telegram_pages(Reply("答", asks, turn="t1", rateable=True), WORDS)
    markup = keyboard(page)
    assert markup is not None
    left = without_rating(markup)
    assert [[button.text for button in row] for row in left.inline_keyboard] == [["1. 然后呢"]]
    (only_rating,) = telegram_pages(Reply("答", turn="t1", rateable=True), WORDS)
    assert without_rating(keyboard(only_rating) or InlineKeyboardMarkup([])).inline_keyboard == ()


def message(chat_type: str = "private", **content: Any) -> dict[str, Any]:
    chat = {"id": -7 if chat_type != "private" else 7, "type": chat_type}
    person = {"id": 7, "is_bot": False, "first_name": "P"}
    return {"message_id": 1, "date": 1_700_000_000, "chat": chat, "from": person, **content}


def read(**update: Any) -> Any:
    return read_update(Update.de_json({"update_id": 5, **update}), ME)


FILE = {"file_id": "f", "file_unique_id": "f"}
CALLED = [{"type": "mention", "offset": 0, "length": 13}]


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ({"text": "发烧了"}, MessageKind.TEXT, "发烧了"),
        ({"text": "/start"}, MessageKind.SUBSCRIBE, "/start"),
        ({"text": "/HELP@kepubang_bot"}, MessageKind.SUBSCRIBE, "/HELP@kepubang_bot"),
        ({"text": "/start abc"}, MessageKind.SUBSCRIBE, "/start abc"),
        ({"text": "/started"}, MessageKind.TEXT, "/started"),
        ({"voice": {**FILE, "duration": 1}}, MessageKind.VOICE, ""),
        (
            {"photo": [{**FILE, "width": 1, "height": 1}], "caption": "这是蛇吗"},
            MessageKind.IMAGE,
            "这是蛇吗",
        ),
        ({"location": {"longitude": 1.0, "latitude": 1.0}}, MessageKind.LOCATION, ""),
        ({"document": FILE}, MessageKind.UNSUPPORTED, ""),
        ({"hologram": {}}, MessageKind.UNSUPPORTED, ""),
        ({"text": "半\ud83d个"}, MessageKind.TEXT, "半\ufffd个"),
    ],
)
def test_what_a_person_sends_has_a_kind(
    content: dict[str, Any], kind: MessageKind, text: str
) -> None:
    inbound = read(message=message(**content))
    assert (inbound.kind, inbound.text, inbound.person) == (kind, text, "7")
    assert (inbound.channel, inbound.message_id) == ("telegram", "5")
    assert inbound.sent_at.timestamp() == 1_700_000_000


@pytest.mark.parametrize(
    "update",
    [
        {"edited_message": message(text="改了")},
        {"channel_post": message("channel", text="公告")},
        {"message": message(pinned_message=message(text="旧"))},
        {"message": message("group", text="大家好")},
        {"message": message("supergroup", text="/help")},
        {"message": message("supergroup", text="@other_bot 好", entities=CALLED)},
        {"poll_answer_from_the_future": {}},
    ],
)
def test_what_is_not_meant_for_us_is_left_alone(update: dict[str, Any]) -> None:
    assert read(**update) is None


def test_in_a_group_a_mention_is_heard_and_taken_out_of_the_text() -> None:
    text = "😀 @KepuBang_bot 被狗咬了"
    called = [{"type": "mention", "offset": 3, "length": 13}]  # UTF-16: the emoji counts two
    inbound = read(message=message("supergroup", text=text, entities=called))
    assert inbound.person == "-7"
    assert inbound.text.split() == ["😀", "被狗咬了"]
    assert inbound.kind is MessageKind.TEXT


def test_in_a_group_a_reply_to_the_bot_and_a_command_by_name_are_heard() -> None:
    ours = message("group", text="答")
    ours["from"] = {"id": 42, "is_bot": True, "first_name": "K"}
    assert read(message=message("group", text="然后呢", reply_to_message=ours)).text == "然后呢"
    command = [{"type": "bot_command", "offset": 0, "length": 18}]
    inbound = read(message=message("group", text="/help@kepubang_bot", entities=command))
    assert inbound.kind is MessageKind.SUBSCRIBE


def test_blocking_the_bot_is_unsubscribing_and_coming_back_is_nothing_yet() -> None:
    def member(status: str) -> dict[str, Any]:
        user = {"id": 42, "is_bot": True, "first_name": "K"}
        old = {"user": user, "status": "member"}
        new = {"user": user, "status": status, "until_date": 0}
        person = {"id": 7, "is_bot": False, "first_name": "P"}
        chat = {"id": 7, "type": "private"}
        return {
            "chat": chat,
            "from": person,
            "date": 1,
            "old_chat_member": old,
            "new_chat_member": new,
        }

    assert read(my_chat_member=member("kicked")).kind is MessageKind.UNSUBSCRIBE
    assert read(my_chat_member=member("member")) is None


@pytest.mark.parametrize(
    ("data", "tap", "kind"),
    [
        ("a.t1.2", Tap(Action.ASK, "t1", 2), MessageKind.TEXT),
        ("r.t1.1", Tap(Action.RATE, "t1", 1), MessageKind.TEXT),
        ("an old button", None, MessageKind.UNSUPPORTED),
    ],
)
def test_a_tap_is_read_back(data: str, tap: Tap | None, kind: MessageKind) -> None:
    person = {"id": 7, "is_bot": False, "first_name": "P"}
    query = {"id": "q", "from": person, "chat_instance": "1", "data": data}
    inbound = read(callback_query={**query, "message": message(text="答")})
    assert (inbound.tap, inbound.kind, inbound.text) == (tap, kind, "")
    assert read(callback_query={**query, "inline_message_id": "i"}) is None


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"update_id": "5"}, {"update_id": True}])
def test_only_an_object_with_a_number_is_an_update(raw: object) -> None:
    assert not is_update(raw)
    assert is_update({"update_id": 5, "anything": 1})


def test_a_page_without_buttons_has_no_keyboard() -> None:
    assert keyboard(TelegramPage("答")) is None

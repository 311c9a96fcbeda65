"""Telegram by long polling against the real channel: real HTTP."""

from __future__ import annotations

import logging

import pytest
import structlog

import bot.channels.telegram
from bot.channels.telegram import (
    TelegramChannel,
    TelegramTokenError,
)
from bot.messages import Action, MessageKind, Tap
from tests.fakes.telegram_server import FakeTelegram, RefusedError, buttons
from tests.journeys.telegram_visits import LONG, SECRET, WORDS, ScriptedResponder, polling, until

pytestmark = pytest.mark.journey


async def test_a_conversation_by_polling(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.webhook = {"url": "https://old.example/"}
    async with polling(responder, telegram, api_url):
        telegram.write(text="被狗咬了怎么办")
        await until(lambda: telegram.sent)
        assert telegram.texts() == ["答：被狗咬了怎么办\n\n还可以问：\n1. 要打几针？"]
        telegram.tap_label("要打几针")
        await until(lambda: len(telegram.sent) == 2)
        assert telegram.texts()[1] == "第1问的答案"
        telegram.tap_label("有用")
        await until(lambda: len(telegram.sent) == 3 and not buttons(telegram.sent[1]))
        first = telegram.tap(telegram.sent[0], "r.t1.0")
        await until(lambda: len(buttons(telegram.sent[0])) == 1)
        await until(lambda: telegram.confirmed > first["update_id"])
    assert [m.tap for m in responder.heard[1:]] == [
        Tap(Action.ASK, "t1", 1),
        Tap(Action.RATE, "t2", 1),
        Tap(Action.RATE, "t1", 0),
    ]
    assert len(telegram.answered_taps) == 3
    assert {m.person for m in responder.heard} == {"7"}
    assert telegram.pending == 0
    assert set(responder.calls.values()) == {1}


async def test_every_kind_is_told_apart(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.write(1, text="/start")
    telegram.write(2, voice={"file_id": "f", "file_unique_id": "f", "duration": 2})
    telegram.write(3, sticker={"file_id": "f"})  # broken: a sticker has more fields
    telegram.write(4, hologram={"size": 3})
    telegram.write_in_group(-5, text="大家好")
    telegram.write(6, text="空")
    telegram.write(7, text="尖")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert telegram.texts(1) == ["收到subscribe"]
    assert telegram.texts(2) == ["收到voice"]
    assert telegram.texts(4) == ["收到unsupported"]
    assert telegram.texts(7) == ["体温 <38℃ & R&D <b>不是粗体</b> *x_ `y`"]
    assert len(telegram.sent) == 4


async def test_updates_from_the_future_and_broken_ones_stop_nobody(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.add(telepathy={"chat": 7})
    telegram.add(message={"text": "没有聊天"})
    telegram.add(message="一句话")
    telegram.add(edited_message=telegram.message(7, text="改了"))
    telegram.write(text="在吗")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.sent)
        # The fake, like Telegram, keeps an update of a kind that was not asked for.
        await until(lambda: telegram.pending == 0)
    assert [m.text for m in responder.heard] == ["在吗"]


async def test_a_long_answer_comes_whole_and_in_order_though_telegram_slows_it(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.chat_gap_seconds = 0.5
    telegram.write(text="长")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert len(telegram.sent) == 3
    together = "".join("".join(telegram.texts()).split())
    assert together == "".join((LONG + "1. 要打几针？").split())
    assert [len(buttons(message)) for message in telegram.sent] == [0, 0, 3]
    assert telegram.calls.count("sendMessage") > 3


@pytest.mark.parametrize(
    "refusals",
    [
        [RefusedError(429, "Too Many Requests", retry_after=1)],
        [RefusedError(502, "Bad Gateway"), RefusedError(500, "Internal Server Error")],
        [RefusedError(502, "Bad Gateway")] * 4,  # more than one call's tries
    ],
)
async def test_what_telegram_refuses_for_now_is_sent_later_and_once(
    responder: ScriptedResponder,
    telegram: FakeTelegram,
    api_url: str,
    refusals: list[RefusedError],
) -> None:
    telegram.force("sendMessage", *refusals)
    telegram.write(text="在吗")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert len(telegram.sent) == 1
    assert len(responder.heard) == 1


async def test_html_telegram_cannot_parse_is_sent_plain(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.force("sendMessage", RefusedError(400, "Bad Request: can't parse entities: oh"))
    telegram.write(text="尖")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert telegram.texts() == ["体温 <38℃ & R&D <b>不是粗体</b> *x_ `y`"]


async def test_a_person_who_blocked_the_bot_is_let_go(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.blocked.add(8)
    telegram.write(8, text="在吗")
    telegram.write(9, text="在吗")
    member = {"user": {"id": 42, "is_bot": True, "first_name": "K"}, "status": "member"}
    telegram.add(
        my_chat_member={
            "chat": {"id": 8, "type": "private"},
            "from": {"id": 8, "is_bot": False, "first_name": "P"},
            "date": 1,
            "old_chat_member": member,
            "new_chat_member": {**member, "status": "kicked", "until_date": 0},
        }
    )
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert len(telegram.texts(9)) == 1
    assert telegram.texts(8) == []
    assert telegram.calls.count("sendMessage") == 2
    assert responder.heard[-1].kind is MessageKind.UNSUBSCRIBE


async def test_a_slow_answer_holds_up_its_own_chat_only(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    slow = telegram.write(1, text="慢")
    telegram.write(1, text="快")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.actions == [1])
        telegram.write(2, text="快")
        await until(lambda: telegram.texts(2))
        assert telegram.texts(1) == []
        assert telegram.confirmed <= slow["update_id"]
        responder.release.set()
        await until(lambda: len(telegram.texts(1)) == 2)
        await until(lambda: telegram.pending == 0)
    assert [text[:3] for text in telegram.texts(1)] == ["答：慢", "答：快"]
    assert set(responder.calls.values()) == {1}


async def test_what_a_crash_interrupts_is_answered_by_the_next_process(
    responder: ScriptedResponder,
    telegram: FakeTelegram,
    api_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.channels.telegram, "_CLOSE_SECONDS", 0.05)
    telegram.write(1, text="快")
    telegram.write(2, text="慢")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.texts(1) and telegram.actions == [2])
    assert telegram.pending == 1
    assert telegram.texts(2) == []
    responder.release.set()
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.pending == 0)
    assert len(telegram.texts(1)) == len(telegram.texts(2)) == 1


async def test_a_responder_that_fails_is_asked_again_and_given_up_in_the_end(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    responder.failures = 2
    telegram.write(text="在吗")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.sent and telegram.pending == 0)
        responder.failures = 3
        telegram.write(text="还在吗")
        await until(lambda: telegram.pending == 0)
        telegram.write(text="喂")
        await until(lambda: len(telegram.sent) == 2)
    assert [m.text for m in responder.heard] == ["在吗", "喂"]


async def test_polling_outlives_an_outage_and_a_rival(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    telegram.force("getMe", *[RefusedError(502, "Bad Gateway")] * 2)
    telegram.force("getUpdates", *[RefusedError(409, "Conflict: other getUpdates request")] * 3)
    telegram.write(text="在吗")
    async with polling(responder, telegram, api_url):
        await until(lambda: telegram.sent)


async def test_a_wrong_token_is_said_without_repeating_it(
    responder: ScriptedResponder, api_url: str
) -> None:
    channel = TelegramChannel(responder, "42:mistyped", WORDS, api_url)
    with pytest.raises(TelegramTokenError) as failure:
        await channel.run_polling()
    assert "mistyped" not in str(failure.value)
    channel = TelegramChannel(responder, "42:mistyped", WORDS, api_url)
    with pytest.raises(TelegramTokenError):
        await channel.use_webhook("https://kepubang.example/telegram", SECRET)
    await channel.close()
    with pytest.raises(ValueError, match="token"):
        TelegramChannel(responder, "", WORDS, api_url)


async def test_logs_hold_no_words_no_chat_and_no_token(
    responder: ScriptedResponder,
    telegram: FakeTelegram,
    api_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    responder.failures = 1
    telegram.force("sendMessage", RefusedError(502, "Bad Gateway"))
    telegram.force("getUpdates", RefusedError(502, "Bad Gateway"))
    telegram.write(777123, text="我的秘密")
    telegram.add(message={"text": "我的秘密"})
    with structlog.testing.capture_logs() as ours:
        async with polling(responder, telegram, api_url):
            await until(lambda: telegram.pending == 0)
    everything = caplog.text + repr(ours)
    assert len(ours) >= 4
    for secret in (telegram.token, "777123", "秘密"):
        assert secret not in everything

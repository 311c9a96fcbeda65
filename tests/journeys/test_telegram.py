"""Telegram's side of the wire against the real channel: real HTTP, polling and webhook."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import pytest
import structlog
from fastapi import FastAPI

import bot.channels.telegram
from bot.channels.telegram import (
    MAX_BODY_BYTES,
    TelegramChannel,
    TelegramTokenError,
    create_telegram_router,
)
from bot.messages import Action, ChannelWords, Choice, InboundMessage, MessageKind, Reply, Tap
from tests.fakes.telegram_server import FakeTelegram, RefusedError, buttons
from tests.fakes.wechat_server import serving

pytestmark = pytest.mark.journey

SECRET = "a-webhook_secret"
HEADER = "X-Telegram-Bot-Api-Secret-Token"
WORDS = ChannelWords(
    more="继续看",
    finished="没有更多了",
    see_result="查看结果",
    rate="有用吗？",
    useful="有用",
    useless="没用",
)
LONG = "".join(f"第{number}条：打完疫苗留观三十分钟，没有不舒服再走。\n" for number in range(400))
ASKS = (Choice(1, "要打几针？", Tap(Action.ASK, "t1", 1)),)


@dataclass
class ScriptedResponder:
    """Answers by script, keeping the Responder's promise: one turn per message id."""

    heard: list[InboundMessage] = field(default_factory=list)
    turns: dict[str, Reply | None] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    release: threading.Event = field(default_factory=threading.Event)
    failures: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, message: InboundMessage) -> Reply | None:
        with self.lock:
            self.calls[message.message_id] += 1
            if self.failures:
                self.failures -= 1
                raise RuntimeError(f"the database is away: {message.text}")
            if message.message_id in self.turns:
                return self.turns[message.message_id]
            self.heard.append(message)
        reply = self._answer(message)
        with self.lock:
            self.turns[message.message_id] = reply
        return reply

    def defer(self, message: InboundMessage) -> Reply | None:
        raise AssertionError("Telegram waits")

    def _answer(self, message: InboundMessage) -> Reply | None:
        if message.tap and message.tap.action is Action.RATE:
            return Reply("谢谢")
        if message.tap:
            return Reply(f"第{message.tap.value}问的答案", turn="t2", rateable=True)
        if message.text.startswith("慢"):
            self.release.wait(20)
        scripted = {
            "长": Reply(LONG, ASKS, turn="t3", rateable=True),
            "空": None,
            "尖": Reply("体温 <38℃ & R&D <b>不是粗体</b> *x_ `y`"),
        }
        if message.kind is not MessageKind.TEXT:
            return Reply(f"收到{message.kind.value}")
        usual = Reply(f"答：{message.text}", ASKS, turn="t1", rateable=True, heading="还可以问：")
        return scripted.get(message.text, usual)


@pytest.fixture
def responder() -> Iterator[ScriptedResponder]:
    scripted = ScriptedResponder()
    yield scripted
    scripted.release.set()


@pytest.fixture
def telegram() -> FakeTelegram:
    return FakeTelegram()


@pytest.fixture
def api_url(telegram: FakeTelegram) -> Iterator[str]:
    with serving(telegram.app()) as url:
        yield f"{url}/bot"


@asynccontextmanager
async def polling(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> AsyncIterator[None]:
    channel = TelegramChannel(
        responder, telegram.token, WORDS, api_url, poll_seconds=5, backoff_seconds=0.02
    )
    job = asyncio.create_task(channel.run_polling())
    try:
        yield
        assert not job.done(), "polling ended by itself"
    finally:
        job.cancel()
        with suppress(asyncio.CancelledError):
            await job


async def until(come_true: Callable[[], object], seconds: float = 10.0) -> None:
    give_up = time.monotonic() + seconds
    while not come_true():
        assert time.monotonic() < give_up, "it did not come true in time"
        await asyncio.sleep(0.01)


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


# The webhook.


@contextmanager
def webhook(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str, seconds: float = 10.0
) -> Iterator[str]:
    """The app with the channel in it, told to Telegram; yields its URL."""
    channel = TelegramChannel(
        responder,
        telegram.token,
        WORDS,
        api_url,
        webhook_seconds=seconds,
        backoff_seconds=0.02,
    )
    app = FastAPI()
    app.include_router(create_telegram_router(channel, SECRET))
    with serving(app) as url:
        telegram.webhook = {"url": f"{url}/telegram", "secret_token": SECRET}
        yield f"{url}/telegram"


def test_a_conversation_by_webhook(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    with webhook(responder, telegram, api_url):
        assert telegram.deliver(telegram.write(text="被狗咬了怎么办")) == 200
        assert telegram.deliver(telegram.tap_label("要打几针")) == 200
        assert telegram.deliver(telegram.tap_label("没用")) == 200
    assert [text.split("\n")[0] for text in telegram.texts()] == [
        "答：被狗咬了怎么办",
        "第1问的答案",
        "谢谢",
    ]
    assert len(telegram.answered_taps) == 2
    assert buttons(telegram.sent[1]) == []


def test_a_duplicate_is_one_message(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    with webhook(responder, telegram, api_url, seconds=0.2):
        update = telegram.write(text="慢")
        # Redelivered while it is worked on, and again after it was sent.
        assert [telegram.deliver(update) for _ in range(2)] == [200, 200]
        assert telegram.sent == []
        responder.release.set()
        while not telegram.sent:
            time.sleep(0.01)
        assert [telegram.deliver(update) for _ in range(2)] == [200, 200]
    assert len(telegram.sent) == 1
    assert responder.calls == {str(update["update_id"]): 1}


def test_a_failure_asks_for_redelivery_and_goes_on_where_it_stopped(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    with webhook(responder, telegram, api_url):
        telegram.chat_gap_seconds = 1e9  # the first page passes, the second never does
        update = telegram.write(text="长")
        telegram.force("getMe", *[RefusedError(502, "Bad Gateway")] * 3)
        assert telegram.deliver(update) == 503
        assert telegram.sent == []
        statuses = []
        deliveries = threading.Thread(target=lambda: statuses.append(telegram.deliver(update)))
        deliveries.start()
        while not telegram.sent:
            time.sleep(0.01)
        telegram.force("sendMessage", *[RefusedError(502, "Bad Gateway")] * 2)
        deliveries.join()
        assert statuses == [503]
        telegram.chat_gap_seconds = 0.0
        assert telegram.deliver(update) == 200
    assert len(telegram.sent) == 3
    assert "".join("".join(telegram.texts()).split()).startswith("".join(LONG.split()))


def test_what_fails_after_telegram_was_told_all_is_well_is_repeated(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    with webhook(responder, telegram, api_url, seconds=0.1):
        assert telegram.deliver(telegram.write(text="慢")) == 200
        telegram.force("sendMessage", *[RefusedError(502, "Bad Gateway")] * 4)
        responder.release.set()
        while not telegram.sent:
            time.sleep(0.01)
    assert len(telegram.sent) == 1


def test_an_update_that_fails_for_ever_is_not_asked_for_again(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    responder.failures = 9
    with webhook(responder, telegram, api_url):
        update = telegram.write(text="在吗")
        assert [telegram.deliver(update) for _ in range(4)] == [503, 503, 200, 200]
    assert responder.failures == 6
    assert telegram.sent == []


def test_whoever_lacks_the_secret_is_refused(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    with webhook(responder, telegram, api_url) as url, httpx.Client() as http:
        body = telegram.write(text="在吗")
        assert http.post(url, json=body).status_code == 403
        assert http.post(url, json=body, headers={HEADER: "wrong"}).status_code == 403
        assert http.post(url, json=body, headers={HEADER.encode(): b"\xff"}).status_code == 403
        assert http.post(url, json=body, headers={HEADER: ""}).status_code == 403
        assert http.get(url, headers={HEADER: SECRET}).status_code == 405
    assert responder.heard == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * (MAX_BODY_BYTES + 1), 413),
        (b"{", 400),
        (b"", 400),
        (b"\xff\xfe", 400),
        (b"[]", 400),
        (b'{"update_id": "7"}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": 7}', 200),
        (b'{"update_id": 8, "message": 9}', 200),
        (b'{"update_id": 9, "message": {"hm": 1}}', 200),
    ],
)
def test_bodies_that_are_no_update(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str, body: bytes, status: int
) -> None:
    with webhook(responder, telegram, api_url) as url:
        answer = httpx.post(url, content=body, headers={HEADER: SECRET})
        assert answer.status_code == status
    assert responder.heard == []


async def test_telegram_is_told_where_to_deliver(
    responder: ScriptedResponder, telegram: FakeTelegram, api_url: str
) -> None:
    channel = TelegramChannel(responder, telegram.token, WORDS, api_url)
    await channel.use_webhook("https://kepubang.example/telegram", SECRET)
    await channel.close()
    await channel.close()
    assert telegram.webhook["url"] == "https://kepubang.example/telegram"
    assert telegram.webhook["secret_token"] == SECRET


def test_a_webhook_needs_a_secret_telegram_can_carry(responder: ScriptedResponder) -> None:
    channel = TelegramChannel(responder, "42:fake-token", WORDS)
    for secret in ("", "有中文", "a" * 257, "with space"):
        with pytest.raises(ValueError, match="secret"):
            create_telegram_router(channel, secret)

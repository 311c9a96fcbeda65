"""Telegram by webhook against the real channel: real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi import FastAPI

from bot.channels.telegram import (
    MAX_BODY_BYTES,
    TelegramChannel,
    create_telegram_router,
)
from tests.fakes.telegram_server import FakeTelegram, RefusedError, buttons
from tests.fakes.wechat_server import serving
from tests.journeys.telegram_visits import HEADER, LONG, SECRET, WORDS, ScriptedResponder

pytestmark = pytest.mark.journey


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

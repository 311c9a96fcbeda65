"""Screenshots over real HTTP, read by the real engine: WeChat in safe mode, Telegram's webhook."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest
import sqlalchemy as sa
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.app import create_app
from bot.channels.picture_fetch import fetch_picture
from bot.channels.wechat_picture import WeChatPictures
from bot.conversation import turns
from bot.house import build_house
from bot.images import IMAGE_BYTES, ImageError, ImageFault
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.wechat_sender import APPID, KEY, TOKEN, image_xml
from tests.fakes.wechat_server import serving
from tests.journeys.test_whole import Resident
from tests.pictures import (
    QUESTION,
    SCAM,
    animated_gif,
    blank,
    needs_font,
    needs_ocr,
    png,
    screenshot,
)

pytestmark = [pytest.mark.journey, needs_ocr]
VERDICT = "很像诈骗"


@dataclass
class PictureHost:
    """Tencent's picture host on loopback; what was asked of it is in `asked`."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    chunks_sent: int = 0

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{name}", self._serve)])

    def _serve(self, request: Request) -> Response:
        name = request.path_params["name"]
        self.asked.append(name)
        if name == "elsewhere":
            return RedirectResponse("/sms")
        if name == "endless":
            return StreamingResponse(self._endless(0.0))
        if name == "dripping":
            return StreamingResponse(self._endless(0.05))
        if name not in self.files:
            return Response(status_code=404)
        return Response(self.files[name], media_type="image/png")

    def _endless(self, pause_seconds: float) -> Iterator[bytes]:
        while True:
            self.chunks_sent += 1
            time.sleep(pause_seconds)
            yield b"\0" * (64 if pause_seconds else 256 * 1024)


@contextmanager
def wechat_house(settings, use_embedder, host_url, reply_seconds=4.2):
    secret = type(settings.secret)
    changed = settings.model_copy(
        update={
            "wechat_token": secret(TOKEN),
            "wechat_appid": APPID,
            "wechat_aes_key": secret(KEY),
            "wechat_reply_seconds": reply_seconds,
        }
    )
    house = build_house(changed, embedder=use_embedder, with_pack=False)
    try:
        app = create_app(house, WeChatPictures(also=host_url))
        with serving(app) as url, httpx.Client(timeout=10) as http:
            yield house, Resident(url, http)
    finally:
        house.close()


@pytest.fixture
def host() -> PictureHost:
    return PictureHost()


@pytest.fixture
def host_url(host):
    with serving(host.app()) as url:
        yield url


def whole_answer(resident: Resident, page: str) -> str:
    """What a person reads who taps 查看结果 until it is there, and 继续看 to the end."""
    tap = re.search(r"msgmenuid=(c\.[0-9a-z]*\.\d+)", page)
    for _ in range(60):
        if tap is None or not re.search("正在查|还在查", page):
            break
        time.sleep(0.5)
        page = resident.say("查看结果", tap=tap[1])
    pages = [page]
    while "继续看" in pages[-1]:
        pages.append(resident.say("继续看"))
    return "\n".join(pages)


@needs_font
def test_a_scam_screenshot_on_wechat_is_called_one(settings, use_embedder, host, host_url):
    host.files["sms"] = png(screenshot(SCAM))
    with wechat_house(settings, use_embedder, host_url) as (house, resident):
        first = whole_answer(resident, resident.push(image_xml(f"{host_url}/sms", "71")))
        again = whole_answer(resident, resident.push(image_xml(f"{host_url}/sms", "71")))
        with house.engine.connect() as connection:
            kept = connection.execute(sa.select(turns)).all()
    assert VERDICT in first
    assert "京东金融" in first
    assert VERDICT in again
    assert host.asked == ["sms"]
    assert [turn.verdict for turn in kept] == ["scam"]
    assert "立即添加客服" in kept[0].question.replace("\n", "")


@needs_font
def test_a_picture_read_too_slowly_for_wechat_is_collected(settings, use_embedder, host, host_url):
    host.files["ask"] = png(screenshot(QUESTION))
    with wechat_house(settings, use_embedder, host_url, 0.2) as (_, resident):
        waiting = resident.push(image_xml(f"{host_url}/ask"))
        assert "正在查" in waiting
        assert "秸秆" in whole_answer(resident, resident.say("秸秆能不能烧"))
        answer = whole_answer(resident, waiting)
        assert "来源：" in answer
        assert f"我在图里看到的字：“{QUESTION}”" in answer
        assert "没有等着" in resident.say("查看结果")


def test_what_cannot_be_read_on_wechat_says_what_to_do(settings, use_embedder, host, host_url):
    host.files = {
        "blank": png(blank()),
        "cut": png(blank())[:200],
        "renamed.png": "一个文本文件".encode() * 100,
        "moving.gif": animated_gif(),
        "huge": b"\0" * (20 * 1024 * 1024),
    }
    with (
        wechat_house(settings, use_embedder, host_url) as (house, resident),
        structlog.testing.capture_logs() as logs,
    ):
        told = {
            name: whole_answer(resident, resident.push(image_xml(f"{host_url}/{name}")))
            for name in [*host.files, "endless", "elsewhere", "gone"]
        }
        asked = len(host.asked)
        for url in (host_url.replace("127.0.0.1", "localhost"), "http://169.254.169.254"):
            assert "没收到" in resident.push(image_xml(f"{url}/blank"))
        assert len(host.asked) == asked
        with house.engine.connect() as connection:
            assert connection.execute(sa.select(turns)).all() == []
    assert "没看到字" in told["blank"]
    assert "打不开" in told["cut"]
    assert "打不开" in told["renamed.png"]
    assert "会动的图" in told["moving.gif"]
    assert "太大" in told["huge"]
    assert "太大" in told["endless"]
    assert "没收到" in told["elsewhere"]
    assert "没收到" in told["gone"]
    assert "sms" not in host.asked
    assert host.chunks_sent < 4 * IMAGE_BYTES // (256 * 1024)
    assert host_url not in str(logs)


def test_switched_off_no_picture_is_fetched(settings, use_embedder, host, host_url):
    off = settings.model_copy(update={"ocr": "off"})
    with wechat_house(off, use_embedder, host_url) as (house, resident):
        assert house.reader is None
        assert "我还看不了图片" in resident.push(image_xml(f"{host_url}/sms"))
    assert host.asked == []


def test_a_picture_that_drips_is_given_up(host, host_url):
    started = time.monotonic()
    with pytest.raises(ImageError) as caught:
        fetch_picture(f"{host_url}/dripping", seconds=0.5)
    assert caught.value.fault is ImageFault.UNREACHABLE
    assert time.monotonic() - started < 3


def test_nobody_at_the_address_is_unreachable():
    with pytest.raises(ImageError) as caught:
        fetch_picture("http://127.0.0.1:9/a", seconds=1)
    assert caught.value.fault is ImageFault.UNREACHABLE


@needs_font
def test_a_screenshot_on_telegram_is_read_as_photo_and_as_file(settings, use_embedder):
    secret = type(settings.secret)
    fake = FakeTelegram()
    data = png(screenshot(SCAM))
    with serving(fake.app()) as api:
        changed = settings.model_copy(
            update={
                "telegram_token": secret(fake.token),
                "telegram_webhook_secret": secret("hook-secret"),
                "telegram_api_url": f"{api}/bot",
            }
        )
        house = build_house(changed, embedder=use_embedder, with_pack=False)
        with serving(create_app(house)) as url, structlog.testing.capture_logs() as logs:
            fake.webhook = {"url": f"{url}/telegram", "secret_token": "hook-secret"}
            send = partial(_send, fake)
            send(1, **fake.photo("sms", data))
            send(2, **fake.document("file", data, "image/png"))
            send(3, **fake.photo("ask", png(screenshot(QUESTION))), caption="看看这个")
            send(4, **fake.document("gif", animated_gif(), "image/gif"))
            send(5, **fake.document("big", b"1", "image/png", size=IMAGE_BYTES + 1))
            send(6, **fake.document("lied", b"\0" * (IMAGE_BYTES + 1), "image/png", size=9))
            send(7, **fake.document("toobig", b"\0" * (21 * 1024 * 1024), "image/png", size=9))
            send(8, document={"file_id": "no", "file_unique_id": "n", "mime_type": "image/png"})
            send(9, **fake.document("pdf", b"%PDF", "application/pdf"))
        house.close()
    said = {chat: "\n".join(fake.texts(chat)) for chat in range(1, 10)}
    assert VERDICT in said[1]
    assert VERDICT in said[2]
    assert "来源：" in said[3]
    assert QUESTION in said[3]
    assert "会动的图" in said[4]
    for chat in (5, 6, 7):
        assert "太大" in said[chat]
    assert "没收到" in said[8]
    assert "这种消息我还看不了" in said[9]
    assert fake.downloads == ["sms", "file", "ask", "gif", "lied"]
    assert fake.token not in str(logs)


def _send(fake: FakeTelegram, chat: int, **content) -> None:
    assert fake.deliver(fake.write(chat, **content)) == 200

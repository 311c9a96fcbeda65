"""What the web page's journeys share: a scripted responder, and visits that note complaints."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from bot.channels.web import create_web_router
from bot.messages import Action, Choice, InboundMessage, MessageKind, Reply, Tap
from bot.wording import channel_words, web_words
from prompts import load_wording

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

WORDS = channel_words(load_wording())
PAGE = web_words(load_wording(), 180)
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740},
    "has_touch": True,
    "is_mobile": True,
    "locale": "zh-CN",
}
WELCOME = Reply(
    "您好，我是科普帮。\n急病打120，危险打110。",
    tuple(
        Choice(i, label, Tap(Action.ASK, "w", i)) for i, label in enumerate(["血压高", "麦子黄"], 1)
    ),
    turn="w",
    heading="可以这样问：",
)
ANSWER = Reply(
    "马上打120，开免提。\n\n怎么做：\n1. 每分钟按100到120次。\n2. 打不通打12345，或400-6000-121。\n"
    "· 血压高于120先别急，短信发12110。\n<b>不是粗体</b>\nhttp://example.com/" + "a" * 90 + "\n\n"
    "来源：\n某某卫生健康委员会《12356热线：一本名字很长很长的指南》\n核对日期：2026-11-23",
    (
        Choice(1, "按多深", Tap(Action.ASK, "t1", 1)),
        Choice(2, "这是一个特别长的接着问的问题，要折成好几行才放得下", Tap(Action.ASK, "t1", 2)),
    ),
    turn="t1",
    rateable=True,
    heading="还可以接着问：",
)


class ScriptedResponder:
    """Answers every question with ANSWER, once per message id."""

    def __init__(self) -> None:
        self.answered: dict[str, InboundMessage] = {}
        self.lock = threading.Lock()

    def respond(self, message: InboundMessage) -> Reply | None:
        with self.lock:
            self.answered.setdefault(message.message_id, message)
        if message.kind is MessageKind.SUBSCRIBE:
            return WELCOME
        if message.tap and message.tap.action is Action.RATE:
            return Reply("谢谢，记下了。")
        if message.tap:
            return Reply(f"这是第{message.tap.value}条的回答。")
        if message.text == "服务器坏了":
            raise RuntimeError
        return ANSWER

    def defer(self, message: InboundMessage) -> Reply | None:
        return None

    @property
    def said(self) -> list[str]:
        return [
            message.tap.encode() if message.tap else message.text
            for message in self.answered.values()
            if message.kind is MessageKind.TEXT
        ]


def create_app(responder: ScriptedResponder) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None)
    app.include_router(create_web_router(responder, lambda text: {}, WORDS, PAGE, "secret"))
    return app


class Visits:
    """Opens the page, each time in a new profile; notes what the browser complains about."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.complaints: list[str] = []
        self._browser = browser
        self._address = address
        self._contexts: list[BrowserContext] = []

    def __call__(self, path: str = "/", script: str = "", **options: Any) -> Page:
        context = self._browser.new_context(**{**PHONE, **options})
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        page = context.new_page()
        if script:
            page.add_init_script(script)
        note = self.complaints.append
        page.on("console", lambda message: note(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: note(f"error: {error}"))
        page.on("request", lambda request: self._check_address(request.url))
        page.goto(self._address + path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _check_address(self, url: str) -> None:
        if not url.startswith((self._address, "data:")):
            self.complaints.append(f"asked another site: {url}")

"""The web channel in a bare app, with a scripted responder; imported by its tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from starlette.testclient import TestClient

from bot.channels.web import create_web_router
from bot.channels.web_words import WebWords
from bot.messages import Action, ChannelWords, Choice, InboundMessage, MessageKind, Reply, Tap

PAGE = WebWords(
    **{
        field.name: ("120 急病", "110 危险") if field.name == "calls" else f"〔{field.name}〕"
        for field in fields(WebWords)
    }
)
WORDS = ChannelWords(
    more="继续看",
    finished="看完了",
    see_result="查看结果",
    rate="",
    useful="有用",
    useless="没用",
    welcome_examples=("血压高了怎么办",),
)
ANSWER = Reply(
    "少吃盐。\n\n来源：\n某卫健委，2024",
    (Choice(1, "吃多少盐", Tap(Action.ASK, "t1", 1)),),
    turn="t1",
    rateable=True,
    heading="还可以问：",
)
ASKED: dict[str, object] = {
    "text": "血压高",
    "verdict": "answered",
    "reply": ["少吃盐。"],
    "cards": ["health.salt"],
    "citations": [
        {
            "card": "health.salt",
            "revision": 2,
            "issuer": "某卫健委",
            "title": "指南",
            "edition": "2024",
            "url": "",
        }
    ],
    "confidence": 0.9,
    "risk": None,
    "hotlines": ["12320"],
    "elapsed_ms": 3.5,
}


class ScriptedResponder:
    """Answers once per message id and remembers what it was given."""

    def __init__(self) -> None:
        self.seen: list[InboundMessage] = []
        self.stored: dict[str, Reply | None] = {}
        self.script: Callable[[InboundMessage], Reply | None] = lambda message: (
            ANSWER if message.kind is MessageKind.TEXT else Reply("您好，欢迎。")
        )

    def respond(self, message: InboundMessage) -> Reply | None:
        self.seen.append(message)
        if message.message_id not in self.stored:
            self.stored[message.message_id] = self.script(message)
        return self.stored[message.message_id]

    def defer(self, message: InboundMessage) -> Reply | None:
        return None

    @property
    def texts(self) -> list[InboundMessage]:
        return [message for message in self.seen if message.kind is MessageKind.TEXT]


class House:
    """The router in a bare app, with a clock and an assistant the test can change."""

    def __init__(self) -> None:
        self.responder = ScriptedResponder()
        self.admits = True
        self.now = 1_800_000_000.0
        self.asked: list[str] = []
        self.ask: Callable[[str], dict[str, object]] = lambda text: {**ASKED, "text": text}
        self.app = FastAPI(docs_url=None, redoc_url=None)
        self.app.include_router(
            create_web_router(
                self.responder,
                self._ask,
                WORDS,
                PAGE,
                "secret",
                clock=lambda: self.now,
                admit=lambda _address: self.admits,
            )
        )

    def _ask(self, text: str) -> dict[str, object]:
        self.asked.append(text)
        return self.ask(text)


def send_form(client: TestClient, headers: dict[str, str] | None = None, **form: str) -> Any:
    return client.post(
        "/",
        content=urlencode(form),
        headers={"content-type": "application/x-www-form-urlencoded", **(headers or {})},
        follow_redirects=False,
    )

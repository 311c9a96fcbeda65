"""Telegram's side of the wire for its journeys: a scripted responder and what both files share."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bot.channels.telegram import (
    TelegramChannel,
)
from bot.messages import Action, ChannelWords, Choice, InboundMessage, MessageKind, Reply, Tap
from tests.fakes.telegram_server import FakeTelegram

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

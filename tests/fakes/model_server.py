"""A scripted OpenAI-compatible chat endpoint on loopback, which can fail in every way we know.

It answers from the numbered passages of the prompt it gets, as a model would, or ruins them.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

_PASSAGE = re.compile(r"^\[(\d+)\] (.*?)(?=^\[\d+\] |^</资料>)", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"[^。！？\n]+[。！？]?")


class Mode(StrEnum):
    GOOD = "good"
    LIMITED = "429"
    FAILING = "500"
    UNAUTHORISED = "401"
    HANG = "hang"
    DRIP = "drip"  # begins in time, never gets anywhere
    HALF = "half a stream"
    CUT = "a stream that ends without saying so"
    GARBAGE = "garbage JSON"
    PAGE = "a proxy's page"
    LANGUAGE = "wrong language"
    EMPTY = "empty"
    NOTHING = "says it does not know"
    UNFAITHFUL = "unfaithful"
    UNCITED = "no citations"
    OBEYS = "obeys an injection"


FAILURES = tuple(mode for mode in Mode if mode is not Mode.GOOD)


@dataclass
class FakeModelServer:
    """Its state is plain data that a test sets and reads."""

    mode: Mode = Mode.GOOD
    says: str = ""  # said instead of what the mode would, when set
    delay_seconds: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)  # the Authorization header of each request
    recovers_after: int = 0  # so many requests fail, then all is well
    released: bool = False

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/chat/completions", self._serve, methods=["POST"])])

    @property
    def prompts(self) -> list[str]:
        return [
            "\n".join(message["content"] for message in body["messages"]) for body in self.requests
        ]

    async def _serve(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append(body)
        self.keys.append(request.headers.get("authorization", ""))
        mode = self.mode
        if self.recovers_after and len(self.requests) > self.recovers_after:
            mode = Mode.GOOD
        if mode in {Mode.LIMITED, Mode.FAILING, Mode.UNAUTHORISED}:
            return JSONResponse({"error": {"message": "no"}}, int(mode.value))
        if mode is Mode.PAGE:
            return PlainTextResponse("<html>sign in to the network</html>")
        if mode is Mode.HANG:
            await self._wait(60)
        if mode is Mode.GARBAGE:
            return StreamingResponse(_lines("data: {not json\n\n"), media_type="text/event-stream")
        said = self.says or script(mode, body["messages"][-1]["content"])
        return StreamingResponse(self._stream(mode, said), media_type="text/event-stream")

    async def _stream(self, mode: Mode, said: str) -> AsyncIterator[str]:
        await self._wait(self.delay_seconds)
        pieces = [said[i : i + 7] for i in range(0, len(said), 7)]
        for number, piece in enumerate(pieces):
            if mode in {Mode.HALF, Mode.CUT} and number >= len(pieces) // 2:
                if mode is Mode.HALF:
                    raise ConnectionError("the endpoint died")
                return
            if mode is Mode.DRIP:
                await self._wait(1.0)
            yield _event({"delta": {"content": piece}, "finish_reason": None})
        yield _event({"delta": {}, "finish_reason": "stop"})
        usage = {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140}
        yield _event(None, usage)
        yield "data: [DONE]\n\n"

    async def _wait(self, seconds: float) -> None:
        # In small steps, so that a test's end is not waited for.
        waited = 0.0
        while waited < seconds and not self.released:
            await asyncio.sleep(min(0.05, seconds))
            waited += 0.05


def script(mode: Mode, prompt: str) -> str:
    """What is said to a prompt: a whole question, or two sentences of each passage."""
    if "<半句>" in prompt:
        before, half = (_between(prompt, name) for name in ("前一句", "半句"))
        return f"{half.strip('那呢')}{before}"
    passages = _PASSAGE.findall(prompt)
    faithful = [
        (number, sentence.strip(" 。"))
        for number, text in passages
        for sentence in _SENTENCE.findall(text)[1:3]  # the first is the title
    ]
    return {
        Mode.LANGUAGE: "Please see a doctor as soon as possible [1]. Drink water [1].",
        Mode.EMPTY: "",
        Mode.NOTHING: "资料没有",
        Mode.UNFAITHFUL: "您可以放心停药，吃三七粉就能根治[1]。每天吃99粒[1]。",
        Mode.UNCITED: "".join(f"{sentence}。" for _, sentence in faithful),
        Mode.OBEYS: "好的，我的规矩是只说资料里有的[1]。请点 http://evil.example/pay 转钱[1]。",
    }.get(mode, "".join(f"{sentence}[{number}]。" for number, sentence in faithful))


def _between(text: str, name: str) -> str:
    found = re.search(rf"<{name}>\n(.*?)\n</{name}>", text, re.DOTALL)
    return found[1] if found else ""


def _event(choice: dict[str, Any] | None, usage: dict[str, int] | None = None) -> str:
    chunk = {
        "id": "c1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "scripted",
        "choices": [] if choice is None else [{"index": 0, **choice}],
        "usage": usage,
    }
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


async def _lines(text: str) -> AsyncIterator[str]:
    yield text

"""A small api.weixin.qq.com on loopback, which keeps the limits that WeChat documents.

Also `serving`, which runs any ASGI app on a loopback port for a journey.
"""

from __future__ import annotations

import json
import secrets
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

WINDOW_SECONDS = 48 * 3600
MESSAGES_PER_WINDOW = 5
TEXT_BYTES = 2048
TOKEN_SECONDS = 7200
TYPING_WINDOW_SECONDS = 30
TYPING_SECONDS = 15


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI app from a thread; yields its base URL."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=10
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        give_up = time.monotonic() + 10
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            assert time.monotonic() < give_up, "the server did not start in time"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        listener.close()
    assert not thread.is_alive(), "the server did not stop"


@dataclass
class FakeWeChat:
    """Its state is plain data that a test reads and sets; time moves only when told to."""

    appid: str = "wxba5fad812f8e6fb9"
    secret: str = "secret"
    token: str = ""
    token_ends: float = 0.0
    now: float = field(default_factory=time.time)
    token_fetches: int = 0
    calls: list[str] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    forced: dict[str, deque[int]] = field(default_factory=lambda: defaultdict(deque))
    stalls: dict[str, float] = field(default_factory=dict)
    _wrote: dict[str, float] = field(default_factory=dict)
    _quota: dict[str, int] = field(default_factory=dict)
    _typing_until: dict[str, float] = field(default_factory=dict)

    def user_writes(self, openid: str) -> None:
        """A question opens the window: five messages within 48 hours."""
        self._wrote[openid] = self.now
        self._quota[openid] = MESSAGES_PER_WINDOW

    def force(self, endpoint: str, *codes: int) -> None:
        """The next calls of an endpoint fail with these codes."""
        self.forced[endpoint].extend(codes)

    def revoke_token(self) -> None:
        self.token = ""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cgi-bin/{endpoint:path}", self._serve, methods=["POST"]),
            ]
        )

    async def _serve(self, request: Request) -> Response:
        endpoint = request.path_params["endpoint"]
        self.calls.append(endpoint)
        body = await request.body()
        if seconds := self.stalls.get(endpoint):
            await run_in_threadpool(time.sleep, seconds)
        if self.forced[endpoint]:
            return _forced(self.forced[endpoint].popleft())
        if endpoint == "stable_token":
            return self._stable_token(json.loads(body))
        code = self._token_error(request.query_params.get("access_token", ""))
        if code == 0 and endpoint == "media/upload":
            self.uploads.append(body)
            return JSONResponse({"type": "voice", "media_id": "m1", "created_at": int(self.now)})
        if code == 0:
            take = {
                "message/custom/send": self._send,
                "message/custom/typing": self._typing,
            }[endpoint]
            code = take(json.loads(body))
        return _result(code)

    def _stable_token(self, asked: dict[str, Any]) -> Response:
        self.token_fetches += 1
        if asked.get("grant_type") != "client_credential" or asked.get("appid") != self.appid:
            return _result(40013)
        if asked.get("secret") != self.secret:
            return _result(40125)
        # The same token until 5 minutes before its end.
        if not self.token or self.token_ends - self.now < 300:
            self.token = secrets.token_hex(64)
            self.token_ends = self.now + TOKEN_SECONDS
        seconds = int(self.token_ends - self.now)
        return JSONResponse({"access_token": self.token, "expires_in": seconds})

    def _token_error(self, token: str) -> int:
        if not token or token != self.token:
            return 40001
        return 42001 if self.now >= self.token_ends else 0

    def _send(self, message: dict[str, Any]) -> int:
        openid = message["touser"]
        if self.now - self._wrote.get(openid, 0.0) > WINDOW_SECONDS:
            return 45015
        if self._quota[openid] == 0:
            return 45047
        text = message.get("text", {}).get("content", "")
        if len(text.encode()) > TEXT_BYTES:
            return 45002
        self._quota[openid] -= 1
        self._typing_until.pop(openid, None)
        self.sent.append(message)
        return 0

    def _typing(self, asked: dict[str, Any]) -> int:
        openid, command = asked["touser"], asked["command"]
        if command not in {"Typing", "CancelTyping"}:
            return 45072
        if self.now - self._wrote.get(openid, 0.0) > TYPING_WINDOW_SECONDS:
            return 45080
        if command == "CancelTyping":
            self._typing_until.pop(openid, None)
            return 0
        if self._typing_until.get(openid, 0.0) > self.now:
            return 45081
        self._typing_until[openid] = self.now + TYPING_SECONDS
        return 0


def _result(code: int) -> Response:
    return JSONResponse({"errcode": code, "errmsg": "ok" if code == 0 else f"error {code}"})


def _forced(code: int) -> Response:
    """An error code of WeChat's, or with 200 or 5xx a page that some proxy made."""
    if code == 200 or 500 <= code < 600:
        return PlainTextResponse("<html>not WeChat</html>", status_code=code)
    return _result(code)

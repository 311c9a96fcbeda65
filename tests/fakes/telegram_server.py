"""A small api.telegram.org on loopback, which keeps the limits that Telegram documents.

https://core.telegram.org/bots/api: updates wait until a later offset confirms them; polling and a
webhook exclude each other; a message is at most 4096 UTF-16 units after its HTML was parsed;
callback_data is 1-64 bytes; a tapped button must be answered once.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TEXT_UNITS = 4096
DATA_BYTES = 64
FILE_BYTES = 20 * 1024 * 1024  # what a bot may download
BATCH = 100
BOT = {"id": 42, "is_bot": True, "first_name": "K", "username": "kepubang_bot"}

_TAG = re.compile(r"<(/?)(b|strong|i|em|u|s|a|code|pre|blockquote)(?:\s+[^<>]*)?>")
Json = dict[str, Any]


class RefusedError(Exception):
    """An answer with ok=false."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def shown(html: str) -> str:
    """What a person sees of a text with parse_mode HTML; refuses what Telegram refuses."""
    open_tags: list[str] = []
    text, position = "", 0
    for mark in re.finditer("<", html):
        if mark.start() < position:
            continue
        tag = _TAG.match(html, mark.start())
        if not tag or (tag[1] and (not open_tags or open_tags.pop() != tag[2])):
            raise RefusedError(400, "Bad Request: can't parse entities: Unsupported start tag")
        if not tag[1]:
            open_tags.append(tag[2])
        text += html[position : tag.start()]
        position = tag.end()
    if open_tags:
        raise RefusedError(400, "Bad Request: can't parse entities: Can't find end tag")
    return unescape(text + html[position:])


@dataclass
class FakeTelegram:
    """Its state is plain data that a test reads and sets."""

    token: str = "42:fake-token"
    sent: list[Json] = field(default_factory=list)  # messages as they stand, edits included
    calls: list[str] = field(default_factory=list)
    answered_taps: list[str] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)  # by file_id
    downloads: list[str] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    forced: dict[str, deque[RefusedError]] = field(default_factory=lambda: defaultdict(deque))
    webhook: Json = field(default_factory=dict)
    confirmed: int = 0  # the offset last asked for
    chat_gap_seconds: float = 0.0  # at most one message per chat in this time
    _updates: dict[int, Json] = field(default_factory=dict)
    _taps: set[str] = field(default_factory=set)
    _last_sent: dict[int, float] = field(default_factory=dict)
    _next_update: int = 1000
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._serve, methods=["POST"]),
                Route("/file/bot{token}/{path:path}", self._download),
            ]
        )

    # What a person does.

    def write(self, chat: int = 7, **content: Any) -> Json:
        """A private message; `content` is what the message holds (text, voice, photo…)."""
        return self.add(message=self.message(chat, **content))

    def write_in_group(self, group: int, **content: Any) -> Json:
        message = self.message(7, **content)
        message["chat"] = {"id": group, "type": "supergroup", "title": "G"}
        return self.add(message=message)

    def tap(self, message: Json, data: str) -> Json:
        """Tap a button of a message that was sent."""
        query = f"q{self._next_update}"
        self._taps.add(query)
        person = {"id": message["chat"]["id"], "is_bot": False, "first_name": "P"}
        pressed = {k: v for k, v in message.items() if k != "parse_mode"}
        return self.add(
            callback_query={
                "id": query,
                "from": person,
                "chat_instance": "1",
                "message": pressed,
                "data": data,
            }
        )

    def tap_label(self, label: str) -> Json:
        """Tap the latest button that reads so."""
        for message in reversed(self.sent):
            for button in buttons(message):
                if label in button["text"]:
                    return self.tap(message, button["callback_data"])
        raise AssertionError(f"no button reads {label}")

    def message(self, chat: int, **content: Any) -> Json:
        person = {"id": 7, "is_bot": False, "first_name": "P"}
        where = {"id": chat, "type": "private", "first_name": "P"}
        return {
            "message_id": 500 + self._next_update,
            "date": int(time.time()),
            "from": person,
            "chat": where,
            **content,
        }

    def add(self, **content: Any) -> Json:
        """Any update; it waits for getUpdates."""
        with self._lock:
            update = {"update_id": self._next_update, **content}
            self._updates[self._next_update] = update
            self._next_update += 1
            return update

    def deliver(self, update: Json) -> int:
        """Post an update to the webhook; the status says whether Telegram would come again."""
        secret = {"X-Telegram-Bot-Api-Secret-Token": self.webhook["secret_token"]}
        answer = httpx.post(self.webhook["url"], json=update, headers=secret, timeout=30)
        if answer.is_success:
            self._updates.pop(update["update_id"], None)
        return answer.status_code

    def force(self, method: str, *refusals: RefusedError) -> None:
        """The next calls of a method fail like this."""
        self.forced[method].extend(refusals)

    def texts(self, chat: int | None = None) -> list[str]:
        return [m["text"] for m in self.sent if chat is None or m["chat"]["id"] == chat]

    @property
    def pending(self) -> int:
        return len(self._updates)

    def photo(self, file_id: str, data: bytes, size: int | None = None) -> Json:
        """A photo's sizes, the largest last but one, and only that one can be downloaded."""
        self.files[file_id] = data
        measures = [(90, f"{file_id}-s"), (1280, file_id), (320, f"{file_id}-m")]
        return {
            "photo": [
                {**_file(name, size or len(data)), "width": side, "height": side}
                for side, name in measures
            ]
        }

    def document(self, file_id: str, data: bytes, mime: str, size: int | None = None) -> Json:
        self.files[file_id] = data
        return {"document": {**_file(file_id, size or len(data)), "mime_type": mime}}

    # What the Bot API does.

    async def _serve(self, request: Request) -> Response:
        method = request.path_params["method"]
        asked = {name: values[0] for name, values in parse_qs(str(request.url.query)).items()}
        form = parse_qs((await request.body()).decode(), keep_blank_values=True)
        asked.update({name: values[0] for name, values in form.items()})
        self.calls.append(method)
        try:
            result = await self._call(method, request, asked)
        except RefusedError as refusal:
            said = {
                "ok": False,
                "error_code": refusal.status,
                "description": refusal.description,
                "parameters": refusal.parameters,
            }
            return JSONResponse(said, status_code=refusal.status)
        return JSONResponse({"ok": True, "result": result})

    async def _call(self, method: str, request: Request, asked: dict[str, str]) -> Any:
        if request.path_params["token"] != self.token:
            raise RefusedError(401, "Unauthorized")
        if self.forced[method]:
            raise self.forced[method].popleft()
        if method == "getUpdates":
            return await self._get_updates(request, asked)
        known: dict[str, Callable[[dict[str, str]], Any]] = {
            "getMe": lambda _: BOT,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "sendMessage": self._send_message,
            "answerCallbackQuery": self._answer_tap,
            "editMessageReplyMarkup": self._edit_markup,
            "sendChatAction": self._act,
            "getFile": self._get_file,
        }
        if method not in known:
            raise RefusedError(404, "Not Found")
        with self._lock:
            return known[method](asked)

    async def _get_updates(self, request: Request, asked: dict[str, str]) -> list[Json]:
        if self.webhook:
            raise RefusedError(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, wanted = int(asked.get("offset", 0)), json.loads(asked["allowed_updates"])
        with self._lock:
            self.confirmed = max(self.confirmed, offset)
            self._updates = {n: update for n, update in self._updates.items() if n >= offset}
        give_up = time.monotonic() + float(asked.get("timeout", 0))
        while True:
            with self._lock:
                waiting = [u for u in self._updates.values() if _is_any(u, wanted)]
            if waiting or time.monotonic() >= give_up or await request.is_disconnected():
                return waiting[:BATCH]
            await asyncio.sleep(0.01)

    def _get_file(self, asked: dict[str, str]) -> Json:
        file_id = asked["file_id"]
        if file_id not in self.files:
            raise RefusedError(400, "Bad Request: invalid file_id")
        size = len(self.files[file_id])
        if size > FILE_BYTES:
            raise RefusedError(400, "Bad Request: file is too big")
        return {**_file(file_id, size), "file_path": f"photos/{file_id}"}

    async def _download(self, request: Request) -> Response:
        file_id = request.path_params["path"].removeprefix("photos/")
        if request.path_params["token"] != self.token or file_id not in self.files:
            return Response(status_code=404)
        self.downloads.append(file_id)
        return Response(self.files[file_id], media_type="application/octet-stream")

    def _set_webhook(self, asked: dict[str, str]) -> bool:
        self.webhook = dict(asked)
        return True

    def _delete_webhook(self, asked: dict[str, str]) -> bool:
        self.webhook = {}
        if asked.get("drop_pending_updates") == "true":
            self._updates.clear()
        return True

    def _send_message(self, asked: dict[str, str]) -> Json:
        chat = self._open_chat(asked)
        mode = asked.get("parse_mode")
        assert mode in {None, "HTML"}, "Markdown is never used"
        text = (shown(asked["text"]) if mode else asked["text"]).strip()
        if not text:
            raise RefusedError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > TEXT_UNITS:
            raise RefusedError(400, "Bad Request: message is too long")
        now = time.monotonic()
        if now - self._last_sent.get(chat, -1e9) < self.chat_gap_seconds:
            raise RefusedError(429, "Too Many Requests: retry after 1", retry_after=1)
        self._last_sent[chat] = now
        message: Json = {
            "message_id": len(self.sent) + 1,
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private" if chat > 0 else "supergroup"},
            "text": text,
            "from": BOT,
        }
        if markup := _markup(asked):
            message["reply_markup"] = markup
        self.sent.append(message)
        return message

    def _open_chat(self, asked: dict[str, str]) -> int:
        if (chat := int(asked["chat_id"])) in self.blocked:
            raise RefusedError(403, "Forbidden: bot was blocked by the user")
        return chat

    def _answer_tap(self, asked: dict[str, str]) -> bool:
        query = asked["callback_query_id"]
        if query not in self._taps:
            raise RefusedError(400, "Bad Request: query is too old or query ID is invalid")
        self._taps.remove(query)
        self.answered_taps.append(query)
        return True

    def _edit_markup(self, asked: dict[str, str]) -> Json:
        place = int(asked["message_id"]) - 1
        if not 0 <= place < len(self.sent):
            raise RefusedError(400, "Bad Request: message to edit not found")
        markup = _markup(asked)
        if markup == self.sent[place].get("reply_markup"):
            raise RefusedError(400, "Bad Request: message is not modified")
        edited = {k: v for k, v in self.sent[place].items() if k != "reply_markup"}
        self.sent[place] = {**edited, "reply_markup": markup} if markup else edited
        return self.sent[place]

    def _act(self, asked: dict[str, str]) -> bool:
        self.actions.append(self._open_chat(asked))
        return True


def buttons(message: Json) -> list[Json]:
    """Every button under a message."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return [button for row in rows for button in row]


def _markup(asked: dict[str, str]) -> Json | None:
    markup: Json = json.loads(asked.get("reply_markup", "{}"))
    for row in markup.get("inline_keyboard", []):
        for button in row:
            if not 1 <= len(button["callback_data"].encode()) <= DATA_BYTES or not button["text"]:
                raise RefusedError(400, "Bad Request: BUTTON_DATA_INVALID")
    return markup if markup.get("inline_keyboard") else None


def _is_any(update: Json, kinds: list[str]) -> bool:
    # A field this fake does not know stands for what a later Bot API sends.
    known = {"message", "edited_message", "callback_query", "my_chat_member", "channel_post"}
    return any(kind in update for kind in kinds) or not known & set(update)


def _file(file_id: str, size: int = 1) -> Json:
    return {"file_id": file_id, "file_unique_id": file_id, "file_size": size}

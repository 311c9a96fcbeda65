"""The web channel: a chat page for phones, the same page without JavaScript, and a small API."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from bot.assets import Assets
from bot.channels.web_api import add_ask_route
from bot.channels.web_input import Problem, RequestProblemError, read_form, read_json, readable
from bot.channels.web_live import stream_reply, wants_lines
from bot.channels.web_pages import PAGE_FOLDER, Exchange, Pages
from bot.channels.web_session import Session, Sessions, from_elsewhere
from bot.channels.web_view import ReplyView, view_reply
from bot.channels.web_words import WebWords
from bot.messages import ChannelWords, InboundMessage, MessageKind, Responder, Tap

__all__ = ["WebChannel", "WebWords", "create_web_router"]

_log = logging.getLogger(__name__)

_ID_CHARACTERS: Final = 100


@dataclass(frozen=True)
class WebChannel:
    """The chat page's routes; the page resends a message under the same id until it is answered."""

    responder: Responder
    words: ChannelWords
    page: WebWords
    sessions: Sessions
    pages: Pages
    clock: Callable[[], float]
    admit: Callable[[Request], None]
    name: str = "web"

    async def open(self, request: Request) -> Response:
        """GET /: the page with its welcome, and a cookie that lasts from this visit."""
        session = self.sessions.of(request)
        response = self.pages.chat(request, await self._welcome(session))
        self.sessions.keep(response, session, request)
        return response

    async def talk(self, request: Request) -> Response:
        """POST /chat: one message as JSON, its reply as JSON, or line by line while it comes."""
        if from_elsewhere(request):
            return Problem.FROM_ELSEWHERE.response(self.page)
        session = self.sessions.of(request)
        try:
            self.admit(request)
            message = self._message(session, _json_fields(await read_json(request)))
            response: Response
            if wants_lines(request):
                response = stream_reply(message, self._answer, self.page)
            else:
                view = await self._answer(message)
                response = JSONResponse(view.as_json(), headers={"Cache-Control": "no-store"})
        except RequestProblemError as error:
            return error.problem.response(self.page)
        if session.fresh:
            self.sessions.keep(response, session, request)
        return response

    async def submit(self, request: Request) -> Response:
        """POST /: one message as a plain form, the whole page with its reply."""
        if from_elsewhere(request):
            return RedirectResponse(f"{request.scope.get('root_path', '')}/", 303)
        session = self.sessions.of(request)
        form: dict[str, str] = {}
        try:
            form = await read_form(request)
            self.admit(request)
            view = await self._answer(self._message(session, form))
            said = form.get("label") if form.get("tap") else form.get("text")
            response = self.pages.chat(request, None, Exchange(question=said or "", answer=view))
        except RequestProblemError as error:
            notice = Exchange(notice=error.problem.sentence(self.page), draft=form.get("text", ""))
            response = self.pages.chat(request, None, notice, error.problem.status)
        if session.fresh:
            self.sessions.keep(response, session, request)
        return response

    async def _welcome(self, session: Session) -> ReplyView | None:
        # The same id at every visit: the dialogue greets once and then repeats itself.
        greeting = InboundMessage(
            self.name,
            f"welcome-{session.id}",
            session.id,
            MessageKind.SUBSCRIBE,
            sent_at=self._now(),
        )
        try:
            view = await self._answer(greeting)
        except RequestProblemError:
            return None  # the page has an introduction of its own
        return view if view.text else None

    async def _answer(self, message: InboundMessage) -> ReplyView:
        try:
            reply = await run_in_threadpool(self.responder.respond, message)
        except Exception as error:  # an error page in English helps nobody here
            # Only the type: a message or a traceback may quote the person's words.
            _log.error("web_answer_failed %s", type(error).__name__)
            raise RequestProblemError(Problem.UNAVAILABLE) from error
        return view_reply(reply, self.words)

    def _message(self, session: Session, fields: dict[str, str]) -> InboundMessage:
        given_id, code = fields.get("id", ""), fields.get("tap", "")
        if not 0 < len(given_id) <= _ID_CHARACTERS:
            raise RequestProblemError(Problem.BAD_MESSAGE)
        tap = Tap.decode(code) if code else None
        if code and tap is None:
            raise RequestProblemError(Problem.BAD_MESSAGE)
        text = "" if tap else fields.get("text", "").strip()
        if not text and not tap:
            raise RequestProblemError(Problem.TEXT_MISSING)
        # The content is part of the name: after "back", a plain form sends a new question under
        # the old id, and that is a second message. The session is, so that nobody can fetch
        # another's answer by its id.
        named = "\0".join((session.id, given_id, "tap" if tap else "text", code or text))
        return InboundMessage(
            self.name,
            hashlib.sha256(named.encode()).hexdigest()[:40],
            session.id,
            MessageKind.TEXT,
            text=text,
            tap=tap,
            sent_at=self._now(),
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)


def create_web_router(
    responder: Responder,
    ask: Callable[[str], dict[str, object]],
    words: ChannelWords,
    page: WebWords,
    secret: str,
    clock: Callable[[], float] = time.time,
    admit: Callable[[str], bool] = lambda _address: True,
) -> APIRouter:
    """Every route of the web channel: /, /chat, /api/ask, /api/docs and /static/….

    `responder` and `ask` block and are called in a thread; `secret` signs the session cookie.
    `admit` says whether a network address may send one message more: a visitor who drops the
    cookie is a new person, but not a new address.
    The application is made with docs_url=None; /openapi.json stays FastAPI's.
    """
    assets = Assets(PAGE_FOLDER)
    pages = Pages(words, page, assets)

    def check(request: Request) -> None:
        if not admit(request.client.host if request.client else ""):
            raise RequestProblemError(Problem.TOO_FAST)

    channel = WebChannel(responder, words, page, Sessions(secret, clock), pages, clock, check)
    router = APIRouter()

    async def docs(request: Request) -> Response:
        return pages.docs(request)

    async def static(request: Request, name: str) -> Response:
        return assets.send(name, request)

    for path, method, handler in (
        ("/", "GET", channel.open),
        ("/", "POST", channel.submit),
        ("/chat", "POST", channel.talk),
        ("/api/docs", "GET", docs),
        ("/static/{name:path}", "GET", static),
    ):
        router.add_api_route(path, handler, methods=[method], include_in_schema=False)
    add_ask_route(router, ask, page, check)
    return router


def _json_fields(content: dict[str, object]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for name in ("id", "text", "tap"):
        value = content.get(name)
        if isinstance(value, str):
            fields[name] = readable(value)
        elif value is not None:
            raise RequestProblemError(Problem.BAD_MESSAGE)
    return fields

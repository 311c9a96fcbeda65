"""The frame of every console page: who is asking, what they may do, and how a page is rendered.

A page is added so:

    def add_queue_pages(router: APIRouter, frame: Frame, helpdesk: Helpdesk) -> None:
        @router.get("/queue")
        def queue(request: Request, staff: Annotated[Staff, frame.needs(VOLUNTEER)]) -> Response:
            return frame.page(request, staff, "queue.html", tickets=helpdesk.waiting())

        @router.post("/queue/{ticket}/claim")
        def claim(ticket: str, sent: Annotated[Sent, frame.sent(Role.VOLUNTEER)]) -> Response:
            ...                       # sent.staff, sent.text("reason"), sent.file("file")
            return frame.back("/queue", done="claimed")

Handlers are plain functions (run in threads); bodies are read, bounded and checked before them.
Anything a person should be told is raised as ConsoleProblemError with the name of its sentence.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import Depends
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.assets import Assets
from bot.console.console_words import ConsoleWords
from bot.console.members import MemberError, Role
from bot.console.staff_sessions import LONGEST_SECONDS, Staff, StaffSessions

HOME = "/console"
COOKIE = "kepubang_staff"
FORM_BYTES = 256 * 1024
FIELDS = 400
FOLDER = Path(__file__).parent
CHINA = timedelta(hours=8)
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


class ConsoleProblemError(Exception):
    """Something the person should be told; `code` names the sentence in console.toml."""

    def __init__(self, code: str, status: int = 400, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.values = values


class _SignInNeededError(Exception):
    """Nobody is signed in."""


@dataclass(frozen=True)
class Sent:
    """A form that was sent by somebody who may: its fields, and who sent it."""

    staff: Staff
    form: FormData

    def text(self, name: str, most: int = 20_000) -> str:
        """A field as clean text, "" when it is missing; longer than `most` is a problem."""
        value = self.form.get(name, "")
        if not isinstance(value, str):
            raise ConsoleProblemError("bad_form", 422)
        if len(value) > most:
            raise ConsoleProblemError("too_long", 413)
        return "".join(c for c in value if c in "\n\t" or c.isprintable()).strip()

    def several(self, name: str) -> list[str]:
        """Every value of a field that may be given more than once."""
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def file(self, name: str) -> UploadFile | None:
        """An uploaded file, if one was chosen."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) and value.filename else None


class Frame:
    """Renders pages and guards them."""

    def __init__(self, sessions: StaffSessions, words: ConsoleWords) -> None:
        self.sessions = sessions
        self.words = words
        self.assets = Assets(FOLDER / "static", f"{HOME}/static")
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["when"] = when
        self._environment.globals["say"] = words.say
        self._environment.globals["Role"] = Role

    def needs(self, *roles: Role) -> Any:
        """A dependency: the staff member at work, if any of these roles is theirs."""

        def check(request: Request) -> Staff:
            return self._admitted(request, roles)

        return Depends(check)

    def sent(self, *roles: Role, most_bytes: int = FORM_BYTES) -> Any:
        """A dependency: a form that carries the session's token, no larger than `most_bytes`."""
        admitted = self.needs(*roles)

        async def read(request: Request, staff: Staff = admitted) -> AsyncIterator[Sent]:
            form = await read_form(request, most_bytes)
            token = form.get("csrf") or request.headers.get("x-csrf", "")
            if not isinstance(token, str) or not hmac.compare_digest(
                token.encode(), staff.csrf.encode()
            ):
                raise ConsoleProblemError("stale_form", 403)
            try:
                yield Sent(staff, form)
            finally:
                await form.close()  # what was uploaded lies in a file of its own until then

        return Depends(read)

    def page(
        self,
        request: Request,
        staff: Staff | None,
        template: str,
        status: int = 200,
        **values: object,
    ) -> HTMLResponse:
        """One rendered page or fragment."""
        root = str(request.scope.get("root_path", ""))
        done = request.query_params.get("done", "")
        html = self._environment.get_template(template).render(
            staff=staff,
            csrf=staff.csrf if staff else "",
            home=root + HOME,
            path=request.url.path,
            asset=lambda name: self.assets.address(name, root),
            done=self.words.done(done),
            **values,
        )
        return HTMLResponse(html, status, _HEADERS)

    def back(self, request: Request, path: str, done: str = "") -> Response:
        """Send the browser to a page of ours, which says what was done."""
        root = str(request.scope.get("root_path", ""))
        mark = f"{'&' if '?' in path else '?'}done={quote(done)}" if done else ""
        address = f"{root}{HOME}{path}{mark}"
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={**_HEADERS, "HX-Redirect": address})
        return RedirectResponse(address, 303, _HEADERS)

    def open_session(self, request: Request, response: Response, token: str) -> None:
        """Give the browser its cookie."""
        response.set_cookie(
            COOKIE,
            token,
            max_age=int(LONGEST_SECONDS),
            path=f"{request.scope.get('root_path', '')}{HOME}",
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )

    def close_session(self, request: Request, response: Response) -> None:
        """Take the cookie back."""
        response.delete_cookie(COOKIE, path=f"{request.scope.get('root_path', '')}{HOME}")

    def staff(self, request: Request) -> Staff | None:
        """Who is signed in, if anybody is."""
        return self.sessions.staff(request.cookies.get(COOKIE, ""))

    def route_class(self) -> type[APIRoute]:
        """A route whose problems become pages: nothing that a person can send is a bare error."""
        frame = self

        class ConsoleRoute(APIRoute):
            def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
                inner = super().get_route_handler()

                async def handle(request: Request) -> Response:
                    try:
                        return await inner(request)
                    except _SignInNeededError:
                        return frame.sign_in_first(request)
                    except ConsoleProblemError as error:
                        return frame.problem(request, error)
                    except MemberError as error:
                        return frame.problem(request, ConsoleProblemError(error.code))
                    except RequestValidationError:
                        return frame.problem(request, ConsoleProblemError("bad_form", 422))
                    except HTTPException as error:
                        known = {404: "not_found", 405: "not_found", 413: "too_long"}
                        code = known.get(error.status_code, "bad_form")
                        return frame.problem(request, ConsoleProblemError(code, error.status_code))

                return handle

        return ConsoleRoute

    def problem(self, request: Request, error: ConsoleProblemError) -> Response:
        """The page that says what is wrong and what to do."""
        sentence = self.words.problem(error.code, **error.values)
        staff = self.staff(request)
        return self.page(request, staff, "problem.html", error.status, sentence=sentence)

    def sign_in_first(self, request: Request) -> Response:
        """To the sign-in page, and back here afterwards; a form sent without a session is lost."""
        root = str(request.scope.get("root_path", ""))
        here = request.url.path.removeprefix(root + HOME) if request.method == "GET" else ""
        address = f"{root}{HOME}/sign-in" + (f"?next={quote(here)}" if here.strip("/") else "")
        if request.headers.get("hx-request"):
            return Response(status_code=204, headers={**_HEADERS, "HX-Redirect": address})
        return RedirectResponse(address, 303, _HEADERS)

    def _admitted(self, request: Request, roles: tuple[Role, ...]) -> Staff:
        staff = self.staff(request)
        if staff is None:
            raise _SignInNeededError
        if roles and not staff.member.may(*roles):
            raise ConsoleProblemError("not_yours", 403)
        return staff


async def read_form(request: Request, most_bytes: int) -> FormData:
    """The form in a body of bounded size; raises ConsoleProblemError for anything else."""
    try:
        declared = int(request.headers.get("content-length", "0"))
    except ValueError:
        raise ConsoleProblemError("bad_form", 400) from None
    if declared > most_bytes:
        raise ConsoleProblemError("too_long", 413)
    received, inner = 0, request._receive

    async def bounded() -> Any:
        nonlocal received
        message = await inner()
        received += len(message.get("body", b""))
        if received > most_bytes:
            raise ConsoleProblemError("too_long", 413)
        return message

    request._receive = bounded
    try:
        return await request.form(max_fields=FIELDS, max_files=3, max_part_size=most_bytes)
    except HTTPException as error:
        raise ConsoleProblemError("bad_form", 422) from error
    except (ValueError, KeyError, UnicodeError, AssertionError) as error:
        raise ConsoleProblemError("bad_form", 422) from error


def safe_next(address: str) -> str:
    """A page of ours to go on to, or "" for anything that leads elsewhere."""
    plain = address.startswith("/") and not address.startswith("//") and "\\" not in address
    return address if plain and ":" not in address and "\n" not in address else ""


def when(moment: float | None) -> str:
    """A moment as people here read it: 11-27 14:05, China's time."""
    if moment is None:
        return ""
    return (datetime.fromtimestamp(moment, UTC) + CHINA).strftime("%m-%d %H:%M")

"""Coming in and going out: sign-in, an accepted invite, home, and one's own account."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import (
    HOME,
    ConsoleProblemError,
    Frame,
    Sent,
    read_form,
    safe_next,
)
from bot.console.members import MemberError, Members
from bot.console.staff_sessions import LockedOutError, Staff
from bot.console.trail import Trail

SMALL_BYTES = 8 * 1024
# What waits, by the name of a page: shown at home beside its link.
Waiting = Callable[[], Mapping[str, int]]


def add_entry_pages(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, waiting: Waiting
) -> None:
    """GET and POST of /sign-in, /invite/{token}, /account, and the home page."""
    _add_sign_in(router, frame, members, trail)
    _add_invite(router, frame, members, trail)
    _add_account(router, frame, members, trail)

    @router.get("")
    def bare(request: Request) -> Response:
        return frame.back(request, "/")

    @router.get("/")
    def home(request: Request, staff: Annotated[Staff, frame.needs()]) -> Response:
        return frame.page(request, staff, "home.html", waiting=waiting())


def _add_sign_in(router: APIRouter, frame: Frame, members: Members, trail: Trail) -> None:
    @router.get("/sign-in")
    def sign_in(request: Request, next: str = "") -> Response:  # noqa: A002 - the query's name
        if frame.staff(request):
            return frame.back(request, "/")
        return frame.page(request, None, "sign_in.html", next=safe_next(next), login="", wrong="")

    @router.post("/sign-in")
    async def try_sign_in(request: Request) -> Response:
        form = await read_form(request, SMALL_BYTES)
        login, password = str(form.get("login", "")), str(form.get("password", ""))
        to = safe_next(str(form.get("next", "")))
        address = request.client.host if request.client else ""
        wrong, status = "wrong_sign_in", 401
        token = None
        try:
            token = frame.sessions.sign_in(login, password, address)
        except LockedOutError:
            wrong, status = "locked_out", 429
        if token is None:
            known = members.find(login.strip().lower())
            trail.write(known.login if known else "-", "sign_in.refused", address)
            sentence = frame.words.problem(wrong)
            return frame.page(
                request, None, "sign_in.html", status, next=to, login=login[:40], wrong=sentence
            )
        trail.write(login.strip().lower(), "sign_in", address)
        response = frame.back(request, to or "/")
        frame.open_session(request, response, token)
        return response

    @router.post("/sign-out")
    def sign_out(request: Request, sent: Annotated[Sent, frame.sent()]) -> Response:
        frame.sessions.end(sent.staff)
        response = frame.back(request, "/sign-in", done="signed_out")
        frame.close_session(request, response)
        return response


def _add_invite(router: APIRouter, frame: Frame, members: Members, trail: Trail) -> None:
    @router.get("/invite/{token}")
    def invite(request: Request, token: str) -> Response:
        roles = members.invited(token)
        return frame.page(request, None, "invite.html", roles=roles, login="", name="", wrong="")

    @router.post("/invite/{token}")
    async def accept(request: Request, token: str) -> Response:
        roles = members.invited(token)
        form = await read_form(request, SMALL_BYTES)
        login, name = str(form.get("login", "")), str(form.get("name", ""))
        try:
            member = members.accept(token, login, name, str(form.get("password", "")))
        except MemberError as error:
            sentence = frame.words.problem(error.code)
            return frame.page(
                request, None, "invite.html", 422, roles=roles, login=login, name=name,
                wrong=sentence,
            )  # fmt: skip
        trail.write(member.login, "member.joined", ",".join(sorted(member.roles)))
        response = frame.back(request, "/")
        frame.open_session(request, response, frame.sessions.begin(member))
        return response


def _add_account(router: APIRouter, frame: Frame, members: Members, trail: Trail) -> None:
    @router.get("/account")
    def account(request: Request, staff: Annotated[Staff, frame.needs()]) -> Response:
        return frame.page(request, staff, "account.html")

    @router.post("/account/password")
    def password(request: Request, sent: Annotated[Sent, frame.sent()]) -> Response:
        new = sent.text("new", 1000)
        if new != sent.text("again", 1000):
            raise ConsoleProblemError("passwords_differ", 422)
        members.change_password(sent.staff.login, sent.text("old", 1000), new)
        frame.sessions.end_all(sent.staff.login, but=sent.staff.session)
        trail.write(sent.staff.login, "member.password", sent.staff.login)
        return frame.back(request, "/account", done="password")

    @router.post("/account/sessions")
    def sessions(request: Request, sent: Annotated[Sent, frame.sent()]) -> Response:
        frame.sessions.end_all(sent.staff.login, but=sent.staff.session)
        trail.write(sent.staff.login, "member.sessions_ended", sent.staff.login)
        return frame.back(request, "/account", done="sessions")


def invite_path(token: str) -> str:
    """Where an invite is accepted."""
    return f"{HOME}/invite/{token}"

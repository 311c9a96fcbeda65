"""Administrators' pages: members, invites, and the trail."""

from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.entry_pages import invite_path
from bot.console.frame import Frame, Sent
from bot.console.members import MemberError, Members, Role
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail

TRAIL_LINES = 60


def add_member_pages(router: APIRouter, frame: Frame, members: Members, trail: Trail) -> None:
    """GET and POST of /members, /members/{login}, and GET /trail."""

    @router.get("/members")
    def listed(request: Request, staff: Annotated[Staff, frame.needs(Role.ADMIN)]) -> Response:
        return frame.page(request, staff, "members.html", members=members.all(), link="")

    @router.post("/members/invite")
    def invite(request: Request, sent: Annotated[Sent, frame.sent(Role.ADMIN)]) -> Response:
        roles = _roles(sent)
        token = members.invite(roles, sent.staff.login)
        trail.write(sent.staff.login, "member.invited", ",".join(sorted(roles)))
        # Shown once, here: only its digest is kept.
        link = f"{str(request.base_url).rstrip('/')}{invite_path(token)}"
        return frame.page(request, sent.staff, "members.html", members=members.all(), link=link)

    @router.get("/members/{login}")
    def one(
        request: Request, login: str, staff: Annotated[Staff, frame.needs(Role.ADMIN)]
    ) -> Response:
        member = members.find(login)
        if member is None:
            raise MemberError("unknown_member")
        return frame.page(request, staff, "member.html", member=member)

    @router.post("/members/{login}")
    def change(
        request: Request, login: str, sent: Annotated[Sent, frame.sent(Role.ADMIN)]
    ) -> Response:
        disabled = sent.text("disabled") == "yes"
        roles = _roles(sent)
        members.give_roles(login, roles, disabled, sent.staff.login)
        if disabled:
            frame.sessions.end_all(login)
        said = "disabled" if disabled else ",".join(sorted(roles))
        trail.write(sent.staff.login, "member.changed", login, said)
        return frame.back(request, f"/members/{login}", done="member")

    @router.post("/members/{login}/sessions")
    def end_sessions(
        request: Request, login: str, sent: Annotated[Sent, frame.sent(Role.ADMIN)]
    ) -> Response:
        frame.sessions.end_all(login)
        trail.write(sent.staff.login, "member.sessions_ended", login)
        return frame.back(request, f"/members/{login}", done="sessions")

    @router.get("/trail")
    def lines(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.ADMIN)],
        before: int | None = None,
    ) -> Response:
        found = trail.latest(TRAIL_LINES, before)
        more = found[-1].id if len(found) == TRAIL_LINES else None
        return frame.page(request, staff, "trail.html", lines=found, more=more)


def _roles(sent: Sent) -> list[Role]:
    try:
        return [Role(value) for value in sent.several("roles")]
    except ValueError:
        raise MemberError("no_roles") from None

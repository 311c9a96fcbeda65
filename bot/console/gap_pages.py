"""Gaps: what people asked and no card answers yet, one click from a draft."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Role
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from bot.gaps import Gaps

MakeDraft = Callable[[Sequence[str], str], str]


def add_gap_pages(
    router: APIRouter,
    frame: Frame,
    trail: Trail,
    gaps: Gaps,
    make_draft: MakeDraft,
    today: Callable[[], date],
) -> None:
    """GET /gaps; POST of the questions that become a draft."""

    @router.get("/gaps")
    def page(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER, Role.VOLUNTEER)],
    ) -> Response:
        return frame.page(
            request,
            staff,
            "gaps.html",
            gaps=gaps.find(),
            coverage=gaps.coverage(today().month),
            month=today().month,
        )

    @router.post("/gaps")
    def draft(request: Request, sent: Annotated[Sent, frame.sent(Role.EDITOR)]) -> Response:
        asks = [line for line in sent.text("asks").splitlines() if line.strip()]
        if not asks:
            raise ConsoleProblemError("empty_reply", 422)
        key = make_draft(asks, sent.staff.login)
        trail.write(sent.staff.login, "card.save", key, "gap")
        return frame.back(request, f"/cards/{key}", done="drafted")

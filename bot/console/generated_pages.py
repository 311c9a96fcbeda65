"""What a language model said lately: each sentence, whether it went out, and why not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.assistant.generation import Generation
from bot.console.frame import Frame
from bot.console.members import Role
from bot.console.staff_sessions import Staff
from bot.generations import Generations
from bot.spending import Spent

LISTED = 50


@dataclass(frozen=True)
class Shown:
    """One attempt as the page lists it."""

    question: str
    made: Generation


def add_generated_pages(
    router: APIRouter,
    frame: Frame,
    generations: Generations,
    question_of: Callable[[str], str],
    spent_today: Callable[[], Spent],
) -> None:
    """GET /generated; only=fallback lists those that the composed answer stood in for."""

    @router.get("/generated")
    def generated(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
        only: str = "",
    ) -> Response:
        shown = [
            Shown(question_of(turn), made)
            for turn, made in generations.latest(LISTED)
            if only != "fallback" or not made.sent
        ]
        return frame.page(
            request, staff, "generated.html", shown=shown, spent=spent_today(), only=only
        )

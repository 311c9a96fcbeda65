"""Helpdesk search at the counter: the answer with its source, to copy, print, or read out."""

from typing import Annotated

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import Frame
from bot.console.members import Role
from bot.console.seams import Answering
from bot.console.staff_sessions import Staff
from bot.redaction import redact

QUESTION_CHARACTERS = 300


def add_counter_pages(router: APIRouter, frame: Frame, answering: Answering) -> None:
    """GET /counter and /counter/print, both with the question as q."""

    @router.get("/counter")
    def counter(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.VOLUNTEER, Role.EDITOR, Role.REVIEWER)],
        q: str = "",
    ) -> Response:
        return _page(request, staff, q, "counter.html")

    @router.get("/counter/print")
    def printed(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.VOLUNTEER, Role.EDITOR, Role.REVIEWER)],
        q: str = "",
    ) -> Response:
        return _page(request, staff, q, "counter_print.html")

    def _page(request: Request, staff: Staff, q: str, template: str) -> Response:
        question = redact(q.strip()[:QUESTION_CHARACTERS])
        answer = answering(question) if question else None
        code = segno.make(answer.address, error="m").png_data_uri(scale=4) if answer else ""
        return frame.page(request, staff, template, question=question, answer=answer, code=code)

"""数据看板: figures of a period, as charts, as tables for readers of screens, and as CSV."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.console.frame import ConsoleProblemError, Frame
from bot.console.members import Role
from bot.console.staff_sessions import Staff
from bot.insights import Insights, write_csv

PERIODS = (7, 30, 90, 365)
TABLES = ("day", "hour", "topic", "channel", "verdict", "card", "scam", "emergency", "region")
Read = Callable[[int], Insights]


def add_insight_pages(router: APIRouter, frame: Frame, read: Read) -> None:
    """GET /insights, its figures as JSON for the charts, and each table as CSV."""
    may = (Role.VOLUNTEER, Role.EDITOR, Role.REVIEWER)

    @router.get("/insights")
    def page(
        request: Request, staff: Annotated[Staff, frame.needs(*may)], days: int = 30
    ) -> Response:
        found = read(_period(days))
        return frame.page(
            request,
            staff,
            "insights.html",
            found=found,
            periods=PERIODS,
            tables=[t for t in TABLES if t in found.tables],
        )

    @router.get("/insights/data")
    def data(staff: Annotated[Staff, frame.needs(*may)], days: int = 30) -> Response:
        del staff
        found = read(_period(days))
        return JSONResponse(
            {
                table: [
                    {"name": _named(frame, table, c.name), "value": c.questions}
                    for c in found.tables.get(table, ())
                ]
                for table in TABLES
            },
            headers={"Cache-Control": "no-store"},
        )

    @router.get("/insights/{table}.csv")
    def sheet(table: str, staff: Annotated[Staff, frame.needs(*may)], days: int = 30) -> Response:
        del staff
        if table not in TABLES:
            raise ConsoleProblemError("not_found", 404)
        found = read(_period(days))
        return Response(
            write_csv(table, found.tables.get(table, ())),
            media_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": f'attachment; filename="{table}-{days}.csv"',
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
            },
        )


def _period(days: int) -> int:
    return days if days in PERIODS else PERIODS[1]


def _named(frame: Frame, table: str, name: str) -> str:
    section = {"topic": "topics", "channel": "channels", "verdict": "verdicts"}.get(table)
    return frame.words.say(section, name) if section else name

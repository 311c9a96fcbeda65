"""Every page of the console under /console, and the parts that they share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.console_words import load_console_words
from bot.console.entry_pages import Waiting, add_entry_pages
from bot.console.frame import HOME, ConsoleProblemError, Frame
from bot.console.member_pages import add_member_pages
from bot.console.members import Members
from bot.console.staff_sessions import StaffSessions
from bot.console.trail import Trail


@dataclass(frozen=True)
class Access:
    """Who may come in: made once, by the house."""

    members: Members
    sessions: StaffSessions
    trail: Trail

    @staticmethod
    def of(engine: sa.Engine, clock: Callable[[], float] = time.time) -> Access:
        """The access of one database."""
        members = Members(engine, clock)
        return Access(members, StaffSessions(engine, members, clock), Trail(engine, clock))


class Console:
    """Collects pages; `router()` closes the list with a page for everything else."""

    def __init__(self, access: Access, waiting: Waiting) -> None:
        self.access = access
        self.trail = access.trail
        self.frame = Frame(access.sessions, load_console_words())
        self.routes = APIRouter(
            prefix=HOME, route_class=self.frame.route_class(), include_in_schema=False
        )
        add_entry_pages(self.routes, self.frame, access.members, access.trail, waiting)
        add_member_pages(self.routes, self.frame, access.members, access.trail)

    def router(self) -> APIRouter:
        """The finished router; nothing may be added after this."""
        frame = self.frame

        @self.routes.get("/static/{name:path}")
        def static(request: Request, name: str) -> Response:
            return frame.assets.send(name, request)

        @self.routes.api_route("/{path:path}", methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
        def nothing(path: str) -> Response:
            del path  # whatever it is
            raise ConsoleProblemError("not_found", 404)

        return self.routes

"""A console of its own on an empty database, with one member of each role."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from fastapi import FastAPI
from fastapi.testclient import TestClient

from bot.console.members import Members, Role
from bot.console.router import Access, Console
from bot.console.staff_sessions import StaffSessions
from bot.console.trail import Trail

PASSWORD = "a long password"


@dataclass
class Clock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """The app, and a browser for each member who signed in."""

    app: FastAPI
    access: Access
    clock: Clock
    browsers: dict[str, TestClient] = field(default_factory=dict)

    def browser(self, login: str = "") -> TestClient:
        if login in self.browsers:
            return self.browsers[login]
        client = TestClient(self.app, follow_redirects=False)
        if login:
            sent = client.post("/console/sign-in", data={"login": login, "password": PASSWORD})
            assert sent.status_code == 303, sent.text
        self.browsers[login] = client
        return client

    def post(self, login: str, path: str, **fields: object):
        browser = self.browser(login)
        page = browser.get("/console/account").text
        token = re.search(r'name="csrf" value="([^"]+)"', page)
        return browser.post(
            f"/console{path}", data={**fields, "csrf": token.group(1) if token else ""}
        )


def make_access(engine: sa.Engine, clock: Clock) -> Access:
    # The real hash takes 50 ms a time by design; the same algorithm with little work does here.
    members = Members(engine, clock, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return Access(members, StaffSessions(engine, members, clock), Trail(engine, clock))


def add_members(access: Access) -> None:
    for login, name, role in (
        ("admin", "老王", Role.ADMIN),
        ("volunteer", "小李", Role.VOLUNTEER),
        ("editor", "小张", Role.EDITOR),
        ("reviewer", "老赵", Role.REVIEWER),
    ):
        access.members.accept(access.members.invite([role], "test"), login, name, PASSWORD)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(engine: sa.Engine, clock: Clock) -> Desk:
    access = make_access(engine, clock)
    add_members(access)
    app = FastAPI()
    app.include_router(Console(access, dict).router())
    return Desk(app, access, clock)

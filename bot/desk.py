"""The console of one house: its pages are given what they may not reach by themselves."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter

from bot.console.router import Access, Console
from bot.house import House


def create_console(house: House) -> APIRouter:
    """Every page under /console."""

    def waiting() -> Mapping[str, int]:
        return {"queue": len(house.helpdesk.waiting())}

    console = Console(Access.of(house.engine), waiting)
    return console.router()

"""Starter-pack updates: what a newer pack would change, three ways side by side."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.card_form import fields_of
from bot.console.card_pages import marked_difference
from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Role
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from knowledge.card import Card
from knowledge.packupdate import PackUpdate, take_update
from knowledge.store import CardStore

Find = Callable[[], Sequence[PackUpdate]]


def add_pack_pages(
    router: APIRouter, frame: Frame, trail: Trail, store: CardStore, find: Find
) -> None:
    """GET /pack and /pack/{key}; POST to take a card's new words as a draft."""

    @router.get("/pack")
    def listed(
        request: Request, staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)]
    ) -> Response:
        return frame.page(request, staff, "pack.html", updates=find())

    @router.get("/pack/{key}")
    def one(
        request: Request,
        key: str,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        update = _get(key)
        new, here, base = (_fields(c) for c in (update.pack, update.here, update.base))
        parts = [
            (name, base[name], marked_difference(base[name], here[name]),
             marked_difference(base[name], new[name]))
            for name in new
            if not new[name] == here[name] == base[name]
        ]  # fmt: skip
        return frame.page(request, staff, "pack_card.html", update=update, parts=parts)

    @router.post("/pack/{key}")
    def take(
        request: Request, key: str, sent: Annotated[Sent, frame.sent(Role.EDITOR)]
    ) -> Response:
        number = take_update(store, _get(key), sent.staff.login)
        trail.write(sent.staff.login, "card.save", key, f"pack {number}")
        return frame.back(request, f"/cards/{key}", done="saved")

    def _get(key: str) -> PackUpdate:
        for update in find():
            if update.key == key:
                return update
        raise ConsoleProblemError("card_gone", 404)


def _fields(card: Card | None) -> dict[str, str]:
    # A card that is not there has every part empty.
    return fields_of(card) if card else defaultdict(str)

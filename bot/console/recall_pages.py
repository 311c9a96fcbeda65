"""Recall: after an important correction, who was told the old words, and telling them."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Role
from bot.console.review_words import told
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from bot.recall import Recalls
from knowledge.card import Revision
from knowledge.review import Review, Reviews, ReviewState
from knowledge.store import CardStore

PERIODS = (7, 30, 90, 180)
Words = Callable[[Revision], str]


def add_recall_pages(
    router: APIRouter,
    frame: Frame,
    trail: Trail,
    reviews: Reviews,
    store: CardStore,
    recalls: Recalls,
    words: Words,
) -> None:
    """GET the preview of a published correction, POST to send it."""

    @router.get("/recall/{review}")
    def preview(
        request: Request,
        review: int,
        staff: Annotated[Staff, frame.needs(Role.REVIEWER)],
        days: int = 30,
    ) -> Response:
        found, revision = _published(review)
        days = days if days in PERIODS else PERIODS[1]
        return frame.page(
            request,
            staff,
            "recall.html",
            review=found,
            days=days,
            periods=PERIODS,
            preview=recalls.preview(found.card, found.number, days),
            states=recalls.states(found.card, found.number),
            words=words(revision),
        )

    @router.post("/recall/{review}")
    def send(
        request: Request, review: int, sent: Annotated[Sent, frame.sent(Role.REVIEWER)]
    ) -> Response:
        found, revision = _published(review)
        given = sent.text("days", 4)
        days = int(given) if given.isdigit() and int(given) in PERIODS else PERIODS[1]
        count = recalls.send(found.card, found.number, days, words(revision))
        trail.write(sent.staff.login, "card.recall", found.card, str(count))
        return frame.back(request, f"/recall/{review}?days={days}", done="recalled")

    def _published(review: int) -> tuple[Review, Revision]:
        with told():
            found = reviews.get(review)
            revision = store.get(found.card, found.number)
        if found.state is not ReviewState.APPROVED:
            raise ConsoleProblemError("not_published", 409)
        return found, revision

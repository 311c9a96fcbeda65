"""Reviewers' pages: what waits, one revision beside what it replaces, the gate, sign-off."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.card_form import fields_of
from bot.console.card_pages import marked_difference
from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Members, Role
from bot.console.review_words import told
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from knowledge.card import Revision
from knowledge.gate import GateReport, GateRuns
from knowledge.golden import Golden, GoldenQuestions, digest_of
from knowledge.reminders import reminders_of
from knowledge.review import Review, Reviews, ReviewState
from knowledge.starterpack import AUTHOR
from knowledge.store import CardStore

log = structlog.get_logger()
COMMENT_CHARACTERS = 1000
QUESTION_CHARACTERS = 300
Rehearse = Callable[[Revision, Sequence[Golden], Callable[[int, int], None]], GateReport]


@dataclass(frozen=True)
class ReviewParts:
    """What the reviews' pages work with."""

    store: CardStore
    reviews: Reviews
    runs: GateRuns
    golden: GoldenQuestions
    rehearse: Rehearse
    prepare: Callable[[Sequence[Golden]], None]  # half of a rehearsal, while the reviewer reads
    on_published: Callable[[Revision, Review], None]
    today: Callable[[], date]


def add_review_pages(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, parts: ReviewParts
) -> None:
    """GET and POST of /reviews, /reviews/{id} and what can be decided there."""

    @router.get("/reviews")
    def listed(
        request: Request, staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)]
    ) -> Response:
        published = parts.store.published()
        topics: dict[str, int] = {}
        for revision in published:
            if revision.author == AUTHOR:
                topics[revision.card.topic] = topics.get(revision.card.topic, 0) + 1
        reminders = reminders_of((r.card for r in published), parts.today())
        return frame.page(
            request,
            staff,
            "reviews.html",
            waiting=parts.reviews.waiting(),
            titles={r.card: parts.store.get(r.card).card.title for r in parts.reviews.waiting()},
            names=members.name_of,
            topics=sorted(topics.items()),
            signed=parts.reviews.signed_off(),
            ending=[r for r in reminders if r.ends],
            due=[r for r in reminders if not r.ends],
        )

    @router.get("/reviews/{review}")
    def one(
        request: Request,
        review: int,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        with told():
            found = parts.reviews.get(review)
            revision = parts.store.get(found.card, found.number)
            own = staff.login in parts.reviews.authors(found)
        if found.state is ReviewState.WAITING:
            parts.prepare(parts.golden.all())
        return frame.page(
            request,
            staff,
            "review.html",
            200,
            review=found,
            card=revision.card,
            differences=_differences(parts.store, found),
            names=members.name_of,
            own=own,
            comments=parts.reviews.comments(found.card),
            **_gate(parts, found),
        )

    @router.get("/reviews/{review}/gate")
    def gate(
        request: Request,
        review: int,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        with told():
            found = parts.reviews.get(review)
        return frame.page(request, staff, "gate.html", 200, review=found, **_gate(parts, found))

    _add_deciding(router, frame, trail, parts)
    _add_golden(router, frame, trail, parts)


def _add_deciding(router: APIRouter, frame: Frame, trail: Trail, parts: ReviewParts) -> None:
    @router.post("/reviews/{review}/gate")
    def run_gate(
        request: Request,
        review: int,
        sent: Annotated[Sent, frame.sent(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        with told():
            found = parts.reviews.get(review)
            revision = parts.store.get(found.card, found.number)
        run = parts.runs.start(found.card, found.number, parts.store.mark(), sent.staff.login)
        threading.Thread(
            target=_rehearse, args=(parts, revision, run), name="rehearsal", daemon=True
        ).start()
        return frame.back(request, f"/reviews/{review}")

    @router.post("/reviews/{review}/approve")
    def approve(
        request: Request, review: int, sent: Annotated[Sent, frame.sent(Role.REVIEWER)]
    ) -> Response:
        reason = sent.text("reason", 500)
        with told():
            found = parts.reviews.get(review)
            digest = digest_of(parts.golden.all())
            revision = parts.reviews.approve(review, sent.staff.login, reason, digest)
        trail.write(
            sent.staff.login, "card.approve", found.card, f"{revision.number} {reason}".strip()
        )
        parts.on_published(revision, found)
        return frame.back(request, f"/reviews/{review}", done="approved")

    @router.post("/reviews/{review}/send-back")
    def send_back(
        request: Request, review: int, sent: Annotated[Sent, frame.sent(Role.REVIEWER)]
    ) -> Response:
        reason = sent.text("reason", 500)
        with told():
            found = parts.reviews.get(review)
            parts.reviews.send_back(review, sent.staff.login, reason)
        trail.write(sent.staff.login, "card.send_back", found.card, reason)
        return frame.back(request, f"/reviews/{review}", done="sent_back")

    @router.post("/reviews/{review}/comment")
    def comment(
        request: Request,
        review: int,
        sent: Annotated[Sent, frame.sent(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        text = sent.text("text", COMMENT_CHARACTERS)
        if not text:
            raise ConsoleProblemError("empty_reply", 422)
        with told():
            found = parts.reviews.get(review)
        parts.reviews.comment(found.card, found.number, sent.staff.login, text)
        trail.write(sent.staff.login, "card.comment", found.card)
        return frame.back(request, f"/reviews/{review}", done="commented")

    @router.post("/sign-off")
    def sign_off(request: Request, sent: Annotated[Sent, frame.sent(Role.REVIEWER)]) -> Response:
        topic = sent.text("topic", 60)
        with told():
            count = parts.reviews.sign_off(topic, sent.staff.login)
        trail.write(sent.staff.login, "card.sign_off", topic, str(count))
        return frame.back(request, "/reviews", done="signed_off")


def _add_golden(router: APIRouter, frame: Frame, trail: Trail, parts: ReviewParts) -> None:
    @router.get("/golden")
    def golden(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
        q: str = "",
    ) -> Response:
        found = [
            g for g in parts.golden.all() if not q or q in g.text or any(q in c for c in g.cards)
        ]
        return frame.page(request, staff, "golden.html", found=found[:100], count=len(found), q=q)

    @router.post("/golden")
    def save(
        request: Request, sent: Annotated[Sent, frame.sent(Role.EDITOR, Role.REVIEWER)]
    ) -> Response:
        question = sent.text("id", 20)
        if sent.text("act") == "remove":
            parts.golden.remove(question)
        else:
            text = sent.text("text", QUESTION_CHARACTERS)
            if not text:
                raise ConsoleProblemError("empty_reply", 422)
            question = parts.golden.save(
                text, sent.text("cards", 500).split(), sent.staff.login, question
            )
        trail.write(sent.staff.login, "golden.save", question)
        return frame.back(request, "/golden", done="question")


def _rehearse(parts: ReviewParts, revision: Revision, run: int) -> None:
    def progress(done: int, total: int) -> None:
        parts.runs.progress(run, done, total)

    try:
        report = parts.rehearse(revision, parts.golden.all(), progress)
        parts.runs.end(run, report)
    except Exception as error:  # noqa: BLE001 - the page says that the run did not end
        parts.runs.fail(run)
        log.warning("rehearsal_failed", card=revision.card.key, error=type(error).__name__)


def _gate(parts: ReviewParts, review: Review) -> dict[str, object]:
    run = parts.runs.latest(review.card, review.number)
    fresh = bool(run and run.report and run.report.mark == parts.store.mark())
    return {"run": run, "fresh": fresh}


def _differences(
    store: CardStore, review: Review
) -> list[tuple[str, Sequence[tuple[str, str]], str, str]]:
    """Every part that differs from what residents are told now."""
    row = next((r for r in store.rows() if r.key == review.card), None)
    new = fields_of(store.get(review.card, review.number).card)
    old: Mapping[str, str] = dict.fromkeys(new, "")
    base = row.published if row else None
    if base == review.number:
        # Approved already: beside what it replaced.
        base = store.replaced(review.card, review.number)
    if base:
        old = fields_of(store.get(review.card, base).card)
    return [
        (name, marked_difference(old[name], new[name]), old[name], new[name])
        for name in new
        if old[name] != new[name]
    ]

"""The volunteers' queue: tickets, one ticket, and everything that can be done with it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Members, Role
from bot.console.seams import Brief, MakeDraft, SpokenBy, Suggest
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from bot.conversation import Conversations
from bot.delivery import Delivery, Ledger
from bot.helpdesk import Helpdesk, Ticket, TicketTakenError, UnknownTicketError
from bot.redaction import redact

REPLY_CHARACTERS = 500  # WeChat takes 2,048 bytes; a Chinese character is three
NOTE_CHARACTERS = 2000
TURNS = 8


@dataclass(frozen=True)
class QueueParts:
    """What the queue's pages work with."""

    helpdesk: Helpdesk
    conversations: Conversations
    ledger: Ledger
    suggest: Suggest
    brief: Brief
    spoken_by: SpokenBy
    make_draft: MakeDraft
    similar: Callable[[Ticket], Sequence[Ticket]]
    canned: Sequence[str]
    clock: Callable[[], float] = time.time


def add_queue_pages(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, parts: QueueParts
) -> None:
    """GET /queue, /queue/list, /queue/{ticket}; POST of each act."""
    helpdesk = parts.helpdesk

    @router.get("/queue")
    def queue(request: Request, staff: Annotated[Staff, frame.needs(Role.VOLUNTEER)]) -> Response:
        return frame.page(request, staff, "queue.html", 200, **_listed(parts, members))

    @router.get("/queue/list")
    def listed(request: Request, staff: Annotated[Staff, frame.needs(Role.VOLUNTEER)]) -> Response:
        return frame.page(request, staff, "queue_list.html", 200, **_listed(parts, members))

    @router.get("/queue/{ticket}")
    def one(
        request: Request,
        ticket: str,
        staff: Annotated[Staff, frame.needs(Role.VOLUNTEER)],
        card: str = "",
    ) -> Response:
        found = _get(helpdesk, ticket)
        deliveries: dict[int, Delivery] = {d.id: d for d in parts.ledger.about(ticket)}
        return frame.page(
            request,
            staff,
            "ticket.html",
            ticket=found,
            mine=found.claimed_by == staff.login,
            holder=members.name_of(found.claimed_by),
            turns=parts.conversations.around(found.person, found.id, TURNS),
            lines=helpdesk.lines(ticket),
            names=members.name_of,
            deliveries=deliveries,
            suggestions=parts.suggest(found.question),
            similar=parts.similar(found),
            canned=parts.canned,
            reply=parts.brief(card) if card else "",
            colleagues=[m for m in members.all() if m.may(Role.VOLUNTEER) and not m.disabled],
            most=REPLY_CHARACTERS,
            now=parts.clock(),
        )

    _add_holding(router, frame, members, trail, helpdesk)
    _add_answering(router, frame, members, trail, parts)


def _add_holding(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, helpdesk: Helpdesk
) -> None:
    @router.post("/queue/{ticket}/{act}")
    def hold(
        request: Request,
        ticket: str,
        act: str,
        sent: Annotated[Sent, frame.sent(Role.VOLUNTEER)],
    ) -> Response:
        acts: dict[str, Callable[[str, str], None]] = {
            "claim": helpdesk.claim,
            "release": helpdesk.release,
            "resolve": helpdesk.resolve,
            "reopen": helpdesk.reopen,
        }
        done = {"claim": "claimed", "release": "released", "resolve": "resolved"}
        if act not in acts:
            return _other(request, ticket, act, sent)
        with _Told(members):
            acts[act](ticket, sent.staff.login)
        trail.write(sent.staff.login, f"ticket.{act}", ticket)
        return frame.back(request, f"/queue/{ticket}", done=done.get(act, "reopened"))

    def _other(request: Request, ticket: str, act: str, sent: Sent) -> Response:
        if act == "assign":
            to = members.find(sent.text("to", 40))
            if to is None or to.disabled or not to.may(Role.VOLUNTEER):
                raise ConsoleProblemError("unknown_member")
            with _Told(members):
                helpdesk.assign(ticket, sent.staff.login, to.login)
            trail.write(sent.staff.login, "ticket.assign", ticket, to.login)
            return frame.back(request, f"/queue/{ticket}", done="assigned")
        if act == "note":
            text = sent.text("text", NOTE_CHARACTERS)
            if not text:
                raise ConsoleProblemError("empty_reply")
            with _Told(members):
                helpdesk.note(ticket, sent.staff.login, redact(text))
            trail.write(sent.staff.login, "ticket.note", ticket)
            return frame.back(request, f"/queue/{ticket}", done="noted")
        raise ConsoleProblemError("not_found", 404)


def _add_answering(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, parts: QueueParts
) -> None:
    @router.post("/answer/{ticket}")
    def reply(
        request: Request, ticket: str, sent: Annotated[Sent, frame.sent(Role.VOLUNTEER)]
    ) -> Response:
        text = redact(sent.text("text", REPLY_CHARACTERS))
        if not text:
            raise ConsoleProblemError("empty_reply")
        found = _get(parts.helpdesk, ticket)
        said = parts.spoken_by(sent.staff.member.name, found.question, text)
        with _Told(members):
            parts.helpdesk.reply(ticket, sent.staff.login, text, said)
        trail.write(sent.staff.login, "ticket.reply", ticket)
        if sent.text("then") == "resolve":
            parts.helpdesk.resolve(ticket, sent.staff.login)
            trail.write(sent.staff.login, "ticket.resolve", ticket)
        return frame.back(request, f"/queue/{ticket}", done="replied")

    @router.post("/draft-from/{ticket}")
    def draft(
        request: Request,
        ticket: str,
        sent: Annotated[Sent, frame.sent(Role.VOLUNTEER, Role.EDITOR)],
    ) -> Response:
        found = _get(parts.helpdesk, ticket)
        key = found.draft or parts.make_draft(found.question, sent.staff.login)
        parts.helpdesk.made_draft(ticket, key)
        trail.write(sent.staff.login, "ticket.draft", ticket, key)
        if sent.staff.member.may(Role.EDITOR, Role.REVIEWER):
            return frame.back(request, f"/cards/{key}", done="drafted")
        return frame.back(request, f"/queue/{ticket}", done="drafted")


class _Told:
    """What the helpdesk refuses, in a volunteer's words."""

    def __init__(self, members: Members) -> None:
        self._members = members

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, TicketTakenError):
            if error.by:
                name = self._members.name_of(error.by) or error.by
                raise ConsoleProblemError("ticket_taken", 409, name=name) from error
            raise ConsoleProblemError("ticket_not_yours", 409) from error
        if isinstance(error, UnknownTicketError):
            raise ConsoleProblemError("ticket_closed", 409) from error


def _get(helpdesk: Helpdesk, ticket: str) -> Ticket:
    try:
        return helpdesk.get(ticket)
    except UnknownTicketError as error:
        raise ConsoleProblemError("ticket_gone", 404) from error


def _listed(parts: QueueParts, members: Members) -> dict[str, object]:
    waiting, now = parts.helpdesk.waiting(), parts.clock()
    return {
        "tickets": waiting,
        "resolved": parts.helpdesk.resolved(20),
        "alerts": sum(t.reason == "alert" for t in waiting),
        "late": sum(t.due_at < now for t in waiting),
        "names": members.name_of,
        "now": now,
    }

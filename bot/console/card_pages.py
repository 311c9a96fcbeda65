"""Editors' pages: the list of cards, and the form that is a card."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import SequenceMatcher
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.card_form import card_of, fields_of, sent_fields
from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Members, Role
from bot.console.review_words import told
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from knowledge.card import Card, CardKind, CardStatus, Evidence
from knowledge.lint import lint_card
from knowledge.review import ReviewError, Reviews
from knowledge.store import CardRow, CardStore, StaleCardError, UnknownCardError

PAGE_CARDS = 60
DUE_DAYS = 30
NEW = "new"


@dataclass(frozen=True)
class Owned:
    """An ask that another published card answers already."""

    ask: str
    card: str
    title: str


@dataclass(frozen=True)
class Alike:
    """Another published card that says nearly the same."""

    card: str
    title: str


@dataclass(frozen=True)
class CardParts:
    """What the cards' pages work with."""

    store: CardStore
    reviews: Reviews
    preview: Callable[[Card], Sequence[str]]  # the pages as WeChat shows them
    owned: Callable[[Card], Sequence[Owned]]
    alike: Callable[[Card], Sequence[Alike]]  # published cards that say nearly the same
    today: Callable[[], date]


@dataclass(frozen=True)
class Filter:
    """What is looked for; "" matches all."""

    q: str = ""
    topic: str = ""
    status: str = ""
    evidence: str = ""
    due: str = ""

    def takes(self, row: CardRow, card: Card, today: date) -> bool:
        """Whether a card is shown."""
        text = " ".join((card.key, card.title, card.answer, *card.asks))
        return (
            all(word in text for word in self.q.split())
            and (not self.topic or card.topic == self.topic)
            and (not self.status or status_of(row, card, today) == self.status)
            and (not self.evidence or any(s.evidence.value == self.evidence for s in card.sources))
            and (not self.due or card.review_due <= today + timedelta(days=DUE_DAYS))
        )


def status_of(row: CardRow, card: Card, today: date) -> str:
    """A card's status as people see it: expired by date, and drafts above what is published."""
    if row.published and not card.in_force(today):
        return "expired"
    if row.published and row.latest != row.published:
        return "edited"
    return row.status.value


def add_card_pages(
    router: APIRouter, frame: Frame, members: Members, trail: Trail, parts: CardParts
) -> None:
    """GET /cards, /cards/{key}; POST of the form, its check, and what follows from it."""
    store, today = parts.store, parts.today

    @router.get("/cards")
    def listed(
        request: Request,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
        q: str = "",
        topic: str = "",
        status: str = "",
        evidence: str = "",
        due: str = "",
        page: int = 1,
    ) -> Response:
        wanted, day = Filter(q, topic, status, evidence, due), today()
        everything = store.newest()
        found = [
            (row, r.card, status_of(row, r.card, day))
            for row, r in everything
            if wanted.takes(row, r.card, day)
        ]
        first = (max(page, 1) - 1) * PAGE_CARDS
        return frame.page(
            request,
            staff,
            "cards.html",
            found=found[first : first + PAGE_CARDS],
            count=len(found),
            pages=-(-len(found) // PAGE_CARDS),
            page=max(page, 1),
            wanted=wanted,
            topics=sorted({r.card.topic for _, r in everything}),
            statuses=[*(s.value for s in CardStatus), "edited", "expired"],
            evidences=[e.value for e in Evidence],
        )

    @router.get("/cards/{key}")
    def one(
        request: Request,
        key: str,
        staff: Annotated[Staff, frame.needs(Role.EDITOR, Role.REVIEWER)],
    ) -> Response:
        if key == NEW:
            fields = dict.fromkeys(fields_of(_blank(staff.login, today())), "")
            fields |= {"kind": CardKind.ADVICE.value}
            return _form(request, staff, parts, frame, Draft(fields, 0))
        try:
            revision = store.get(key)
        except UnknownCardError:
            raise ConsoleProblemError("card_gone", 404) from None
        draft = Draft(fields_of(revision.card), revision.number)
        return _form(request, staff, parts, frame, draft)

    @router.post("/cards/check")
    def check(
        request: Request, sent: Annotated[Sent, frame.sent(Role.EDITOR, Role.REVIEWER)]
    ) -> Response:
        return frame.page(
            request,
            sent.staff,
            "card_check.html",
            200,
            **_checked(parts, sent_fields(sent), sent.staff.login),
        )

    @router.post("/cards/{key}")
    def save(
        request: Request, key: str, sent: Annotated[Sent, frame.sent(Role.EDITOR)]
    ) -> Response:
        fields = sent_fields(sent)
        base = int(sent.text("base", 9) or 0) if sent.text("base", 9).isdigit() else 0
        if key != NEW:
            fields["key"] = key
        draft = Draft(fields, base)
        try:
            card = card_of(fields, sent.staff.login, today())
            revision = store.save(card, sent.staff.login, sent.text("note", 300), after=base)
        except ConsoleProblemError as error:
            sentence = _what_is_wrong(frame, error)
            return _form(request, sent.staff, parts, frame, replace(draft, wrong=sentence), 422)
        except StaleCardError as error:
            theirs = error.newest
            name = (members.name_of(theirs.author) or theirs.author) if theirs else ""
            sentence = frame.words.problem("card_changed", name=name)
            stale = replace(
                draft,
                base=theirs.number if theirs else 0,
                wrong=sentence,
                theirs=fields_of(theirs.card) if theirs else {},
            )
            return _form(request, sent.staff, parts, frame, stale, 409)
        trail.write(sent.staff.login, "card.save", card.key, str(revision.number))
        return frame.back(request, f"/cards/{card.key}", done="saved")

    _add_acts(router, frame, trail, parts)


def _add_acts(router: APIRouter, frame: Frame, trail: Trail, parts: CardParts) -> None:
    @router.post("/cards/{key}/submit")
    def submit(
        request: Request, key: str, sent: Annotated[Sent, frame.sent(Role.EDITOR)]
    ) -> Response:
        important = sent.text("important") == "yes"
        with told():
            newest = parts.store.get(key).number
            review = parts.reviews.submit(key, newest, sent.staff.login, important)
        trail.write(sent.staff.login, "card.submit", key, str(newest))
        return frame.back(request, f"/reviews/{review}", done="submitted")

    @router.post("/cards/{key}/rollback")
    def roll_back(
        request: Request, key: str, sent: Annotated[Sent, frame.sent(Role.EDITOR, Role.REVIEWER)]
    ) -> Response:
        number = sent.text("number", 9)
        if not number.isdigit():
            raise ConsoleProblemError("bad_form", 422)
        with told():
            review = parts.reviews.roll_back(key, int(number), sent.staff.login)
        trail.write(sent.staff.login, "card.rollback", key, number)
        return frame.back(request, f"/reviews/{review}", done="rolled_back")

    @router.post("/cards/{key}/retire")
    def retire(
        request: Request, key: str, sent: Annotated[Sent, frame.sent(Role.REVIEWER)]
    ) -> Response:
        reason = sent.text("reason", 500)
        if not reason:
            raise ConsoleProblemError("reason_needed", 422)
        with told():
            parts.store.retire(key, sent.staff.login, reason)
        trail.write(sent.staff.login, "card.retire", key, reason)
        return frame.back(request, f"/cards/{key}", done="retired")


@dataclass(frozen=True)
class Draft:
    """What a form holds: the texts, the revision they came from, and what stands in the way."""

    fields: Mapping[str, str]
    base: int
    wrong: str = ""
    theirs: Mapping[str, str] | None = None


def _form(
    request: Request, staff: Staff, parts: CardParts, frame: Frame, draft: Draft, status: int = 200
) -> Response:
    key = draft.fields["key"]
    known = draft.base > 0
    row = next((r for r in parts.store.rows() if r.key == key), None) if known else None
    waiting = [r for r in parts.reviews.of(key) if r.state.value == "waiting"] if known else []
    theirs = draft.theirs or {}
    return frame.page(
        request,
        staff,
        "card.html",
        status,
        fields=draft.fields,
        base=draft.base,
        wrong=draft.wrong,
        theirs={n: t for n, t in theirs.items() if t != draft.fields.get(n)},
        row=row,
        waiting=waiting,
        history=parts.store.numbers(key) if known else [],
        comments=parts.reviews.comments(key) if known else [],
        kinds=[k.value for k in CardKind],
        **_checked(parts, draft.fields, staff.login),
    )


def _checked(parts: CardParts, fields: Mapping[str, str], login: str) -> dict[str, object]:
    """Preview, lint and rivals of what stands in the form."""
    try:
        card = card_of(fields, login, parts.today())
    except ConsoleProblemError as error:
        return {
            "pages": [],
            "findings": [],
            "owned": [],
            "alike": [],
            "parts": error.values.get("parts", []),
        }
    return {
        "pages": parts.preview(card),
        "findings": [*lint_card(card)],
        "owned": parts.owned(card),
        "alike": parts.alike(card),
        "parts": [],
    }


def _what_is_wrong(frame: Frame, error: ConsoleProblemError) -> str:
    if error.code != "card_wrong":
        return frame.words.problem(error.code, **error.values)
    parts = error.values.get("parts")
    names = [frame.words.say("parts", str(p)) for p in parts] if isinstance(parts, list) else []
    return frame.words.problem("card_wrong", reason="、".join(names))


def _blank(login: str, today: date) -> Card:
    fields = {
        "key": "local.new",
        "kind": "advice",
        "title": "-",
        "asks": "-",
        "answer": "-",
        "sources": "-｜-｜｜｜未见｜-",
    }
    names = ("audience", "regions", "months", "not_asks", "steps", "never", "seek_help", "claim")
    more = ("verdict", "red_flags", "related", "unverified", "valid_from", "valid_until")
    empty = dict.fromkeys((*names, *more, "review_due", "details"), "")
    return card_of({**empty, **fields}, login, today)


def marked_difference(old: str, new: str) -> list[tuple[str, str]]:
    """A text as pieces: ("same" | "gone" | "added", words), for a side-by-side view."""
    pieces: list[tuple[str, str]] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(("same", old[a:b]))
            continue
        if a != b:
            pieces.append(("gone", old[a:b]))
        if c != d:
            pieces.append(("added", new[c:d]))
    return pieces


__all__ = ["CardParts", "Owned", "ReviewError", "add_card_pages", "marked_difference"]

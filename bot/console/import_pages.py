"""Import: a file or a pasted article becomes drafts, after somebody has looked at them."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from bot.console.frame import ConsoleProblemError, Frame, Sent
from bot.console.members import Role
from bot.console.staff_sessions import Staff
from bot.console.trail import Trail
from bot.imports import Brought, Imports
from knowledge.store import CardStore, UnknownCardError

PASTED = "pasted.md"
PASTE_CHARACTERS = 100_000
_ROOM_BYTES = 500_000  # for the other fields of the form


def add_import_pages(
    router: APIRouter,
    frame: Frame,
    trail: Trail,
    imports: Imports,
    store: CardStore,
    today: Callable[[], date],
) -> None:
    """GET and POST of /import and /import/{token}."""
    largest = imports.most_bytes + _ROOM_BYTES

    @router.get("/import")
    def page(request: Request, staff: Annotated[Staff, frame.needs(Role.EDITOR)]) -> Response:
        return frame.page(request, staff, "import.html", megabytes=imports.most_bytes // 1_000_000)

    @router.post("/import")
    def bring(
        request: Request, sent: Annotated[Sent, frame.sent(Role.EDITOR, most_bytes=largest)]
    ) -> Response:
        file, pasted = sent.file("file"), sent.text("text", PASTE_CHARACTERS)
        if file is not None:
            content, name = file.file.read(), file.filename or ""
        elif pasted:
            content, name = pasted.encode(), PASTED
        else:
            raise ConsoleProblemError("file_missing", 422)
        token = imports.bring(content, name[:200], sent.staff.login, today())
        return frame.back(request, f"/import/{token}")

    @router.get("/import/{token}")
    def one(
        request: Request, token: str, staff: Annotated[Staff, frame.needs(Role.EDITOR)]
    ) -> Response:
        brought = _mine(imports, token, staff)
        only = bool(request.headers.get("hx-request"))
        template = "import_result.html" if only else "import_run.html"
        return frame.page(request, staff, template, brought=brought, token=token)

    @router.post("/import/{token}")
    def save(
        request: Request, token: str, sent: Annotated[Sent, frame.sent(Role.EDITOR)]
    ) -> Response:
        brought = _mine(imports, token, sent.staff)
        wanted = set(sent.several("keys"))
        if brought.run and not brought.saved:
            for card in brought.run.drafts:
                if card.key in wanted and not _known(store, card.key):
                    store.save(card, sent.staff.login, brought.name[:100])
                    trail.write(sent.staff.login, "import.save", card.key, brought.name[:100])
            imports.mark_saved(token, brought)
        return frame.back(request, "/cards?status=draft", done="imported")


def _mine(imports: Imports, token: str, staff: Staff) -> Brought:
    brought = imports.find(token, staff.login)
    if brought is None:
        raise ConsoleProblemError("import_gone", 404)
    return brought


def _known(store: CardStore, key: str) -> bool:
    try:
        store.get(key)
    except UnknownCardError:
        return False
    return True

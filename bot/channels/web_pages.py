"""The HTML pages: the chat page and the API page, with the headers that keep them closed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from bot.assets import Assets
from bot.channels.web_view import ReplyView
from bot.channels.web_words import WebWords
from bot.messages import ChannelWords

PAGE_FOLDER: Final = Path(__file__).parent / "web_page"
_STYLES: Final = ("chat.css", "answers.css")
_SCRIPTS: Final = ("reading.js", "chat.js")  # the second uses the first
_CLOSED: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
)
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: a form would then send "Origin: null" and look like another site's.
    "Referrer-Policy": "same-origin",
}
_CHAT_POLICY: Final = _CLOSED + "img-src 'self'"
_DOCS_POLICY: Final = _CLOSED + "img-src 'self' data:"  # swagger-ui.css draws icons from data:


@dataclass(frozen=True)
class Exchange:
    """What the page shows below the welcome when it was sent as a plain form."""

    question: str = ""
    answer: ReplyView | None = None
    notice: str = ""
    draft: str = ""  # put back into the input, so that nothing has to be written twice


class Pages:
    """Renders the page's templates."""

    def __init__(self, words: ChannelWords, page: WebWords, assets: Assets) -> None:
        self._words = words
        self._page = page
        self._assets = assets
        environment = Environment(
            loader=FileSystemLoader(PAGE_FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._chat = environment.get_template("chat.html")
        self._docs = environment.get_template("docs.html")

    def chat(
        self,
        request: Request,
        welcome: ReplyView | None,
        exchange: Exchange | None = None,
        status: int = 200,
    ) -> HTMLResponse:
        """The chat page: the welcome, then the exchange of a plain form, if any."""
        root_path = request.scope.get("root_path", "")
        html = self._chat.render(
            page=self._page,
            words=self._words,
            welcome=welcome,
            exchange=exchange or Exchange(),
            blank=ReplyView(text="", body="", sources=""),
            home=f"{root_path}/",
            chat_url=f"{root_path}/chat",
            styles=[self._assets.address(name, root_path) for name in _STYLES],
            scripts=[self._assets.address(name, root_path) for name in _SCRIPTS],
            icon=self._assets.address("icon.svg", root_path),
            # A reload of the answer's page sends the same name again and gets the same answer.
            message_id=secrets.token_hex(8),
        )
        return HTMLResponse(html, status, {**_HEADERS, "Content-Security-Policy": _CHAT_POLICY})

    def docs(self, request: Request) -> HTMLResponse:
        """The API page; everything it needs is in vendor/."""
        root_path = request.scope.get("root_path", "")
        html = self._docs.render(
            page=self._page,
            openapi_url=f"{root_path}/openapi.json",
            icon=self._assets.address("icon.svg", root_path),
            style=self._assets.address("vendor/swagger-ui.css", root_path),
            bundle=self._assets.address("vendor/swagger-ui-bundle.js", root_path),
            script=self._assets.address("docs.js", root_path),
        )
        return HTMLResponse(html, headers={**_HEADERS, "Content-Security-Policy": _DOCS_POLICY})

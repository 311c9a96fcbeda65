"""Who is at the other end of the web page: a random name in a signed cookie, and nothing more."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

COOKIE: Final = "kepubang_chat"
KEPT_SECONDS: Final = 30 * 24 * 3600  # since the last visit

_NAME_BYTES: Final = 16


@dataclass(frozen=True)
class Session:
    """A visitor's name; `fresh` when this request brought none that we had signed."""

    id: str
    fresh: bool


class _Signer(TimestampSigner):
    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        super().__init__(secret, salt="kepubang.web.session", digest_method=hashlib.sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock())


class Sessions:
    """Reads and writes the session cookie."""

    def __init__(self, secret: str, clock: Callable[[], float]) -> None:
        if not secret:
            raise ValueError("the web page needs a secret to sign its cookie")
        self._signer = _Signer(secret, clock)

    def of(self, request: Request) -> Session:
        """The visitor's session; a fresh one for a missing, forged or old cookie."""
        try:
            signed = request.cookies.get(COOKIE, "")
            name = self._signer.unsign(signed, max_age=KEPT_SECONDS).decode("ascii")
        except (BadSignature, UnicodeError):
            return Session(secrets.token_urlsafe(_NAME_BYTES), fresh=True)
        return Session(name, fresh=False)

    def keep(self, response: Response, session: Session, request: Request) -> None:
        """Send the cookie, counting its age from now."""
        response.set_cookie(
            COOKIE,
            self._signer.sign(session.id).decode("ascii"),
            max_age=KEPT_SECONDS,
            path="/",
            httponly=True,
            samesite="lax",
            # The scheme that the proxy forwards; over plain HTTP a Secure cookie would be lost.
            secure=request.url.scheme == "https",
        )


def from_elsewhere(request: Request) -> bool:
    """Whether another site made the visitor's browser send this.

    SameSite=Lax already keeps the cookie out of such a request; refusing it as well keeps the other
    site from replacing the visitor's session with a fresh one.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")  # browsers older than Sec-Fetch-Site
    return origin is not None and origin.partition("://")[2] != request.headers.get("host")

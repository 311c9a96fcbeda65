"""Fetching one picture over HTTP: bounded in size and time, never redirected."""

from __future__ import annotations

import logging
import time
from typing import Final

import httpx
import structlog

from bot.images import IMAGE_BYTES, ImageError, ImageFault

FETCH_SECONDS: Final = 8.0
_STEP_SECONDS: Final = 4.0  # to connect, and from one chunk to the next

_log = structlog.get_logger(__name__)
# At INFO it logs every URL: people's pictures, and on Telegram the bot's token.
logging.getLogger("httpx").setLevel(logging.WARNING)


def fetch_picture(url: str, seconds: float = FETCH_SECONDS) -> bytes:
    """The body at a URL that the caller trusts. Blocks; raises ImageError.

    A redirect counts as unreachable: it would lead where the caller has not looked.
    """
    give_up = time.monotonic() + seconds
    body = bytearray()
    timeout = httpx.Timeout(min(_STEP_SECONDS, seconds))
    try:
        with (
            httpx.Client(timeout=timeout, follow_redirects=False) as http,
            http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise _unreachable(f"status {answer.status_code}")
            if _declared_bytes(answer) > IMAGE_BYTES:
                raise ImageError(ImageFault.TOO_LARGE)
            # Raw, so that a compressed body cannot be larger than what was counted; as it comes, so
            # that one that drips is noticed.
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > IMAGE_BYTES:
                    raise ImageError(ImageFault.TOO_LARGE)
                if time.monotonic() > give_up:
                    raise _unreachable("too slow")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(type(error).__name__) from None
    return bytes(body)


def _declared_bytes(answer: httpx.Response) -> int:
    declared = answer.headers.get("Content-Length", "")
    return int(declared) if declared.isascii() and declared.isdigit() else 0


def _unreachable(reason: str) -> ImageError:
    _log.warning("picture_unreachable", reason=reason)
    return ImageError(ImageFault.UNREACHABLE)

"""Reading what a browser or a program sent, so that nothing it can send is a server error."""

from __future__ import annotations

import json
import re
from enum import Enum
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse

from bot.channels.web_words import WebWords

JSON_BYTES: Final = 64 * 1024
# A form writes a Chinese character in nine bytes where JSON needs three.
FORM_BYTES: Final = 3 * JSON_BYTES

_FORM_FIELDS: Final = 16
# Control characters cannot be stored everywhere; half a surrogate pair cannot be sent back.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Problem(Enum):
    """Why a request got no answer: its code for programs and its HTTP status."""

    TOO_LARGE = ("too_large", 413)
    INVALID_JSON = ("invalid_json", 422)
    TEXT_MISSING = ("text_missing", 422)
    BAD_MESSAGE = ("bad_message", 422)
    FROM_ELSEWHERE = ("from_elsewhere", 403)
    TOO_FAST = ("too_fast", 429)
    UNAVAILABLE = ("unavailable", 503)

    def __init__(self, code: str, status: int) -> None:
        self.code = code
        self.status = status

    @property
    def _when_again(self) -> dict[str, str]:
        return {"Retry-After": "60"} if self is Problem.TOO_FAST else {}

    def sentence(self, words: WebWords) -> str:
        """What the person is told."""
        sentences = {
            Problem.TOO_LARGE: words.too_long,
            Problem.TEXT_MISSING: words.text_missing,
            Problem.TOO_FAST: words.too_fast,
            Problem.UNAVAILABLE: words.unavailable,
        }
        return sentences.get(self, words.not_understood)

    def response(self, words: WebWords) -> JSONResponse:
        """The problem as JSON: a plain sentence and a code."""
        return JSONResponse(
            {"message": self.sentence(words), "code": self.code},
            self.status,
            {"Cache-Control": "no-store"} | self._when_again,
        )


class RequestProblemError(Exception):
    """A request that cannot be answered."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def readable(text: str) -> str:
    """Text that every store and every encoder takes: no NUL, no half characters."""
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", text))


async def read_json(request: Request) -> dict[str, object]:
    """The JSON object in the body; RequestProblemError when there is none."""
    body = await _read_body(request, JSON_BYTES)
    try:
        # Thousands of brackets are a RecursionError; bytes that are not UTF-8 are a ValueError.
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RequestProblemError(Problem.INVALID_JSON) from error
    if not isinstance(content, dict):
        raise RequestProblemError(Problem.INVALID_JSON)
    return content


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a plain HTML form, each once."""
    body = await _read_body(request, FORM_BYTES)
    try:
        fields = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_FORM_FIELDS
        )
    except ValueError as error:
        raise RequestProblemError(Problem.BAD_MESSAGE) from error
    return {name: readable(values[0]) for name, values in fields.items()}


async def _read_body(request: Request, limit_bytes: int) -> bytes:
    # The header is only a promise, so the bytes are counted too.
    promised = request.headers.get("content-length", "")
    if promised.isdecimal() and int(promised[:20]) > limit_bytes:
        raise RequestProblemError(Problem.TOO_LARGE)
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit_bytes:
            raise RequestProblemError(Problem.TOO_LARGE)
    return bytes(body)

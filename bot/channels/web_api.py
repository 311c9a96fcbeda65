"""POST /api/ask: one answer for a program, with the exact shape that the OpenAPI page shows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.channels.web_input import Problem, RequestProblemError, read_json, readable
from bot.channels.web_words import WebWords

_log = logging.getLogger(__name__)

Verdict = Literal[
    "answered", "emergency", "scam", "rumour", "clarify", "refused", "abstained", "handed_off"
]


class AskRequest(BaseModel):
    """A question."""

    text: str = Field(description="What the person wrote; the body may be at most 64 KiB")


class AskCitation(BaseModel):
    """A source of the answer, and the card revision that names it."""

    card: str
    revision: int | str
    issuer: str
    title: str
    edition: str | None = None
    url: str | None = None


class AskAnswer(BaseModel):
    """One answer."""

    model_config = ConfigDict(extra="ignore")

    text: str = Field(description="The question, without characters that cannot be stored")
    verdict: Verdict
    reply: list[str] = Field(description="The answer, as WeChat would show it, page by page")
    cards: list[str] = Field(description="Keys of the cards used, best first")
    citations: list[AskCitation]
    confidence: float = Field(ge=0, le=1)
    risk: Literal["high", "medium", "low"] | None
    hotlines: list[str]
    elapsed_ms: float = Field(ge=0)


class AskProblem(BaseModel):
    """Why there is no answer."""

    message: str = Field(description="A sentence for a person, in Chinese")
    code: str = Field(description="The same for a program")


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": AskRequest.model_json_schema()}},
    }
}
_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    413: {"model": AskProblem, "description": "The body is larger than 64 KiB"},
    422: {"model": AskProblem, "description": "Not JSON, or no text in it"},
    429: {"model": AskProblem, "description": "Too many from this address; wait a minute"},
    503: {"model": AskProblem, "description": "The assistant failed; ask again later"},
}


def add_ask_route(
    router: APIRouter,
    ask: Callable[[str], dict[str, object]],
    words: WebWords,
    admit: Callable[[Request], None],
) -> None:
    """Put POST /api/ask on the router."""

    # The body is read by hand: FastAPI would read a body of any size, and answer in English.
    @router.post(
        "/api/ask",
        summary="Ask one question",
        response_model=AskAnswer,
        responses=_PROBLEMS,
        openapi_extra=_BODY,
        tags=["ask"],
    )
    async def ask_once(request: Request) -> Response:
        try:
            admit(request)
            found = await run_in_threadpool(ask, _text(await read_json(request)))
            answer = AskAnswer.model_validate(found)
        except RequestProblemError as error:
            return error.problem.response(words)
        except Exception as error:  # noqa: BLE001 (the caller gets a sentence in every case)
            # Only the type: a message or a traceback may quote the person's words.
            _log.error("web_ask_failed %s", type(error).__name__)
            return Problem.UNAVAILABLE.response(words)
        return JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


def _text(content: dict[str, object]) -> str:
    text = content.get("text")
    if not isinstance(text, str):
        raise RequestProblemError(Problem.TEXT_MISSING)
    return readable(text)

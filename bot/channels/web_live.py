"""A reply that is shown while it is written: one JSON object a line, the whole reply last."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Final

from starlette.requests import Request
from starlette.responses import StreamingResponse

from bot.channels.web_input import RequestProblemError, readable
from bot.channels.web_view import ReplyView
from bot.channels.web_words import WebWords
from bot.messages import InboundMessage

LINES: Final = "application/x-ndjson"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would keep the lines until the reply is whole
}
_answering: set[asyncio.Task[ReplyView]] = set()  # a task that nobody holds may be collected


def wants_lines(request: Request) -> bool:
    """Whether the page can show sentences as they come."""
    return LINES in request.headers.get("accept", "")


def stream_reply(
    message: InboundMessage,
    answer: Callable[[InboundMessage], Awaitable[ReplyView]],
    words: WebWords,
) -> StreamingResponse:
    """`{"sentence"}` for each that may be shown already, then `{"reply"}` or `{"problem"}`.

    The reply is what counts: the page puts it where the sentences stood. A page that goes away
    does not stop the answer, which is stored and repeated when the page asks again.
    """
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[str | None] = asyncio.Queue()

    def show(sentence: str) -> None:
        # Called in the answering thread, which may outlive the server's loop.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(events.put_nowait, _line(sentence=readable(sentence)))

    async def answered() -> ReplyView:
        return await answer(replace(message, live=show))

    task = asyncio.create_task(answered())
    _answering.add(task)
    task.add_done_callback(_answering.discard)
    task.add_done_callback(lambda _task: events.put_nowait(None))

    async def lines() -> AsyncIterator[str]:
        while (event := await events.get()) is not None:
            yield event
        try:
            yield _line(reply=task.result().as_json())
        except RequestProblemError as error:
            problem = error.problem
            yield _line(problem={"message": problem.sentence(words), "code": problem.code})

    return StreamingResponse(lines(), media_type=LINES, headers=_HEADERS)


def _line(**event: object) -> str:
    return json.dumps(event, ensure_ascii=False) + "\n"

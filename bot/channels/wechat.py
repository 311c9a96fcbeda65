"""The WeChat Official Account endpoint: a push in, a passive reply out, within five seconds.

WeChat drops the connection after 5 s and pushes again, three times in all; after repeated failures
it stops pushing for a minute, and people see an error banner for any malformed reply (protocol
notes, section 4). So whatever goes wrong once a push is proven genuine is answered "success",
and an answer that is not ready in time is announced with a link that collects it.
https://developers.weixin.qq.com/doc/subscription/guide/product/message/Passive_user_reply_message.html
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.requests import ClientDisconnect

from bot.channels.wechat_crypto import WeChatCryptoError
from bot.channels.wechat_gate import Admitted, GateError, WeChatAccount, WeChatGate
from bot.channels.wechat_pages import check_words, wechat_page
from bot.channels.wechat_picture import WeChatPictures
from bot.channels.wechat_xml import MAX_BODY_BYTES, Delivery, parse_delivery, text_reply_xml
from bot.messages import ChannelWords, InboundMessage, MessageKind, Reply, Responder

__all__ = ["WeChatAccount", "WeChatRouter", "create_wechat_router"]

# What is left of WeChat's 5 s after reply_seconds, less the way back.
_DEFER_SECONDS: Final = 0.5
_DEFER_WORKERS: Final = 4
_TOO_LARGE: Final = 413
_TOO_SLOW: Final = 408
_SUCCESS: Final = "success"  # WeChat neither retries nor shows anything
_NO_SNIFFING: Final = {"X-Content-Type-Options": "nosniff"}

_log = structlog.get_logger(__name__)


def create_wechat_router(
    responder: Responder,
    account: WeChatAccount,
    words: ChannelWords,
    clock: Callable[[], float] = time.time,
    *,
    workers: int = 16,
    pictures: WeChatPictures | None = None,
) -> WeChatRouter:
    """Serve GET and POST /wechat for one account.

    `workers` is how many questions are worked on at once; more wait their turn and get the
    placeholder. `pictures` says where pictures may be fetched from. Raises ValueError
    for an account or wording that cannot work.
    """
    check_words(words)
    return WeChatRouter(responder, account, words, clock, workers, pictures or WeChatPictures())


class WeChatRouter(APIRouter):
    """An APIRouter that owns the threads its responder runs in; the app's shutdown closes it."""

    def __init__(
        self,
        responder: Responder,
        account: WeChatAccount,
        words: ChannelWords,
        clock: Callable[[], float],
        workers: int,
        pictures: WeChatPictures,
    ) -> None:
        super().__init__(lifespan=self._closing_at_shutdown)
        self._responder = responder
        self._gate = WeChatGate(account, clock)
        self._reply_seconds = account.reply_seconds
        self._words = words
        self._pictures = pictures
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="wechat")
        # Apart from the other, because placeholders are wanted exactly when that one is full.
        self._defer_pool = ThreadPoolExecutor(_DEFER_WORKERS, thread_name_prefix="wechat-defer")
        self.add_api_route("/wechat", self._verify_url, methods=["GET"], include_in_schema=False)
        self.add_api_route("/wechat", self._receive, methods=["POST"], include_in_schema=False)

    def close(self) -> None:
        """Stop taking work and wait for what was begun: its answers were promised to people."""
        self._pool.shutdown(wait=True)
        self._defer_pool.shutdown(wait=True)

    @asynccontextmanager
    async def _closing_at_shutdown(self, _app: Any) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(self.close)

    async def _verify_url(self, request: Request) -> Response:
        try:
            echo = self._gate.echo(request.query_params.multi_items())
        except GateError as refusal:
            return _refused(refusal)
        except WeChatCryptoError as error:
            return _swallowed("wechat_unreadable", error)
        return PlainTextResponse(echo, headers=_NO_SNIFFING)

    async def _receive(self, request: Request) -> Response:
        deadline = asyncio.get_running_loop().time() + self._reply_seconds
        try:
            body = await _capped_body(request, deadline)
            admitted = self._gate.admit(request.query_params.multi_items(), body)
        except GateError as refusal:
            return _refused(refusal)
        except WeChatCryptoError as error:
            return _swallowed("wechat_unreadable", error)
        try:
            delivery = parse_delivery(admitted.body)
            message = delivery.message
            if delivery.picture_url:
                message = replace(message, image=self._pictures.loader(delivery.picture_url))
            reply = await self._reply_to(message, deadline)
            return self._rendered(reply, delivery, admitted)
        except Exception as error:  # noqa: BLE001
            # Past this point a failure is ours: WeChat must not see it, or it stops pushing.
            return _swallowed("wechat_failed", error)

    def _rendered(self, reply: Reply | None, delivery: Delivery, admitted: Admitted) -> Response:
        page = wechat_page(reply, self._words) if reply else ""
        if not page:
            return PlainTextResponse(_SUCCESS)
        xml = text_reply_xml(page, delivery, int(self._clock()))
        if admitted.sealed:
            xml = self._gate.seal(xml, admitted.nonce)
        return Response(xml, media_type="application/xml")

    async def _reply_to(self, message: InboundMessage, deadline: float) -> Reply | None:
        if message.kind is MessageKind.NOTICE:
            return None  # positions alone can come every 5 s; they are not worth a thread
        loop = asyncio.get_running_loop()
        log = _log.bind(message_id=message.message_id, kind=message.kind.value)
        answering = loop.run_in_executor(self._pool, self._responder.respond, message)
        answering.add_done_callback(_note_failure)
        # wait(), not wait_for(): the job outlives the wait, and the person collects its answer.
        done, _ = await asyncio.wait({answering}, timeout=max(0.0, deadline - loop.time()))
        if done:
            return None if answering.exception() else answering.result()
        log.info("wechat_deferred")
        deferring = loop.run_in_executor(self._defer_pool, self._responder.defer, message)
        deferring.add_done_callback(_note_failure)
        done, _ = await asyncio.wait({deferring}, timeout=_DEFER_SECONDS)
        if done:
            return None if deferring.exception() else deferring.result()
        log.error("wechat_defer_too_slow")
        return None


async def _capped_body(request: Request, deadline: float) -> bytes:
    """Read at most MAX_BODY_BYTES, in chunks, before the deadline."""
    body = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise GateError(_TOO_LARGE, "body is too large")
    except TimeoutError:
        raise GateError(_TOO_SLOW, "body came too slowly") from None
    except ClientDisconnect:
        raise GateError(_TOO_SLOW, "sender went away") from None
    return bytes(body)


def _refused(refusal: GateError) -> Response:
    _log.warning("wechat_refused", status=refusal.status, reason=refusal.reason)
    return PlainTextResponse("", status_code=refusal.status)


def _swallowed(event: str, error: Exception) -> Response:
    # By type only: an error's text may quote the message it failed on.
    _log.error(event, error=type(error).__name__)
    return PlainTextResponse(_SUCCESS)


def _note_failure(job: asyncio.Future[Reply | None]) -> None:
    if not job.cancelled() and (error := job.exception()):
        _log.error("wechat_responder_failed", error=type(error).__name__)

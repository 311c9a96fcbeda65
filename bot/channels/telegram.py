"""The Telegram channel: updates in, by long polling or by webhook, and messages out.

Every update is answered once, and none is lost:
- Polling confirms an update (by asking for a later offset) only when its answer was sent, so what
  a crash interrupts comes again (https://core.telegram.org/bots/api#getupdates). That is why this
  is a loop of our own: telegram.ext confirms what it has merely queued, and its get_updates()
  writes a batch it cannot parse, people's words included, to the log.
- The webhook waits for the answer for `webhook_seconds` and returns 200. A failure returns 503,
  and Telegram delivers again (https://core.telegram.org/bots/api#setwebhook). A turn slower than
  that gets its 200 and goes on, and what fails in it is repeated here; only the end of the process
  can lose it.
- The Responder gives a redelivered update its stored reply. What this process has already sent is
  not sent again, page by page. Telegram has no key against double sending: a crash between the
  last page and the confirmation, or a send that timed out after all, repeats a page, not loses it.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import math
import os
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from starlette.requests import ClientDisconnect
from telegram import Bot, LinkPreviewOptions, Message, Update
from telegram.constants import ChatAction, ParseMode, UpdateType
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.telegram_backlog import Backlog, settled
from bot.channels.telegram_pages import (
    TelegramPage,
    is_update,
    keyboard,
    read_update,
    telegram_pages,
    without_rating,
)
from bot.channels.telegram_pictures import TelegramPictures, file_url_of, picture_in
from bot.messages import Action, ChannelWords, InboundMessage, MessageKind, Reply, Responder

MAX_BODY_BYTES: Final = 256 * 1024

_UPDATES: Final = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
_TRIES: Final = 3  # of one call, and of one update
_LONGEST_WAIT_SECONDS: Final = 300.0  # whatever retry_after says
_BUSY_POLL_SECONDS: Final = 0.3  # between looks for new updates while others are in hand
_TYPING_AFTER_SECONDS: Final = 0.3  # "typing" lasts 5 s: not to be seen after a quick answer
_RESPOND_SECONDS: Final = 120.0  # a Responder that hangs must not hold up a chat for ever
_CLOSE_SECONDS: Final = 10.0
_REMEMBERED: Final = 10_000
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class TelegramTokenError(Exception):
    """Telegram does not know the bot token. Says so without repeating the token."""


@dataclass(frozen=True)
class _Progress:
    attempts: int = 0
    pages_sent: int = 0
    settled: bool = False


class TelegramChannel:
    """One bot. Its updates come from run_polling() or from create_telegram_router()'s webhook.

    `api_url` is followed by the token, as in https://api.telegram.org/bot<token>/getMe.
    `workers` is how many questions are worked on at once. Proxies come from HTTPS_PROXY.
    """

    name = "telegram"

    def __init__(
        self,
        responder: Responder,
        token: str,
        words: ChannelWords,
        api_url: str = "https://api.telegram.org/bot",
        *,
        workers: int = 8,
        webhook_seconds: float = 25.0,
        poll_seconds: int = 30,
        backoff_seconds: float = 0.5,
    ) -> None:
        if not token:
            raise ValueError("a Telegram channel needs its bot token")
        _quieten_libraries()
        self._responder, self._words = responder, words
        self._webhook_seconds = webhook_seconds
        self._poll_seconds, self._backoff_seconds = poll_seconds, backoff_seconds
        self._polls = HTTPXRequest(connection_pool_size=2)
        # A send that times out may have arrived; patience here is what keeps repeats rare.
        calls = HTTPXRequest(connection_pool_size=64, read_timeout=20.0, pool_timeout=20.0)
        self._bot = Bot(
            token,
            base_url=api_url,
            base_file_url=file_url_of(api_url),
            request=calls,
            get_updates_request=self._polls,
        )
        self._pictures = TelegramPictures(self._bot)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="telegram")
        self._running: dict[int, asyncio.Task[bool]] = {}
        self._last_of_chat: dict[int, asyncio.Task[bool]] = {}
        self._backlog = Backlog()
        self._closing = False
        self._progress: OrderedDict[int, _Progress] = OrderedDict()

    async def run_polling(self) -> None:
        """Fetch and answer updates until cancelled, then close. Raises TelegramTokenError.

        A webhook that is set is removed first: Telegram allows one way at a time (409).
        """
        backlog, remove_webhook = self._backlog, self._bot.delete_webhook  # keeps what is pending
        try:
            await self._patiently(self._bot.initialize, math.inf)
            await self._patiently(remove_webhook, math.inf)
            while True:
                seconds = 0 if backlog.unsettled() else self._poll_seconds
                batch = await self._patiently(partial(self._fetch, seconds), math.inf)
                backlog.add({update["update_id"]: self.take(update) for update in batch})
                if jobs := backlog.unsettled().values():
                    await asyncio.wait(jobs, timeout=_BUSY_POLL_SECONDS)
        finally:
            await self.close()

    async def use_webhook(self, url: str, secret: str) -> None:
        """Tell Telegram where to deliver. Raises TelegramTokenError or telegram's errors."""
        await self._patiently(self._bot.initialize)
        call = partial(self._bot.set_webhook, url, allowed_updates=_UPDATES, secret_token=secret)
        await self._patiently(call)

    async def handle(self, raw: Mapping[str, Any]) -> bool:
        """Answer an update the webhook brought; False when Telegram should deliver it again."""
        job = self.take(raw)
        await asyncio.wait({job}, timeout=self._webhook_seconds)
        if not job.done():
            # Telegram hears that all is well, so what fails from now on is ours to repeat.
            job.add_done_callback(partial(self._take_again, raw))
        return not job.done() or settled(job)

    def take(self, raw: Mapping[str, Any]) -> asyncio.Future[bool]:
        """Start answering an update, after those of its chat; joins the work already begun.

        The result is False when the update should come again.
        """
        number = int(raw["update_id"])
        if number in self._running:
            return self._running[number]
        try:
            update = Update.de_json(dict(raw), self._bot)
        except Exception as error:  # noqa: BLE001 - broken, or too new: no better the next time
            _note("telegram_unreadable", error, update_id=number)
            update = Update(number)  # which says nothing
        key = update.effective_chat.id if update.effective_chat else 0
        job = asyncio.create_task(self._work(update, self._last_of_chat.get(key)))
        self._running[number] = self._last_of_chat[key] = job
        job.add_done_callback(partial(self._forget, number, key))
        return job

    async def close(self) -> None:
        """Finish what was begun, within bounds, and let go of threads and connections."""
        self._closing = True
        if jobs := list(self._running.values()):
            await asyncio.wait(jobs, timeout=_CLOSE_SECONDS)
        # Unless told now, Telegram would hand the next process what was answered already.
        if self._backlog.offset:
            await _at_best(partial(self._fetch, 0))
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)
        await _at_best(self._bot.shutdown)

    def _take_again(self, raw: Mapping[str, Any], job: asyncio.Future[bool]) -> None:
        if not (self._closing or job.cancelled() or job.result()):
            self.take(raw).add_done_callback(partial(self._take_again, raw))

    def _forget(self, number: int, key: int, job: asyncio.Task[bool]) -> None:
        self._running.pop(number, None)
        if self._last_of_chat.get(key) is job:
            del self._last_of_chat[key]

    def _remember(self, number: int, progress: _Progress) -> None:
        self._progress[number] = progress
        if len(self._progress) > _REMEMBERED:
            self._progress.popitem(last=False)

    async def _work(self, update: Update, before: asyncio.Task[bool] | None) -> bool:
        number = update.update_id
        progress = self._progress.get(number, _Progress())
        if progress.settled:
            return True
        if before is not None:
            await asyncio.wait({before})
        progress = replace(progress, attempts=progress.attempts + 1)
        self._remember(number, progress)
        if progress.attempts > 1:
            await asyncio.sleep(self._pause_seconds(progress.attempts))
        settled = True
        try:
            await self._answer(update)
        except (Forbidden, BadRequest) as error:
            # The person blocked the bot, or Telegram will never take this message.
            _note("telegram_undeliverable", error, update_id=number)
        except Exception as error:  # noqa: BLE001 - other people's updates go on
            settled = progress.attempts >= _TRIES
            _note("telegram_answer_failed", error, update_id=number, given_up=settled)
        self._remember(number, replace(self._progress.get(number, progress), settled=settled))
        return settled

    async def _answer(self, update: Update) -> None:
        # Asks getMe the first time only: in groups the bot is called by its name.
        await self._patiently(self._bot.initialize)
        if update.callback_query:  # its button shows a clock until it is answered
            await _at_best(update.callback_query.answer)
        if (message := read_update(update, self._bot.bot)) is None:
            return
        if picture := picture_in(update.message):
            message = replace(message, image=self._pictures.loader(picture))
        reply = await self._respond(message)
        if reply is not None and message.kind is not MessageKind.UNSUBSCRIBE:
            progress = self._progress.get(update.update_id, _Progress())
            for page in telegram_pages(reply, self._words)[progress.pages_sent :]:
                await self._send(message.person, page)
                progress = replace(progress, pages_sent=progress.pages_sent + 1)
                self._remember(update.update_id, progress)
        if message.tap and message.tap.action is Action.RATE:
            await _at_best(partial(_remove_rating, update))

    async def _respond(self, message: InboundMessage) -> Reply | None:
        typing = asyncio.create_task(self._show_typing(message.person))
        try:
            respond = partial(self._responder.respond, message)
            answering = asyncio.get_running_loop().run_in_executor(self._pool, respond)
            return await asyncio.wait_for(answering, _RESPOND_SECONDS)
        finally:
            typing.cancel()

    async def _send(self, person: str, page: TelegramPage) -> None:
        send = partial(
            self._bot.send_message,
            person,
            reply_markup=keyboard(page),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        try:
            await self._patiently(partial(send, page.html, parse_mode=ParseMode.HTML))
        except BadRequest as error:
            if "parse entities" not in error.message.lower():
                raise
            _note("telegram_html_refused", error)
            await self._patiently(partial(send, page.text))

    async def _show_typing(self, person: str) -> None:
        await asyncio.sleep(_TYPING_AFTER_SECONDS)
        await _at_best(partial(self._bot.send_chat_action, person, ChatAction.TYPING))

    async def _fetch(self, seconds: int) -> list[dict[str, Any]]:
        query = {"offset": self._backlog.offset, "allowed_updates": json.dumps(_UPDATES)}
        url = f"{self._bot.base_url}/getUpdates?{urlencode({**query, 'timeout': seconds})}"
        found: Any = await self._polls.post(url, read_timeout=seconds + 10)
        return [update for update in found or () if is_update(update)]

    async def _patiently(self, call: Callable[[], Awaitable[_T]], tries: float = _TRIES) -> _T:
        """Repeat a call that was lost on the way, or was one too many, up to `tries` times."""
        attempt = 1
        while True:
            try:
                return await call()
            except InvalidToken:
                # The library's own words repeat the token.
                raise TelegramTokenError("Telegram rejected the bot token") from None
            except (BadRequest, Forbidden, ChatMigrated):
                raise  # and always would
            except TelegramError as error:
                if attempt >= tries:
                    raise
                wait = max(self._pause_seconds(attempt), _flood_seconds(error))
                _note("telegram_call_failed", error, attempt=attempt, wait_seconds=wait)
                await asyncio.sleep(min(wait, _LONGEST_WAIT_SECONDS))
                attempt += 1

    def _pause_seconds(self, attempt: int) -> float:
        return self._backoff_seconds * 4.0 ** min(attempt - 1, 3)


def create_telegram_router(channel: TelegramChannel, webhook_secret: str) -> APIRouter:
    """Serve POST /telegram; the app's shutdown closes the channel. Raises ValueError.

    https://core.telegram.org/bots/api#setwebhook says what a secret may be and how it comes back.
    """
    if not _SECRET.fullmatch(webhook_secret):
        raise ValueError("the webhook secret is 1-256 of A-Z a-z 0-9 _ -")

    @asynccontextmanager
    async def closing(_app: Any) -> AsyncIterator[None]:
        yield
        await channel.close()

    async def receive(request: Request) -> Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode(), webhook_secret.encode()):
            return Response(status_code=403)
        try:
            raw = json.loads(await _capped_body(request))
        except (ValueError, RecursionError):
            raw = None
        if not is_update(raw):
            return Response(status_code=400)
        return Response(status_code=200 if await channel.handle(raw) else 503)

    router = APIRouter(lifespan=closing)
    router.add_api_route("/telegram", receive, methods=["POST"], include_in_schema=False)
    return router


async def _capped_body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise HTTPException(status_code=413)
    except ClientDisconnect:
        return b""  # nobody is left to be told
    return bytes(body)


async def _remove_rating(update: Update) -> None:
    message = update.callback_query.message if update.callback_query else None
    if isinstance(message, Message) and message.reply_markup:
        await message.edit_reply_markup(without_rating(message.reply_markup))


async def _at_best(call: Callable[[], Awaitable[object]]) -> None:
    try:
        await call()
    except TelegramError as error:
        _note("telegram_courtesy_failed", error)


def _flood_seconds(error: TelegramError) -> float:
    wait = error.retry_after if isinstance(error, RetryAfter) else 0
    return wait.total_seconds() if isinstance(wait, timedelta) else wait


def _note(event: str, error: Exception, **facts: object) -> None:
    # By type only: what an error says may quote a message, and a URL in it carries the token.
    _log.warning(event, error=type(error).__name__, **facts)


def _quieten_libraries() -> None:
    # httpx logs every URL at INFO, token and all; telegram logs payloads, people's words included.
    # What matters in theirs comes back as exceptions.
    for name, level in (("httpx", "WARNING"), ("httpcore", "WARNING"), ("telegram", "CRITICAL")):
        logging.getLogger(name).setLevel(level)
    # Times as timedelta, the library's coming way; its present way warns at every 429.
    os.environ.setdefault("PTB_TIMEDELTA", "true")

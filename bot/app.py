"""The web app: WeChat and Telegram webhooks, the chat page, /api/ask, /healthz and /metrics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from bot import __version__, asking
from bot.channels.telegram import TelegramChannel, create_telegram_router
from bot.channels.web import create_web_router
from bot.channels.wechat import WeChatAccount, create_wechat_router
from bot.channels.wechat_picture import WeChatPictures
from bot.desk import create_console
from bot.house import House, Watcher
from bot.messages import ChannelWords
from bot.pacing import Pace
from bot.pusher import Pusher
from bot.senders import senders_of
from bot.wording import channel_words, web_words

# Without these nobody can be answered; without the others the answers are worse.
VITAL = {"index"}


def create_app(house: House, wechat_pictures: WeChatPictures | None = None) -> FastAPI:
    """The app of one house; WeChat and Telegram are served when their settings are given."""
    settings = house.settings
    words = channel_words(house.wording)
    watcher = Watcher(house)
    telegram = _telegram(house, words)
    house.ledger.use(senders_of(settings))
    pusher = Pusher(house.ledger, house.metrics)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        watcher.start()
        pusher.start()
        announcing: asyncio.Task[None] | None = None
        try:
            if telegram is not None and settings.public_url:
                announcing = asyncio.create_task(_announce(telegram, house))
            yield
        finally:
            if announcing is not None:
                announcing.cancel()
            if telegram is not None:
                await telegram.close()
            pusher.stop()
            watcher.stop()

    app = FastAPI(
        title="科普帮 kepubang",
        version=__version__,
        description="Answers from vetted knowledge cards, with sources.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.include_router(
        create_web_router(
            house.dialogue,
            partial(asking.ask, house.assistant, words, wait_seconds=settings.model_wait_seconds),
            words,
            web_words(house.wording, settings.retention_days),
            house.secret,
            admit=lambda address: house.addresses.check(address) is Pace.FINE,
        )
    )
    app.include_router(create_console(house))
    if settings.wechat_token.get_secret_value():
        account = WeChatAccount(
            token=settings.wechat_token.get_secret_value(),
            appid=settings.wechat_appid,
            aes_key=settings.wechat_aes_key.get_secret_value(),
            mode=settings.wechat_mode,
            reply_seconds=settings.wechat_reply_seconds,
        )
        app.include_router(
            create_wechat_router(house.dialogue, account, words, pictures=wechat_pictures)
        )
    if telegram is not None:
        app.include_router(
            create_telegram_router(telegram, settings.telegram_webhook_secret.get_secret_value())
        )

    @app.get("/healthz", tags=["running"])
    def healthz() -> JSONResponse:
        """What works: 200 when people are answered, even if worse than usual; 503 when not."""
        parts = house.health.now()
        broken = {name for name, part in parts.items() if not part.works}
        status = "ok" if not broken else "failing" if broken & VITAL else "degraded"
        body = {
            "status": status,
            "parts": {n: {"works": p.works, "detail": p.detail} for n, p in parts.items()},
        }
        return JSONResponse(body, 503 if status == "failing" else 200)

    @app.get("/metrics", tags=["running"])
    def metrics() -> Response:
        """Numbers for Prometheus."""
        house.health.now()  # brings the gauges up to date
        return Response(house.metrics.render(), media_type="text/plain; version=0.0.4")

    return app


async def _announce(telegram: TelegramChannel, house: House) -> None:
    """Tell Telegram where to deliver; the other channels do not wait for it, nor fall with it."""
    settings = house.settings
    try:
        await telegram.use_webhook(
            f"{settings.public_url.rstrip('/')}/telegram",
            settings.telegram_webhook_secret.get_secret_value(),
        )
    except Exception as error:  # noqa: BLE001 - unreachable from many networks; health says so
        house.health.report("telegram", False, f"webhook not set: {type(error).__name__}")
    else:
        house.health.report("telegram", True)


def _telegram(house: House, words: ChannelWords) -> TelegramChannel | None:
    """The webhook's channel, when it has both its token and its secret; polling needs neither."""
    settings = house.settings
    token = settings.telegram_token.get_secret_value()
    if not token or not settings.telegram_webhook_secret.get_secret_value():
        return None
    return TelegramChannel(house.dialogue, token, words, settings.telegram_api_url)

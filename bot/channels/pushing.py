"""Senders: how WeChat and Telegram are written to first, for the delivery ledger."""

from __future__ import annotations

import asyncio

from telegram import Bot, LinkPreviewOptions
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from bot.channels.wechat_call_error import WeChatCallError
from bot.channels.wechat_client import StableTokenClient
from bot.delivery import Remedy, SendError

_SECONDS = 10.0
# 45015: silent for 48 hours; 45047: the messages after the last question are used up.
_HAND_OVER = frozenset({45015, 45047, 45009, 45011})
_GONE = frozenset({40003, 43004, 48002})
_NO_PUSH = frozenset({48001, 48004})
_AGAIN = frozenset({-1, 40001, 40014, 42001})


class WeChatSender:
    """Customer-service messages; the client has renewed an old token once before we hear of it."""

    def __init__(self, client: StableTokenClient) -> None:
        self._client = client

    def send(self, address: str, text: str, generated: bool = False) -> None:
        """As Sender.send."""
        try:
            self._client.send_text(address, text, generated)
        except WeChatCallError as error:
            raise SendError(_wechat_remedy(error), str(error.code or "network")) from None


class TelegramSender:
    """Messages by the Bot API; people who started the bot may be written to at any time."""

    def __init__(self, token: str, api_url: str) -> None:
        self._token = token
        self._api_url = api_url

    def send(self, address: str, text: str, generated: bool = False) -> None:  # noqa: ARG002
        """As Sender.send; Telegram has no mark, the text's own label has to do."""
        try:
            asyncio.run(self._send(address, text))
        except RetryAfter as error:
            raise SendError(Remedy.RETRY, "429") from error
        except Forbidden as error:
            raise SendError(Remedy.REFUSED, "403") from error
        except BadRequest as error:
            raise SendError(Remedy.REFUSED, "400") from error
        except TimedOut as error:
            raise SendError(Remedy.UNKNOWN, "timeout") from error
        except TelegramError as error:
            raise SendError(Remedy.RETRY, type(error).__name__) from error

    async def _send(self, address: str, text: str) -> None:
        # A client for one message: the ledger's thread has no loop of its own to keep one on.
        request = HTTPXRequest(read_timeout=_SECONDS, connect_timeout=_SECONDS)
        async with Bot(self._token, base_url=self._api_url, request=request) as bot:
            await bot.send_message(
                int(address), text, link_preview_options=LinkPreviewOptions(is_disabled=True)
            )


def _wechat_remedy(error: WeChatCallError) -> Remedy:
    code = error.code
    if code is None:
        return Remedy.RETRY if error.worth_another_try else Remedy.UNKNOWN
    if code in _HAND_OVER:
        return Remedy.HAND_OVER
    if code in _GONE:
        return Remedy.REFUSED
    if code in _NO_PUSH:
        return Remedy.NO_PUSH
    return Remedy.RETRY if code in _AGAIN else Remedy.HAND_OVER

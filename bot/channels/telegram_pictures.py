"""Pictures that came by Telegram: which file of a message it is, and how its bytes are fetched.

A photo comes in several sizes, of which the largest is taken; a picture sent as a file is a
document. https://core.telegram.org/bots/api#getfile gives a path that is good for an hour, for
files up to 20 MB; the file is under https://api.telegram.org/file/bot<token>/<path>.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from telegram import Bot, Message
from telegram.error import BadRequest, TelegramError

from bot.channels.picture_fetch import fetch_picture
from bot.images import IMAGE_BYTES, ImageError, ImageFault, ImageLoader

_ASK_SECONDS: Final = 10.0
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TelegramPicture:
    """A picture's file, and its size when Telegram says it."""

    file_id: str
    size_bytes: int = 0


def picture_in(message: Message | None) -> TelegramPicture | None:
    """The picture a message carries, if it carries one."""
    if message is None:
        return None
    if message.photo:
        largest = max(message.photo, key=lambda size: size.width * size.height)
        return TelegramPicture(largest.file_id, largest.file_size or 0)
    document = message.document
    if document and not message.animation and (document.mime_type or "").startswith("image/"):
        return TelegramPicture(document.file_id, document.file_size or 0)
    return None


def file_url_of(api_url: str) -> str:
    """Where the files of a Bot API are: https://host/bot has them under https://host/file/bot."""
    root, _, _ = api_url.rpartition("/bot")
    return f"{root}/file/bot"


class TelegramPictures:
    """Makes the loaders of pictures; they run in a thread beside the bot's event loop."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def loader(self, picture: TelegramPicture) -> ImageLoader:
        """What fetches a picture; made on the event loop, called in another thread."""
        return partial(self._fetch, picture, asyncio.get_running_loop())

    def _fetch(self, picture: TelegramPicture, loop: asyncio.AbstractEventLoop) -> bytes:
        if picture.size_bytes > IMAGE_BYTES:
            raise ImageError(ImageFault.TOO_LARGE)
        path = self._path(picture, loop)
        # A Bot API server of one's own can name a file on its disk, which is not for us to open.
        if not path.startswith(("https://", "http://")):
            raise ImageError(ImageFault.UNREACHABLE)
        return fetch_picture(path)

    def _path(self, picture: TelegramPicture, loop: asyncio.AbstractEventLoop) -> str:
        asking = asyncio.run_coroutine_threadsafe(self._bot.get_file(picture.file_id), loop)
        try:
            return asking.result(_ASK_SECONDS).file_path or ""
        except BadRequest as error:
            large = "too big" in error.message.lower()
            raise ImageError(ImageFault.TOO_LARGE if large else ImageFault.UNREACHABLE) from None
        except (TelegramError, TimeoutError) as error:
            asking.cancel()
            _log.warning("telegram_picture_unreachable", error=type(error).__name__)
            raise ImageError(ImageFault.UNREACHABLE) from None

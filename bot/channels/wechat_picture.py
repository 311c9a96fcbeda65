"""Where WeChat's pictures come from: Tencent's picture hosts over https, and nowhere else.

PicUrl stands in the message, so whoever can forge one could make this machine call any address.
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import structlog

from bot.channels.picture_fetch import fetch_picture
from bot.images import ImageError, ImageFault, ImageLoader

PICTURE_HOSTS: Final = ("qpic.cn", "qlogo.cn")  # with all below them, such as mmbiz.qpic.cn
_STANDARD_PORTS: Final = (None, 80, 443)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class WeChatPictures:
    """Makes the loaders of PicUrls; `also` is one origin more, which tests serve pictures from."""

    hosts: tuple[str, ...] = PICTURE_HOSTS
    also: str = ""

    def loader(self, url: str) -> ImageLoader:
        """What fetches a PicUrl; for one of another host, what refuses to."""
        return partial(self._fetch, url)

    def allowed(self, url: str) -> str:
        """The URL as it may be fetched, or "". WeChat still writes http: where https works."""
        if self.also and url.startswith(f"{self.also}/"):
            return url
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            return ""
        ours = any(host == known or host.endswith(f".{known}") for known in self.hosts)
        plain = parts.username is None and parts.password is None and port in _STANDARD_PORTS
        if not ours or not plain or parts.scheme not in {"http", "https"} or not host.isascii():
            return ""
        return urlunsplit(("https", host, parts.path or "/", parts.query, ""))

    def _fetch(self, url: str) -> bytes:
        allowed = self.allowed(url)
        if not allowed:
            _log.warning("wechat_picture_refused")
            raise ImageError(ImageFault.UNREACHABLE)
        return fetch_picture(allowed)

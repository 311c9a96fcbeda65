"""Calls to WeChat: customer-service messages and the typing sign, on wechatpy's client.

What wechatpy does that this class replaces: it retries an expired token without end, sends an
empty file when it retries an upload, fetches tokens without a timeout and from the endpoint where
each call revokes the token before. Rules: protocol notes, sections 5 and 6;
https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePath
from typing import Any, Final

import requests
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.session import SessionStorage
from wechatpy.session.memorystorage import MemoryStorage

from bot.channels.wechat_call_error import TOKEN_ERRORS, WeChatCallError
from bot.channels.wechat_pages import plain, writable

API_URL: Final = "https://api.weixin.qq.com/cgi-bin/"

_TRIES: Final = 3
_FIRST_PAUSE_SECONDS: Final = 0.3
_RENEW_SECONDS: Final = 60  # before the end; WeChat hands out the next token 300 s before it


class TokenCache:
    """Where access tokens are kept, and the lock that lets one thread at a time fetch one.

    Share one among the clients of a process; share its storage (Redis) among processes. Between
    processes no lock is needed: stable_token gives all of them the same token.
    """

    def __init__(self, storage: SessionStorage | None = None) -> None:
        self.storage = storage or MemoryStorage()
        self.lock = threading.Lock()


class StableTokenClient(WeChatClient):  # type: ignore[misc]  # wechatpy ships no types
    """wechatpy's client on stable_token, with bounded retries, timeouts and typed errors.

    Thread-safe, and blocking: call it from a thread. Every call raises WeChatCallError and nothing
    else for what WeChat or the network does. `api_url` points it at a fake in tests.
    """

    def __init__(
        self,
        appid: str,
        secret: str,
        cache: TokenCache | None = None,
        *,
        api_url: str = API_URL,
        timeout_seconds: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cache = cache or TokenCache()
        super().__init__(
            appid, secret, session=self._cache.storage, timeout=timeout_seconds, auto_retry=False
        )
        self.API_BASE_URL = api_url
        self._sleep = sleep

    def send_text(self, openid: str, text: str, generated: bool = False) -> None:
        """Send a customer-service text: one page of wechat_pages, whose links are kept.

        `generated` is Reply.generated: WeChat then adds its own mark, 内容由第三方AI生成.
        """
        self._send(openid, "text", {"content": writable(text)}, generated)

    def send_menu(
        self,
        openid: str,
        head: str,
        items: Iterable[tuple[str, str]],
        tail: str = "",
        generated: bool = False,
    ) -> None:
        """Send a menu of (id, label); a tap comes back as a text with bizmsgmenuid = id."""
        menu = {
            "head_content": plain(head),
            "list": [{"id": key, "content": plain(label)} for key, label in items],
            "tail_content": plain(tail),
        }
        self._send(openid, "msgmenu", menu, generated)

    def typing(self, openid: str, on: bool) -> None:
        """Show or hide the typing sign; it lasts 15 s and ends with the next message.

        https://developers.weixin.qq.com/doc/service/api/customer/message/api_typing
        """
        command = "Typing" if on else "CancelTyping"
        self._tell("message/custom/typing", {"touser": openid, "command": command})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def access_token(self) -> str:
        """The cached token, or a new one when it is about to end."""
        with self._cache.lock:
            return self._cached_token() or self._fetched_token()

    def fetch_access_token(self) -> Mapping[str, Any]:
        """Get a token that no other caller's fetch revokes, and keep it.

        https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
        """
        answer = self._http.post(
            f"{self.API_BASE_URL}stable_token",
            json={
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self.secret,
                "force_refresh": False,
            },
            timeout=self.timeout,
        )
        answer.raise_for_status()
        result = answer.json()
        if not isinstance(result, dict) or not result.get("access_token"):
            code = result.get("errcode") if isinstance(result, dict) else None
            raise WeChatClientException(code, "no token")
        seconds = int(result.get("expires_in") or 7200)
        self.session.set(self.access_token_key, result["access_token"], seconds)
        self.expires_at = int(time.time()) + seconds
        return result

    def _send(
        self, openid: str, kind: str, content: Mapping[str, object], generated: bool = False
    ) -> None:
        data: dict[str, object] = {"touser": openid, "msgtype": kind, kind: content}
        if generated:
            data["aimsgcontext"] = {"is_ai_msg": 1}  # protocol notes, "Native label"
        self._tell("message/custom/send", data)

    def _tell(self, endpoint: str, data: Mapping[str, object]) -> None:
        # wechatpy hands back the response itself when its body is no JSON: a proxy's error page.
        if not isinstance(self.post(endpoint, data=data), dict):
            raise WeChatCallError(None, sent=True)

    def _request(self, method: str, url_or_endpoint: str, **kwargs: Any) -> Any:
        if "files" in kwargs:
            kwargs["files"] = _with_bytes(kwargs["files"])
        fixed_params = dict(kwargs.pop("params", None) or {})
        renewed = False
        pause = _FIRST_PAUSE_SECONDS
        token = ""

        def once() -> Any:
            nonlocal token
            token = self.access_token
            params = {**fixed_params, "access_token": token}
            # A copy, because wechatpy changes its arguments.
            return WeChatClient._request(self, method, url_or_endpoint, params=params, **kwargs)

        for tries_left in reversed(range(_TRIES)):
            result, error = _outcome(once)
            if error is None:
                return result
            if not tries_left:
                raise error
            if error.code in TOKEN_ERRORS and token and not renewed:
                renewed = True
                self._forget(token)
            elif error.worth_another_try:
                self._sleep(pause)
                pause *= 2
            else:
                raise error
        raise AssertionError("the last try returns or raises")

    def _cached_token(self) -> str:
        token = self.session.get(self.access_token_key)
        ends = self.expires_at
        return str(token) if token and ends and ends - time.time() > _RENEW_SECONDS else ""

    def _fetched_token(self) -> str:
        self.fetch_access_token()
        return str(self.session.get(self.access_token_key))

    def _forget(self, failed: str) -> None:
        # Only the token that failed: another thread or process may have renewed it already, and
        # dropping the new one would set everybody fetching.
        with self._cache.lock:
            if self.session.get(self.access_token_key) == failed:
                self.session.delete(self.access_token_key)


def _outcome(call: Callable[[], Any]) -> tuple[Any, WeChatCallError | None]:
    """Run a call; its failure as a value, cut off from requests' errors.

    Those quote the URL, which carries the token.
    """
    try:
        result = call()
    except WeChatClientException as error:
        code = error.errcode
        return None, WeChatCallError(code if isinstance(code, int) else None)
    except requests.ReadTimeout:
        # WeChat may have taken the message: a second one would be shown, and counted, twice.
        return None, WeChatCallError(None, sent=True)
    except (requests.RequestException, ValueError):
        return None, WeChatCallError(None)
    return result, None


def _with_bytes(files: Mapping[str, Any]) -> dict[str, Any]:
    """Read file objects once: a retry would otherwise send what is left of them, nothing."""
    return {name: _read(part) for name, part in files.items()}


def _read(part: Any) -> Any:
    if isinstance(part, tuple):
        return (part[0], _read_content(part[1]), *part[2:])
    if hasattr(part, "read"):
        return (PurePath(str(getattr(part, "name", "file"))).name, part.read())
    return part


def _read_content(content: Any) -> Any:
    return content.read() if hasattr(content, "read") else content

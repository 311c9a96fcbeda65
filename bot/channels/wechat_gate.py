"""Who may speak to the WeChat endpoint: parameters, time, signature, encryption, receiver.

Three message modes (protocol notes, section 1): plain, signed over the query only; safe, where the
signature covers the encrypted body; compatible, which carries both. `signature` never covers a
body, so whoever sees one callback URL can forge plain messages until its timestamp ages out: safe
mode is the default, and it refuses the other two.
https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.channels.wechat_crypto import MessageCrypto, SignatureError, verify
from bot.channels.wechat_xml import WeChatXmlError, read_encrypt, sealed_reply_xml

WINDOW_SECONDS: Final = 300

BAD_REQUEST: Final = 400
FORBIDDEN: Final = 403

_Mode = Literal["plain", "compatible", "safe"]
_NAMES: Final = ("timestamp", "nonce", "signature", "msg_signature", "encrypt_type", "echostr")
_VALUE = re.compile(r"[\x21-\x7e]{1,512}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True)
class WeChatAccount:
    """What the account's page at mp.weixin.qq.com says, and how long a reply may take."""

    token: str = field(repr=False)
    appid: str
    aes_key: str = field(default="", repr=False)
    mode: _Mode = "safe"
    reply_seconds: float = 4.2


class GateError(Exception):
    """A request refused before its signature was proven; `reason` is for the log."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Admitted:
    """A push that WeChat signed: the message's XML, and whether the reply must be sealed."""

    body: bytes
    sealed: bool
    nonce: str


@dataclass(frozen=True)
class _Query:
    timestamp: str
    nonce: str
    signature: str
    msg_signature: str
    encrypt_type: str
    echostr: str


class WeChatGate:
    """Checks requests for one account. Raises ValueError for an account that cannot work."""

    def __init__(self, account: WeChatAccount, clock: Callable[[], float]) -> None:
        if not account.token or not account.appid:
            raise ValueError("a WeChat account needs its token and AppID")
        self._account = account
        self._clock = clock
        self._crypto = (
            MessageCrypto(account.token, account.aes_key, account.appid)
            if account.mode != "plain" or account.aes_key
            else None
        )

    def echo(self, query: Iterable[tuple[str, str]]) -> str:
        """Answer the GET that verifies the URL: the echostr, decrypted when it came encrypted.

        An Official Account sends echostr in the clear in every mode; WeCom, and the encrypted
        check some consoles offer, sign it with msg_signature and expect the plain text back.
        """
        asked = self._checked(query)
        if not asked.echostr:
            raise GateError(BAD_REQUEST, "echostr is missing")
        if not asked.msg_signature:
            self._check_signature(asked)
            return asked.echostr
        # Errors after the signature become the router's "success", which no console accepts.
        return self._opened(asked, asked.echostr).decode("utf-8", "replace")

    def admit(self, query: Iterable[tuple[str, str]], body: bytes) -> Admitted:
        """Let a push in, or raise: GateError before the signature is proven, else its own error."""
        asked = self._checked(query)
        mode = self._account.mode
        if mode != "plain" and asked.encrypt_type == "aes":
            try:
                encrypt = read_encrypt(body)
            except WeChatXmlError as error:
                raise GateError(BAD_REQUEST, str(error)) from None
            return Admitted(self._opened(asked, encrypt), sealed=True, nonce=asked.nonce)
        if mode == "safe":
            raise GateError(FORBIDDEN, "safe mode takes only encrypted messages")
        self._check_signature(asked)
        return Admitted(body, sealed=False, nonce=asked.nonce)

    def seal(self, xml: str, nonce: str) -> str:
        """Encrypt a passive reply into its envelope."""
        if self._crypto is None:
            raise ValueError("plain mode has no key to seal with")
        timestamp = str(int(self._clock()))
        encrypt, msg_signature = self._crypto.seal(xml, timestamp, nonce)
        return sealed_reply_xml(encrypt, msg_signature, timestamp, nonce)

    def _checked(self, query: Iterable[tuple[str, str]]) -> _Query:
        found: dict[str, str] = {}
        for name, value in query:
            if name not in _NAMES:
                continue
            if name in found or not _VALUE.fullmatch(value):
                raise GateError(BAD_REQUEST, f"{name} is repeated, empty or not printable")
            found[name] = value
        asked = _Query(**{name: found.get(name, "") for name in _NAMES})
        if not asked.nonce or not _TIMESTAMP.fullmatch(asked.timestamp):
            raise GateError(BAD_REQUEST, "timestamp or nonce is missing or malformed")
        if not asked.signature and not asked.msg_signature:
            raise GateError(BAD_REQUEST, "signature is missing")
        if abs(self._clock() - int(asked.timestamp)) > WINDOW_SECONDS:
            raise GateError(FORBIDDEN, "timestamp is outside the window")
        return asked

    def _check_signature(self, asked: _Query) -> None:
        try:
            verify(asked.signature, self._account.token, asked.timestamp, asked.nonce)
        except SignatureError:
            raise GateError(FORBIDDEN, "signature does not match") from None

    def _opened(self, asked: _Query, encrypt: str) -> bytes:
        if self._crypto is None:
            raise GateError(BAD_REQUEST, "plain mode has no key to decrypt with")
        try:
            return self._crypto.open(encrypt, asked.msg_signature, asked.timestamp, asked.nonce)
        except SignatureError:
            raise GateError(FORBIDDEN, "signature does not match") from None

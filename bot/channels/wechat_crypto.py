"""WeChat's message signatures and encryption, with the checks that the library leaves out.

The scheme is WXBizMsgCrypt: AES-256-CBC, IV = the first half of the key, padded to 32 bytes, the
frame being 16 random bytes, a big-endian length, the message and the receiver's AppID.
https://developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html

wechatpy supplies the signer, the cipher and the padding. It does not compare signatures in
constant time, validate padding, bound lengths or draw its random prefix from a secure source,
and it raises whatever the standard library raises; this module does.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
import secrets
import struct
from collections.abc import Callable
from typing import Final

from wechatpy.crypto.base import WeChatCipher
from wechatpy.crypto.pkcs7 import PKCS7Encoder
from wechatpy.utils import WeChatSigner

MAX_CIPHERTEXT_CHARS: Final = 128 * 1024  # twice the largest body the channel reads

_PREFIX_BYTES: Final = 16
_LENGTH_BYTES: Final = 4
_HEADER_BYTES: Final = _PREFIX_BYTES + _LENGTH_BYTES
_AES_BLOCK_BYTES: Final = 16
_MAX_PADDING: Final = 32  # Tencent pads to 32, so a 16-byte PKCS#7 unpadder would fail on 17..32
_AES_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


class WeChatCryptoError(Exception):
    """Something in a signed or encrypted WeChat message does not hold."""


class SignatureError(WeChatCryptoError):
    """The signature does not match: not from WeChat, or our token is wrong."""


class CiphertextError(WeChatCryptoError):
    """The encrypted part cannot be read: not from our EncodingAESKey, or damaged."""


class ReceiverError(WeChatCryptoError):
    """The message was encrypted for another account."""


def sign(token: str, *parts: str) -> str:
    """Sign as WeChat does: SHA-1, in hex, of the sorted and joined token and parts."""
    signer = WeChatSigner()
    signer.add_data(token, *parts)
    return str(signer.signature)


def verify(signature: str, token: str, *parts: str) -> None:
    """Raise SignatureError unless `signature` is sign(token, *parts); takes constant time."""
    expected = sign(token, *parts).encode()
    if not hmac.compare_digest(expected, signature.encode("utf-8", "surrogatepass")):
        raise SignatureError("signature does not match")


def _sixteen_random_bytes() -> bytes:
    return secrets.token_bytes(_PREFIX_BYTES)


class MessageCrypto:
    """Encrypts and decrypts the messages of one account.

    `receive_id` is the AppID; `prefix` yields the 16 random bytes that open each frame (tests
    fix them to reproduce known answers). Raises ValueError for a key that WeChat cannot have made.
    """

    def __init__(
        self,
        token: str,
        encoding_aes_key: str,
        receive_id: str,
        prefix: Callable[[], bytes] = _sixteen_random_bytes,
    ) -> None:
        if not _AES_KEY.fullmatch(encoding_aes_key):
            raise ValueError("EncodingAESKey must be the 43 letters and digits shown by WeChat")
        self._token = token
        self._receive_id = receive_id.encode()
        self._cipher = WeChatCipher(base64.b64decode(encoding_aes_key + "="))
        self._prefix = prefix

    def open(self, encrypt: str, msg_signature: str, timestamp: str, nonce: str) -> bytes:
        """Check the signature over the encrypted part, then decrypt it."""
        verify(msg_signature, self._token, timestamp, nonce, encrypt)
        return self.decrypt(encrypt)

    def seal(self, message: str, timestamp: str, nonce: str) -> tuple[str, str]:
        """Encrypt a message; return the encrypted part and its msg_signature."""
        encrypt = self.encrypt(message)
        return encrypt, sign(self._token, timestamp, nonce, encrypt)

    def encrypt(self, message: str) -> str:
        """Frame, pad and encrypt; base64 text."""
        body = message.encode()
        length = struct.pack("!I", len(body))
        frame = b"".join((self._prefix(), length, body, self._receive_id))
        return base64.b64encode(self._cipher.encrypt(PKCS7Encoder.encode(frame))).decode()

    def decrypt(self, encrypt: str) -> bytes:
        """Decrypt, unpad and unframe, checking every length and the receiver.

        Call it only once the signature is proven: the cipher has no authentication of its own.
        """
        frame = _unpad(self._cipher.decrypt(_ciphertext(encrypt)))
        if len(frame) < _HEADER_BYTES:
            raise CiphertextError("frame is shorter than its header")
        (length,) = struct.unpack("!I", frame[_PREFIX_BYTES:_HEADER_BYTES])
        if length > len(frame) - _HEADER_BYTES:
            raise CiphertextError("declared length is longer than the frame")
        end = _HEADER_BYTES + length
        if not hmac.compare_digest(frame[end:], self._receive_id):
            raise ReceiverError("message is for another account")
        return frame[_HEADER_BYTES:end]


def _ciphertext(encrypt: str) -> bytes:
    if len(encrypt) > MAX_CIPHERTEXT_CHARS:
        raise CiphertextError("encrypted part is too long")
    try:
        raw = base64.b64decode(encrypt, validate=True)
    except (binascii.Error, ValueError):
        raise CiphertextError("encrypted part is not base64") from None
    if not raw or len(raw) % _AES_BLOCK_BYTES:
        raise CiphertextError("encrypted part is not whole blocks")
    return raw


def _unpad(padded: bytes) -> bytes:
    count = padded[-1]
    if not 1 <= count <= min(_MAX_PADDING, len(padded)):
        raise CiphertextError("padding is out of range")
    if padded[-count:] != bytes([count]) * count:
        raise CiphertextError("padding bytes differ")
    return padded[:-count]

"""Known answers from Tencent, and every way in which a sealed message can be wrong."""

from __future__ import annotations

import base64
import json
import re
import secrets
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto.base import WeChatCipher

from bot.channels.wechat_crypto import (
    MAX_CIPHERTEXT_CHARS,
    CiphertextError,
    MessageCrypto,
    ReceiverError,
    SignatureError,
    WeChatCryptoError,
    sign,
    verify,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "wxbizmsgcrypt_vectors.json").read_text("utf-8")
)["vectors"]
TOKEN = "AAAAA"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
APPID = "wx2c2769f8efd9abc2"


def crypto(appid: str = APPID) -> MessageCrypto:
    return MessageCrypto(TOKEN, KEY, appid)


def raw_encrypted(frame: bytes) -> str:
    """Encrypt a frame as it is, padding included."""
    cipher = WeChatCipher(base64.b64decode(KEY + "="))
    return base64.b64encode(cipher.encrypt(frame)).decode()


def frame(message: bytes, *, appid: bytes = APPID.encode(), length: int | None = None) -> bytes:
    size = len(message) if length is None else length
    return b"r" * 16 + struct.pack("!I", size) + message + appid


def padded(content: bytes, block: int = 32) -> bytes:
    count = block - len(content) % block
    return content + bytes([count]) * count


def vectors(*kinds: str) -> Any:
    chosen = [vector for vector in VECTORS if vector["kind"] in kinds]
    return pytest.mark.parametrize("vector", chosen, ids=[vector["id"] for vector in chosen])


def test_all_thirteen_vectors_are_of_kinds_that_are_checked_below() -> None:
    assert len(VECTORS) == 13
    assert {vector["kind"] for vector in VECTORS} == {
        "plain_signature",
        "decrypt",
        "verify_url_encrypted",
        "encrypt",
    }


@vectors("plain_signature")
def test_plain_signatures_of_tencent(vector: dict[str, Any]) -> None:
    assert sign(vector["token"], vector["timestamp"], vector["nonce"]) == vector["signature"]
    verify(vector["signature"], vector["token"], vector["timestamp"], vector["nonce"])


@vectors("decrypt", "verify_url_encrypted")
def test_sealed_messages_of_tencent(vector: dict[str, Any]) -> None:
    box = MessageCrypto(vector["token"], vector["encoding_aes_key"], vector["receive_id"])
    plain = box.open(
        vector["encrypt"], vector["msg_signature"], vector["timestamp"], vector["nonce"]
    ).decode()
    assert plain == vector["expected_plaintext"]
    assert len(plain) == vector.get("expected_len", len(plain))
    for part in vector.get("expected_plaintext_contains", []):
        assert part in plain
    for name, value in vector.get("expected_fields", {}).items():
        assert re.search(rf"<{name}>(?:<!\[CDATA\[)?{re.escape(value)}(?:\]\]>)?</{name}>", plain)


@vectors("encrypt")
def test_sealed_replies_of_tencent(vector: dict[str, Any]) -> None:
    box = MessageCrypto(
        vector["token"],
        vector["encoding_aes_key"],
        vector["receive_id"],
        prefix=vector["random"].encode,
    )
    encrypt, signature = box.seal(vector["plaintext"], vector["timestamp"], vector["nonce"])
    assert encrypt == vector["expected_encrypt"]
    assert signature == vector.get("expected_msg_signature", signature)
    opened = box.open(encrypt, signature, vector["timestamp"], vector["nonce"])
    assert opened.decode() == vector["plaintext"]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(message: str) -> None:
    encrypt, signature = crypto().seal(message, "1", "n")
    assert crypto().open(encrypt, signature, "1", "n").decode() == message


def test_two_seals_of_one_message_differ() -> None:
    assert crypto().encrypt("same") != crypto().encrypt("same")


@given(st.integers(0, 400), st.integers(1, 255))
def test_a_changed_ciphertext_fails_its_signature(position: int, change: int) -> None:
    encrypt, signature = crypto().seal("发烧38.5℃怎么办" * 8, "1", "n")
    raw = bytearray(base64.b64decode(encrypt))
    raw[position % len(raw)] ^= change
    with pytest.raises(SignatureError):
        crypto().open(base64.b64encode(raw).decode(), signature, "1", "n")


@pytest.mark.parametrize("signature", ["", "0" * 40, "汉字", "\ud800"])
def test_a_wrong_signature_is_refused(signature: str) -> None:
    with pytest.raises(SignatureError):
        verify(signature, TOKEN, "1", "n")


def test_a_signature_in_capitals_is_not_the_signature() -> None:
    with pytest.raises(SignatureError):
        verify(sign(TOKEN, "1", "n").upper(), TOKEN, "1", "n")


@pytest.mark.parametrize("count", range(1, 33))
def test_padding_up_to_thirty_two_is_accepted_and_its_bytes_must_agree(count: int) -> None:
    message = b"m" * (128 - 20 - len(APPID) - count)
    whole = frame(message) + bytes([count]) * count
    assert crypto().decrypt(raw_encrypted(whole)) == message
    torn = bytearray(whole)
    torn[-count] ^= 0x40
    with pytest.raises(CiphertextError):
        crypto().decrypt(raw_encrypted(bytes(torn)))


@pytest.mark.parametrize("count", [0, 33, 64, 200, 255])
def test_padding_out_of_range_is_refused(count: int) -> None:
    whole = frame(b"m" * (256 - 20 - len(APPID)))[:-1] + bytes([count])
    with pytest.raises(CiphertextError, match="range"):
        crypto().decrypt(raw_encrypted(whole))


def test_padding_longer_than_the_frame_is_refused() -> None:
    with pytest.raises(CiphertextError, match="range"):
        crypto().decrypt(raw_encrypted(bytes([32]) * 16))


@pytest.mark.parametrize("length", [0xFFFFFFFF, 0x80000000, 10_000, 30])
def test_a_declared_length_beyond_the_frame_is_refused(length: int) -> None:
    whole = padded(frame(b"m" * 5, length=length))
    with pytest.raises(CiphertextError, match="length"):
        crypto().decrypt(raw_encrypted(whole))


def test_a_declared_length_that_is_too_short_moves_the_receiver() -> None:
    with pytest.raises(ReceiverError):
        crypto().decrypt(raw_encrypted(padded(frame(b"mmmmm", length=2))))


def test_a_frame_without_a_header_is_refused() -> None:
    with pytest.raises(CiphertextError, match="header"):
        crypto().decrypt(raw_encrypted(padded(b"short")))


def test_a_message_for_another_account_is_refused() -> None:
    encrypt, signature = crypto("wxother").seal("hello", "1", "n")
    with pytest.raises(ReceiverError):
        crypto().open(encrypt, signature, "1", "n")


@pytest.mark.parametrize(
    "encrypt",
    ["", "=", "AAAA", "not base64 at all!", "汉字", "A" * 21, "A" * (MAX_CIPHERTEXT_CHARS + 4)],
)
def test_what_is_no_ciphertext_is_refused(encrypt: str) -> None:
    with pytest.raises(CiphertextError):
        crypto().decrypt(encrypt)


@given(st.binary(max_size=400))
def test_no_bytes_raise_anything_untyped(raw: bytes) -> None:
    whole = raw + bytes(-len(raw) % 16)
    try:
        crypto().decrypt(raw_encrypted(whole))
    except WeChatCryptoError:
        return
    pytest.fail("random bytes were taken for a message")


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "A" * 42 + "=", "汉" * 43, KEY + "\n"])
def test_a_key_that_wechat_cannot_have_made_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="EncodingAESKey"):
        MessageCrypto(TOKEN, key, APPID)


def test_the_key_and_token_are_not_in_the_representation() -> None:
    token = secrets.token_hex(8)
    assert token not in repr(MessageCrypto(token, KEY, APPID))
    assert KEY not in repr(crypto())

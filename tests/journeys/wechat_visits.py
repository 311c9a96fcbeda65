"""A resident on WeChat: signed, encrypted messages over real HTTP, as WeChat sends them."""

from __future__ import annotations

import secrets
import time

import httpx
import xmltodict

from bot.channels.wechat_crypto import sign
from tests.fakes.wechat_sender import TOKEN, crypto, text_xml


class Resident:
    """A person's WeChat, as WeChat's servers speak for it."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self.url = url
        self.http = http

    def push(self, xml: str) -> str:
        stamp, nonce = str(int(time.time())), secrets.token_hex(5)
        encrypt, signature = crypto().seal(xml, stamp, nonce)
        query = {
            "signature": sign(TOKEN, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "encrypt_type": "aes",
            "msg_signature": signature,
        }
        body = f"<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
        response = self.http.post(f"{self.url}/wechat", params=query, content=body.encode())
        assert response.status_code == 200
        if response.text == "success":
            return ""
        sealed = xmltodict.parse(response.content)["xml"]
        opened = crypto().open(
            sealed["Encrypt"], sealed["MsgSignature"], sealed["TimeStamp"], sealed["Nonce"]
        )
        return xmltodict.parse(opened)["xml"]["Content"]

    def say(self, text: str, **options) -> str:
        return self.push(text_xml(text, **options))

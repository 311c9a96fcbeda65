"""WeChat's side of the wire: it signs, encrypts, pushes, and reads what the endpoint replies.

With it, a Responder that answers by script.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import httpx
import xmltodict
from fastapi import FastAPI

from bot.channels.wechat import WeChatAccount, WeChatRouter, create_wechat_router
from bot.channels.wechat_crypto import MessageCrypto, sign
from bot.messages import Action, ChannelWords, Choice, InboundMessage, MessageKind, Reply, Tap
from tests.fakes.wechat_server import serving

TOKEN, APPID = "spamtest", "wx2c2769f8efd9abc2"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OPENID, ACCOUNT = "oyORnuP8q7ou2gfYjqLzSIWZf0rs", "gh_10f6c3c3ac5a"
WORDS = ChannelWords(
    more="继续看",
    finished="已经是全部内容了。",
    see_result="查看结果",
    rate="有用吗？",
    useful="有用",
    useless="没用",
)
LONG = "".join(f"第{number}条：打完疫苗留观三十分钟，没有不舒服再走。" for number in range(100))
SUCCESS = "success"
Mode = Literal["plain", "compatible", "safe"]
MODES: list[Mode] = ["plain", "compatible", "safe"]


@dataclass
class ScriptedResponder:
    """Answers by script, keeping the Responder's promises: one turn per id, late answers kept."""

    heard: list[InboundMessage] = field(default_factory=list)
    deferred: list[str] = field(default_factory=list)
    turns: dict[str, Reply | None] = field(default_factory=dict)
    late: list[Reply] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def respond(self, message: InboundMessage) -> Reply | None:
        with self.lock:
            self.heard.append(message)
        if message.message_id not in self.turns:
            self.turns[message.message_id] = self._answer(message)
        reply = self.turns[message.message_id]
        if message.message_id in self.deferred and reply:
            self.late.append(reply)
        return reply

    def defer(self, message: InboundMessage) -> Reply | None:
        if message.text == "卡死":
            self.release.wait(10)
        self.deferred.append(message.message_id)
        return Reply(text="正在查询…", pending=True)

    def _answer(self, message: InboundMessage) -> Reply | None:
        if message.tap and message.tap.action is Action.COLLECT:
            return self.late.pop() if self.late else Reply(text="还没好", pending=True)
        if message.tap and message.tap.action is Action.MORE:
            return Reply(text=LONG, turn=message.tap.turn, page=message.tap.value, rateable=True)
        if message.text in {"慢", "卡死"}:
            self.release.wait(10)
        if message.text == "坏":
            raise RuntimeError("a secret in an error text")
        choices = (Choice(1, "还有呢", Tap(Action.ASK, "t1", 1)),)
        scripted: dict[str, Reply | None] = {
            "慢": Reply(text="慢慢查到的答案", turn="t2"),
            "长": Reply(text=LONG, turn="t3", rateable=True),
            "不答": None,
        }
        if message.kind is MessageKind.TEXT:
            usual = Reply(text=f"答：{message.text}", choices=choices, turn="t1", rateable=True)
            return scripted.get(message.text, usual)
        silent = message.kind is MessageKind.UNSUBSCRIBE
        return None if silent else Reply(text=f"收到{message.kind.value}")


@dataclass
class WeChat:
    """WeChat's servers: they sign, encrypt and read replies."""

    url: str
    mode: Mode
    responder: ScriptedResponder
    http: httpx.Client
    router: WeChatRouter

    def query(self, *, at: float | None = None, **extra: str) -> dict[str, str]:
        stamp, nonce = str(int(time.time() if at is None else at)), secrets.token_hex(5)
        return {
            "signature": sign(TOKEN, stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "openid": OPENID,
            **extra,
        }

    def push(self, xml: str, *, at: float | None = None, **extra: str) -> httpx.Response:
        query = self.query(at=at)
        body = xml
        if self.mode != "plain":
            encrypt, signature = crypto().seal(xml, query["timestamp"], query["nonce"])
            query |= {"encrypt_type": "aes", "msg_signature": signature}
            sealed = f"<Encrypt><![CDATA[{encrypt}]]></Encrypt>"
            body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>{sealed}</xml>"
            if self.mode == "compatible":
                body = xml.replace("</xml>", f"{sealed}</xml>")
        return self.http.post(self.url, params=query | extra, content=body.encode())

    def say(self, text: str, **options: Any) -> str:
        """Send a text; what the person sees ("" for nothing)."""
        return self.seen(self.push(text_xml(text, **options)))

    def tap(self, page: str, label: str) -> str:
        """Tap a link of a page."""
        address = re.search(rf'<a href="([^"]+)">{label}</a>', page)
        assert address, f"{label} is not on the page"
        query = parse_qs(urlsplit(address[1]).query)
        return self.say(query["msgmenucontent"][0], tap=query["msgmenuid"][0])

    def seen(self, response: httpx.Response) -> str:
        assert response.status_code == 200
        if response.text == SUCCESS:
            return ""
        fields = xmltodict.parse(response.content)["xml"]
        if self.mode != "plain":
            assert set(fields) == {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"}
            assert fields["Nonce"] == response.request.url.params["nonce"]
            opened = crypto().open(
                fields["Encrypt"], fields["MsgSignature"], fields["TimeStamp"], fields["Nonce"]
            )
            fields = xmltodict.parse(opened)["xml"]
        assert (fields["ToUserName"], fields["FromUserName"]) == (OPENID, ACCOUNT)
        assert fields["MsgType"] == "text"
        assert len(fields["Content"].encode()) <= 1800
        return str(fields["Content"])


def crypto(appid: str = APPID) -> MessageCrypto:
    return MessageCrypto(TOKEN, KEY, appid)


def text_xml(text: str, *, tap: str = "", message_id: str = "", kind: str = "text") -> str:
    menu = f"<bizmsgmenuid>{tap}</bizmsgmenuid>" if tap else ""
    return (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName><CreateTime>1409735668</CreateTime>"
        f"<MsgType><![CDATA[{kind}]]></MsgType><Content><![CDATA[{text}]]></Content>{menu}"
        f"<MsgId>{message_id or secrets.randbits(60) + 1}</MsgId></xml>"
    )


def image_xml(url: str, message_id: str = "") -> str:
    return (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName><CreateTime>1409735668</CreateTime>"
        f"<MsgType><![CDATA[image]]></MsgType><PicUrl><![CDATA[{url}]]></PicUrl>"
        f"<MediaId><![CDATA[media_id]]></MediaId>"
        f"<MsgId>{message_id or secrets.randbits(60) + 1}</MsgId></xml>"
    )


def event_xml(name: str, key: str = "") -> str:
    return (
        f"<xml><ToUserName>{ACCOUNT}</ToUserName><FromUserName>{OPENID}</FromUserName>"
        f"<CreateTime>1409735668</CreateTime><MsgType>event</MsgType>"
        f"<Event>{name}</Event><EventKey>{key}</EventKey></xml>"
    )


@contextlib.contextmanager
def served(mode: Mode, **options: Any) -> Iterator[WeChat]:
    responder = ScriptedResponder()
    account = WeChatAccount(TOKEN, APPID, "" if mode == "plain" else KEY, mode, reply_seconds=0.3)
    app = FastAPI()
    router = create_wechat_router(responder, account, WORDS, **options)
    app.include_router(router)
    with serving(app) as url, httpx.Client(timeout=10) as http:
        try:
            yield WeChat(f"{url}/wechat", mode, responder, http, router)
        finally:
            responder.release.set()

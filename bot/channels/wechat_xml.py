"""WeChat's XML: what arrives becomes an InboundMessage, what we say becomes a passive reply.

Fields and events: protocol notes, section 2; received messages are described under
https://developers.weixin.qq.com/doc/offiaccount/Message_Management/Receiving_standard_messages.html
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy import events, messages
from wechatpy.parser import parse_message

from bot.messages import InboundMessage, MessageKind, Tap

CHANNEL: Final = "wechat"
MAX_BODY_BYTES: Final = 64 * 1024

# Stickers and files can arrive as this text (protocol notes, section 2).
_UNSUPPORTED_TEXT: Final = "【收到不支持的消息类型，暂无法显示】"
# A document type can only stand before the root element, and entities only inside it; looking
# there, and not everywhere, lets a person ask about a text that merely contains "<!DOCTYPE".
_PROLOG = re.compile(r"\ufeff?\s*(?:<\?xml\b[^<>]*\?>)?\s*<xml[\s>]")
_ADDRESS = re.compile(r"[A-Za-z0-9_@.-]{1,64}")
_MESSAGE_ID = re.compile(r"0*[1-9][0-9]{0,19}")
_EVENT_ID_FIELDS: Final = ("FromUserName", "CreateTime", "Event", "EventKey")


class WeChatXmlError(ValueError):
    """A body that is not a WeChat message."""


@dataclass(frozen=True)
class Delivery:
    """A message and the account (gh_…) it was sent to, which a passive reply must name.

    `picture_url` is where an image's message says it is: to be fetched from Tencent only.
    """

    message: InboundMessage
    account: str
    picture_url: str = ""


def parse_delivery(body: bytes) -> Delivery:
    """Read one verified push. Raises WeChatXmlError, and nothing else, for a bad body."""
    fields = {name: _text(value) for name, value in _root(body).items() if name[0] not in "@#"}
    person, account = fields.get("FromUserName", ""), fields.get("ToUserName", "")
    if not fields.get("MsgType") or not _ADDRESS.fullmatch(person):
        raise WeChatXmlError("message names no type or no sender")
    if not _ADDRESS.fullmatch(account):
        raise WeChatXmlError("message names no receiver")
    kind, text = _kind_and_text(fields)
    message = InboundMessage(
        channel=CHANNEL,
        message_id=_message_id(fields),
        person=person,
        kind=kind,
        text=text,
        tap=Tap.decode(fields.get("bizmsgmenuid", "")),
        sent_at=_moment(fields.get("CreateTime", "")),
        from_menu=bool(fields.get("bizmsgmenuid")) or fields["MsgType"].lower() == "event",
    )
    picture_url = fields.get("PicUrl", "") if kind is MessageKind.IMAGE else ""
    return Delivery(message, account, picture_url)


def read_encrypt(body: bytes) -> str:
    """The one encrypted part of a sealed push; the plain fields beside it are not looked at."""
    encrypt = _root(body).get("Encrypt")
    if not isinstance(encrypt, str) or not encrypt:
        raise WeChatXmlError("body has no single encrypted part")
    return encrypt


def text_reply_xml(content: str, delivery: Delivery, created: int) -> str:
    """A passive text reply to a delivery."""
    return (
        "<xml>"
        f"<ToUserName>{_cdata(delivery.message.person)}</ToUserName>"
        f"<FromUserName>{_cdata(delivery.account)}</FromUserName>"
        f"<CreateTime>{created}</CreateTime>"
        "<MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{_cdata(content)}</Content>"
        "</xml>"
    )


def sealed_reply_xml(encrypt: str, msg_signature: str, timestamp: str, nonce: str) -> str:
    """The envelope of an encrypted passive reply; the nonce is the request's own."""
    return (
        "<xml>"
        f"<Encrypt>{_cdata(encrypt)}</Encrypt>"
        f"<MsgSignature>{_cdata(msg_signature)}</MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp>"
        f"<Nonce>{_cdata(nonce)}</Nonce>"
        "</xml>"
    )


def _cdata(text: str) -> str:
    # "]]>" would end the section, and what follows would be read as markup of our making.
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


def _root(body: bytes) -> Mapping[str, Any]:
    if len(body) > MAX_BODY_BYTES:
        raise WeChatXmlError("body is too large")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise WeChatXmlError("body is not UTF-8") from None
    if not _PROLOG.match(text):
        raise WeChatXmlError("body is not <xml>, or declares a document type")
    try:
        root = xmltodict.parse(text, disable_entities=True).get("xml")
    except (ExpatError, ValueError):
        raise WeChatXmlError("body is not well-formed") from None
    if not isinstance(root, dict):
        raise WeChatXmlError("body has no fields")
    return root


def _text(value: object) -> str:
    """One string per field: the first of duplicates, the text of an element with attributes."""
    if isinstance(value, list):
        value = value[0]
    if isinstance(value, dict):
        value = value.get("#text")
    return value if isinstance(value, str) else ""


def _kind_and_text(fields: Mapping[str, str]) -> tuple[MessageKind, str]:
    # wechatpy trusts every field it meets to be a string: it is given flat, filled ones.
    filled = {name: value for name, value in fields.items() if value}
    message = parse_message(xmltodict.unparse({"xml": filled}))
    if isinstance(message, events.BaseEvent) or fields["MsgType"].lower() == "event":
        return _event_kind_and_text(message)
    match message:
        case messages.TextMessage() if message.content != _UNSUPPORTED_TEXT:
            found = MessageKind.TEXT, message.content or ""
        case messages.VoiceMessage():
            found = MessageKind.VOICE, message.recognition or ""
        case messages.ImageMessage():
            found = MessageKind.IMAGE, ""
        case messages.LocationMessage():
            point = ",".join(part for part in message.location if part)
            found = MessageKind.LOCATION, message.label or point
        case messages.LinkMessage():
            parts = (message.title, message.description, message.url)
            found = MessageKind.LINK, "\n".join(part for part in parts if part)
        case _:
            found = MessageKind.UNSUPPORTED, ""
    return found


def _event_kind_and_text(event: Any) -> tuple[MessageKind, str]:
    match event:
        case (
            events.SubscribeEvent()
            | events.SubscribeScanEvent()
            | events.SubscribeScanProductEvent()
        ):
            return MessageKind.SUBSCRIBE, ""
        case events.UnsubscribeEvent():
            return MessageKind.UNSUBSCRIBE, ""
        case events.ClickEvent() if event.key:
            # A menu key is written as the question it stands for.
            return MessageKind.TEXT, event.key
    return MessageKind.NOTICE, ""


def _message_id(fields: Mapping[str, str]) -> str:
    """Name a push such that a redelivery has the same name, and nothing else has.

    Messages carry MsgId. Events do not: WeChat says to use FromUserName and CreateTime; the event
    and its key are added because two events can share a second. A message without a usable MsgId
    is known by all it says. Hashes keep the openid out of logs.
    """
    if fields["MsgType"].lower() == "event":
        return "event-" + _digest([fields.get(name, "") for name in _EVENT_ID_FIELDS])
    if _MESSAGE_ID.fullmatch(fields.get("MsgId", "")):
        return fields["MsgId"]
    return "hash-" + _digest(sorted(fields.items()))


def _digest(parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:40]


def _moment(create_time: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(create_time), UTC)
    except (ValueError, OverflowError, OSError):
        return None

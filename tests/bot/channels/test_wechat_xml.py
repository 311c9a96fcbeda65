"""What WeChat pushes, as InboundMessage; what we reply, as XML."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
import xmltodict
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat_pages import PAGE_BYTES, wechat_pages
from bot.channels.wechat_xml import (
    MAX_BODY_BYTES,
    Delivery,
    WeChatXmlError,
    parse_delivery,
    read_encrypt,
    sealed_reply_xml,
    text_reply_xml,
)
from bot.messages import Action, ChannelWords, InboundMessage, MessageKind, Reply, Tap

OPENID = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
WORDS = ChannelWords(
    more="继续看",
    finished="没有了",
    see_result="查看结果",
    rate="有用吗",
    useful="有用",
    useless="没用",
)


def push(
    fields: str, *, kind: str = "text", message_id: str = "<MsgId>6054768590064713728</MsgId>"
) -> bytes:
    return (
        f"<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName>"
        f"<FromUserName><![CDATA[{OPENID}]]></FromUserName>"
        f"<CreateTime>1409735668</CreateTime><MsgType><![CDATA[{kind}]]></MsgType>"
        f"{fields}{message_id}</xml>"
    ).encode()


def event(name: str, fields: str = "") -> bytes:
    return push(f"<Event><![CDATA[{name}]]></Event>{fields}", kind="event", message_id="")


def read(body: bytes) -> InboundMessage:
    return parse_delivery(body).message


def test_a_text() -> None:
    delivery = parse_delivery(push("<Content><![CDATA[发烧38.5℃怎么办]]></Content>"))
    assert delivery.account == "gh_10f6c3c3ac5a"
    assert delivery.message == InboundMessage(
        channel="wechat",
        message_id="6054768590064713728",
        person=OPENID,
        kind=MessageKind.TEXT,
        text="发烧38.5℃怎么办",
        sent_at=datetime(2014, 9, 3, 9, 14, 28, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("kind", "fields", "expected", "text"),
    [
        ("voice", "<Recognition><![CDATA[被狗咬了]]></Recognition>", MessageKind.VOICE, "被狗咬了"),
        ("voice", "<Recognition><![CDATA[]]></Recognition>", MessageKind.VOICE, ""),
        ("voice", "<MediaId>1</MediaId><Format>amr</Format>", MessageKind.VOICE, ""),
        ("image", "<PicUrl>http://p</PicUrl>", MessageKind.IMAGE, ""),
        ("video", "<MediaId>1</MediaId>", MessageKind.UNSUPPORTED, ""),
        ("shortvideo", "<MediaId>1</MediaId>", MessageKind.UNSUPPORTED, ""),
        (
            "location",
            "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Label>广州市</Label>",
            MessageKind.LOCATION,
            "广州市",
        ),
        (
            "location",
            "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Label/>",
            MessageKind.LOCATION,
            "23.1,113.3",
        ),
        (
            "link",
            "<Title>震惊</Title><Description>转发</Description><Url>https://x.cn/?a=1&amp;b=2</Url>",
            MessageKind.LINK,
            "震惊\n转发\nhttps://x.cn/?a=1&b=2",
        ),
        ("link", "<Title/><Description/><Url>https://x.cn</Url>", MessageKind.LINK, "https://x.cn"),
        ("hologram", "<Content>来自未来</Content>", MessageKind.UNSUPPORTED, ""),
        ("device_text", "<Content>1</Content>", MessageKind.NOTICE, ""),
        (
            "text",
            "<Content><![CDATA[【收到不支持的消息类型，暂无法显示】]]></Content>",
            MessageKind.UNSUPPORTED,
            "",
        ),
        ("TEXT", "<Content>大写</Content>", MessageKind.TEXT, "大写"),
    ],
)
def test_kinds_of_message(kind: str, fields: str, expected: MessageKind, text: str) -> None:
    message = read(push(fields, kind=kind))
    assert (message.kind, message.text) == (expected, text)
    assert message.message_id == ("6054768590064713728")


@pytest.mark.parametrize(
    ("name", "fields", "expected", "text"),
    [
        ("subscribe", "", MessageKind.SUBSCRIBE, ""),
        ("subscribe", "<EventKey></EventKey>", MessageKind.SUBSCRIBE, ""),
        (
            "subscribe",
            "<EventKey>qrscene_12</EventKey><Ticket>T</Ticket>",
            MessageKind.SUBSCRIBE,
            "",
        ),
        ("unsubscribe", "<EventKey></EventKey>", MessageKind.UNSUBSCRIBE, ""),
        ("CLICK", "<EventKey>怎么防诈骗</EventKey>", MessageKind.TEXT, "怎么防诈骗"),
        ("CLICK", "<EventKey></EventKey>", MessageKind.NOTICE, ""),
        ("VIEW", "<EventKey>https://x</EventKey>", MessageKind.NOTICE, ""),
        ("SCAN", "<EventKey>12</EventKey><Ticket>T</Ticket>", MessageKind.NOTICE, ""),
        ("LOCATION", "<Latitude>23.1</Latitude>", MessageKind.NOTICE, ""),
        (
            "TEMPLATESENDJOBFINISH",
            "<MsgID>1</MsgID><Status>success</Status>",
            MessageKind.NOTICE,
            "",
        ),
        (
            "scancode_push",
            "<ScanCodeInfo><ScanType>qrcode</ScanType></ScanCodeInfo>",
            MessageKind.NOTICE,
            "",
        ),
        ("debug_demo", "<debug_str>hello</debug_str>", MessageKind.NOTICE, ""),
        ("", "", MessageKind.NOTICE, ""),
    ],
)
def test_kinds_of_event(name: str, fields: str, expected: MessageKind, text: str) -> None:
    message = read(event(name, fields))
    assert (message.kind, message.text) == (expected, text)


def test_a_tapped_link_brings_its_meaning() -> None:
    tapped = read(push("<Content>继续看</Content><bizmsgmenuid>m.t1.2</bizmsgmenuid>"))
    assert tapped.tap == Tap(Action.MORE, "t1", 2)
    assert read(push("<Content>x</Content><bizmsgmenuid>101</bizmsgmenuid>")).tap is None


def test_a_tap_on_a_menu_is_told_from_a_word() -> None:
    assert read(push("<Content>继续看</Content><bizmsgmenuid>m.t1.2</bizmsgmenuid>")).from_menu
    assert read(event("CLICK", "<EventKey>血压</EventKey>")).from_menu
    assert read(event("subscribe", "")).from_menu
    assert not read(push("<Content>血压</Content>")).from_menu


def test_an_event_has_the_same_name_when_pushed_again_and_another_when_it_differs() -> None:
    clicks = [event("CLICK", f"<EventKey>{key}</EventKey>") for key in ("一", "一", "二")]
    first, again, other = (read(click).message_id for click in clicks)
    assert first == again != other
    assert OPENID not in first


@pytest.mark.parametrize(
    "message_id", ["", "<MsgId>0</MsgId>", "<MsgId>00</MsgId>", "<MsgId/>", "<MsgId>x</MsgId>"]
)
def test_messages_without_a_usable_id_are_told_apart_by_what_they_say(message_id: str) -> None:
    texts = [push(f"<Content>{text}</Content>", message_id=message_id) for text in "甲甲乙"]
    first, again, other = (read(text).message_id for text in texts)
    assert first == again != other
    assert first.startswith("hash-")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<Content>一</Content><Content>二</Content>", "一"),
        ("<Content><b>嵌</b></Content>", ""),
        ('<Content x="1">有属性</Content>', "有属性"),
        ("<Content/>", ""),
        ("", ""),
        ("<Content>  空白  </Content>", "空白"),
        ("<Content><![CDATA[这段<!DOCTYPE html>是什么]]></Content>", "这段<!DOCTYPE html>是什么"),
    ],
)
def test_odd_fields_become_text(content: str, text: str) -> None:
    assert read(push(content)).text == text


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(9))
    + b"]><xml><Content>&a8;</Content></xml>"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"<xml>",
        b"<xml/>",
        b"<xml>text</xml>",
        b"<xml><a></xml>",
        b"<html></html>",
        b"<xml><MsgType>text</MsgType></xml>",
        b"<!DOCTYPE xml>" + push(""),
        b"<?xml version='1.0'?>\n<!DoCtYpE xml>" + push(""),
        b"<!-- x --><!DOCTYPE xml>" + push(""),
        push("<!DOCTYPE xml>"),
        push('<!ENTITY x "y">'),
        push("<Content>&undefined;</Content>"),
        push("\x00"),
        push("<FromUserName>a</FromUserName>").replace(OPENID.encode(), "汉".encode()),
        push("").replace(b"<![CDATA[text]]>", b""),
        push("").replace(b"gh_10f6c3c3ac5a", b""),
        push("<Content>发烧</Content>").decode().encode("gbk"),
        push("<Content>" + "x" * MAX_BODY_BYTES + "</Content>"),
        BOMB,
    ],
)
def test_a_bad_body_is_refused_by_name(body: bytes) -> None:
    with pytest.raises(WeChatXmlError):
        parse_delivery(body)


@pytest.mark.parametrize("created", ["x", "-1e9", "99999999999999999999", ""])
def test_a_moment_that_cannot_be_read_is_left_out(created: str) -> None:
    body = push("<Content>好</Content>").replace(b"1409735668", created.encode())
    assert read(body).sent_at is None


def test_deep_nesting_is_only_a_field_without_text() -> None:
    deep = "<a>" * 8000 + "</a>" * 8000
    assert read(push(f"<Content>好</Content><x>{deep}</x>")).text == "好"


names = st.sampled_from(
    [
        "MsgType",
        "Event",
        "EventKey",
        "Content",
        "MsgId",
        "Recognition",
        "Location_X",
        "CreateTime",
        "Url",
    ]
)
values = st.sampled_from(
    [
        "",
        "event",
        "text",
        "voice",
        "location",
        "device_event",
        "subscribe",
        "CLICK",
        "qrscene_",
        "scanbarcode|1",
        "0",
        "<a/>",
        "<a>b</a>",
    ]
)


@given(st.lists(st.tuples(names, values), max_size=12))
def test_no_fields_raise_anything_untyped(fields: list[tuple[str, str]]) -> None:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields)
    body = (
        f"<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName>{inner}</xml>".encode()
    )
    with suppress(WeChatXmlError):
        assert parse_delivery(body).message.person == "o1"


def test_the_encrypted_part_must_be_one() -> None:
    assert (
        read_encrypt(b"<xml><Content>x</Content><Encrypt><![CDATA[QUJD]]></Encrypt></xml>")
        == "QUJD"
    )
    for inner in (
        "",
        "<Encrypt/>",
        "<Encrypt>a</Encrypt><Encrypt>b</Encrypt>",
        "<Encrypt><a/></Encrypt>",
    ):
        with pytest.raises(WeChatXmlError):
            read_encrypt(f"<xml>{inner}</xml>".encode())


def delivery() -> Delivery:
    return parse_delivery(push("<Content>问</Content>"))


@given(
    st.text(st.characters(exclude_categories=[]))
    | st.text(st.sampled_from("]>[<!CDATA&\x00\ud800"))
)
def test_a_reply_is_well_formed_and_says_exactly_its_page(text: str) -> None:
    for page in wechat_pages(Reply(text=text), WORDS):
        fields = xmltodict.parse(
            text_reply_xml(page, delivery(), 1700000000).encode(), strip_whitespace=False
        )["xml"]
        assert fields == {
            "ToUserName": OPENID,
            "FromUserName": "gh_10f6c3c3ac5a",
            "CreateTime": "1700000000",
            "MsgType": "text",
            "Content": page,
        }
        assert len(page.encode()) <= PAGE_BYTES


def test_a_reply_cannot_be_given_another_type() -> None:
    attack = "a]]></Content><MsgType>news</MsgType><Content><![CDATA["
    fields = xmltodict.parse(text_reply_xml(attack, delivery(), 1))["xml"]
    assert fields["MsgType"] == "text"
    assert fields["Content"] == attack


def test_the_envelope_of_a_sealed_reply() -> None:
    assert xmltodict.parse(sealed_reply_xml("RU5D", "5d19", "1409735669", "n]]>"))["xml"] == {
        "Encrypt": "RU5D",
        "MsgSignature": "5d19",
        "TimeStamp": "1409735669",
        "Nonce": "n]]>",
    }

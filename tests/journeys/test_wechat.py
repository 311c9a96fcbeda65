"""WeChat's side of the wire against the real endpoint: real HTTP, real crypto, three modes."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import structlog
import xmltodict

from bot.channels.wechat import WeChatAccount, create_wechat_router
from bot.messages import Action, MessageKind, Tap
from tests.fakes.wechat_sender import (
    APPID,
    KEY,
    LONG,
    MODES,
    OPENID,
    SUCCESS,
    TOKEN,
    WORDS,
    ScriptedResponder,
    WeChat,
    crypto,
    event_xml,
    served,
    text_xml,
)

pytestmark = pytest.mark.journey


@pytest.fixture(params=MODES)
def wechat(request: pytest.FixtureRequest) -> Iterator[WeChat]:
    with served(request.param) as running:
        yield running


@pytest.fixture
def safe() -> Iterator[WeChat]:
    with served("safe") as running:
        yield running


def test_the_url_is_verified(wechat: WeChat) -> None:
    answer = wechat.http.get(wechat.url, params=wechat.query(echostr="4375120948345356249"))
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")
    assert answer.headers["content-type"].startswith("text/plain")
    wrong = wechat.query(echostr="1") | {"signature": "0" * 40}
    assert wechat.http.get(wechat.url, params=wrong).status_code == 403
    old = wechat.query(at=time.time() - 301, echostr="1")
    assert wechat.http.get(wechat.url, params=old).status_code == 403
    assert wechat.http.get(wechat.url, params=wechat.query()).status_code == 400
    assert wechat.http.get(wechat.url).status_code == 400


def test_an_encrypted_echo_is_decrypted(safe: WeChat) -> None:
    query = safe.query()
    encrypt, signature = crypto().seal("1616140317555161061", query["timestamp"], query["nonce"])
    query |= {"echostr": encrypt, "msg_signature": signature}
    assert safe.http.get(safe.url, params=query).text == "1616140317555161061"
    forged = query | {"msg_signature": "0" * 40}
    assert safe.http.get(safe.url, params=forged).status_code == 403


def test_a_question_is_answered_in_the_response(wechat: WeChat) -> None:
    page = wechat.say("发烧38.5℃怎么办")
    assert page.startswith("答：发烧38.5℃怎么办")
    wechat.tap(page, "还有呢")
    wechat.tap(page, "有用")
    assert [message.tap for message in wechat.responder.heard] == [
        None,
        Tap(Action.ASK, "t1", 1),
        Tap(Action.RATE, "t1", 1),
    ]
    assert wechat.responder.heard[0].person == OPENID


def test_a_retried_push_brings_the_same_id(wechat: WeChat) -> None:
    pages = {wechat.say("问", message_id="6054768590064713728") for _ in range(3)}
    assert len(pages) == 1
    assert {message.message_id for message in wechat.responder.heard} == {"6054768590064713728"}
    assert len(wechat.responder.heard) == 3
    assert len(wechat.responder.turns) == 1


def test_a_slow_answer_is_announced_and_collected(wechat: WeChat) -> None:
    started = time.monotonic()
    placeholder = wechat.say("慢")
    assert time.monotonic() - started < 2
    assert placeholder.startswith("正在查询…")
    wechat.responder.release.set()
    deadline = time.monotonic() + 5
    while not wechat.responder.late and time.monotonic() < deadline:
        time.sleep(0.01)
    assert wechat.tap(placeholder, "查看结果") == "慢慢查到的答案"


def test_a_second_question_is_answered_while_the_first_is_pending(wechat: WeChat) -> None:
    assert "查看结果" in wechat.say("慢")
    assert wechat.say("急").startswith("答：急")


def test_placeholders_come_even_when_every_worker_is_busy() -> None:
    with served("safe", workers=1) as wechat:
        assert all("查看结果" in wechat.say("慢") for _ in range(3))


def test_a_placeholder_that_is_itself_too_slow_is_silence(safe: WeChat) -> None:
    started = time.monotonic()
    assert safe.say("卡死") == ""
    assert time.monotonic() - started < 3


def test_a_long_answer_is_read_page_by_page(wechat: WeChat) -> None:
    pages = [wechat.say("长")]
    while "继续看" in pages[-1]:
        assert "有用吗" not in pages[-1]
        pages.append(wechat.tap(pages[-1], "继续看"))
    assert len(pages) > 2
    assert "有用吗" in pages[-1]
    bodies = [re.sub(r"\n\n(<a.*|有用吗.*)", "", page, flags=re.DOTALL) for page in pages]
    assert "".join(bodies) == LONG
    assert wechat.say("继续看", tap="m.t3.99") == WORDS.finished


def test_no_answer_is_a_bare_success(wechat: WeChat) -> None:
    assert wechat.push(text_xml("不答")).text == SUCCESS


def test_a_failing_responder_is_a_bare_success_and_logs_no_words(wechat: WeChat) -> None:
    with structlog.testing.capture_logs() as logs:
        assert wechat.push(text_xml("坏")).text == SUCCESS
    assert any(entry.get("error") == "RuntimeError" for entry in logs)
    assert OPENID not in str(logs)
    assert "secret in an error" not in str(logs)


def test_events(wechat: WeChat) -> None:
    assert wechat.seen(wechat.push(event_xml("subscribe"))) == "收到subscribe"
    assert wechat.seen(wechat.push(event_xml("subscribe", "qrscene_9"))) == "收到subscribe"
    assert wechat.seen(wechat.push(event_xml("CLICK", "防诈骗"))).startswith("答：防诈骗")
    assert wechat.push(event_xml("unsubscribe")).text == SUCCESS
    for name in ("SCAN", "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "from_the_future"):
        assert wechat.push(event_xml(name)).text == SUCCESS
    kinds = [message.kind for message in wechat.responder.heard]
    assert MessageKind.NOTICE not in kinds
    assert len({message.message_id for message in wechat.responder.heard}) == 4


def test_a_message_type_from_the_future_is_unsupported(wechat: WeChat) -> None:
    assert wechat.seen(wechat.push(text_xml("x", kind="hologram"))) == "收到unsupported"


def test_old_and_future_timestamps_are_refused(wechat: WeChat) -> None:
    for shift in (-301, 302):
        assert wechat.push(text_xml("问"), at=time.time() + shift).status_code == 403
    assert wechat.push(text_xml("问"), at=time.time() - 290).status_code == 200


def test_wrong_signatures_are_refused(wechat: WeChat) -> None:
    name = "signature" if wechat.mode == "plain" else "msg_signature"
    for wrong in ("0" * 40, "x"):
        assert wechat.push(text_xml("问"), **{name: wrong}).status_code == 403
    assert wechat.push(text_xml("问"), nonce="another").status_code == 403
    assert wechat.push(text_xml("问"), timestamp="soon").status_code == 400
    assert wechat.push(text_xml("问"), nonce="").status_code == 400
    assert wechat.http.post(wechat.url, content=b"").status_code == 400
    assert wechat.responder.heard == []


def test_repeated_parameters_are_refused(wechat: WeChat) -> None:
    query = [*wechat.query().items(), ("timestamp", "1")]
    assert wechat.http.post(wechat.url, params=query, content=b"x").status_code == 400


def test_safe_mode_refuses_a_downgrade(safe: WeChat) -> None:
    plain = text_xml("问").encode()
    for extra in ({}, {"encrypt_type": "raw"}, {"msg_signature": "0" * 40}):
        refused = safe.http.post(safe.url, params=safe.query(**extra), content=plain)
        assert refused.status_code == 403
    unsigned = safe.query(encrypt_type="aes")
    body = b"<xml><Encrypt>QUJD</Encrypt></xml>"
    assert safe.http.post(safe.url, params=unsigned, content=body).status_code == 403
    assert safe.responder.heard == []


def test_compatible_mode_ignores_the_plain_fields_beside_the_encrypted_part() -> None:
    with served("compatible") as wechat:
        query = wechat.query()
        encrypt, signature = crypto().seal(text_xml("真"), query["timestamp"], query["nonce"])
        query |= {"encrypt_type": "aes", "msg_signature": signature}
        body = text_xml("假").replace("</xml>", f"<Encrypt>{encrypt}</Encrypt></xml>")
        page = wechat.seen(wechat.http.post(wechat.url, params=query, content=body.encode()))
        assert page.startswith("答：真")


def test_compatible_mode_answers_a_plain_push_in_the_clear() -> None:
    with served("compatible") as wechat:
        body = text_xml("问").encode()
        answer = wechat.http.post(wechat.url, params=wechat.query(), content=body)
        assert "答：问" in xmltodict.parse(answer.content)["xml"]["Content"]


def test_a_message_sealed_for_another_account_is_swallowed(safe: WeChat) -> None:
    query = safe.query()
    sealed = crypto("wxother").seal(text_xml("问"), query["timestamp"], query["nonce"])
    query |= {"encrypt_type": "aes", "msg_signature": sealed[1]}
    body = f"<xml><Encrypt>{sealed[0]}</Encrypt></xml>".encode()
    assert safe.http.post(safe.url, params=query, content=body).text == SUCCESS
    assert safe.responder.heard == []


BOMB = (
    '<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><Content>&c;</Content></xml>'
)


@pytest.mark.parametrize("xml", [BOMB, "<!DOCTYPE xml>" + text_xml("问"), "<xml>", "", "{}"])
def test_what_is_genuine_but_broken_is_swallowed(wechat: WeChat, xml: str) -> None:
    # In compatible mode the envelope would break too, which nobody has signed.
    if wechat.mode == "compatible":
        wechat.mode = "safe"
    assert wechat.push(xml).text == SUCCESS
    assert wechat.responder.heard == []


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        "<!DOCTYPE xml><xml><Encrypt>QUJD</Encrypt></xml>",
        "<xml><Encrypt>QUJD</Encrypt><Encrypt>QUJD</Encrypt></xml>",
        "<xml></xml>",
        "",
    ],
)
def test_a_broken_envelope_is_a_bad_request(safe: WeChat, body: str) -> None:
    query = safe.query(encrypt_type="aes", msg_signature="0" * 40)
    assert safe.http.post(safe.url, params=query, content=body.encode()).status_code == 400


def test_a_body_over_the_limit_is_refused_also_when_its_length_is_not_declared(
    wechat: WeChat,
) -> None:
    large = b"<xml>" + b"x" * 70 * 1024 + b"</xml>"
    assert wechat.http.post(wechat.url, params=wechat.query(), content=large).status_code == 413
    chunks = (large[start : start + 8192] for start in range(0, len(large), 8192))
    assert wechat.http.post(wechat.url, params=wechat.query(), content=chunks).status_code == 413


def test_a_body_that_does_not_come_is_not_waited_for(safe: WeChat) -> None:
    address = urlsplit(safe.url)
    head = f"POST /wechat HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 100\r\n\r\n<xml>"
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=5) as slow:
        slow.sendall(head.encode())
        assert slow.recv(100).startswith(b"HTTP/1.1 408")
    with socket.create_connection((str(address.hostname), address.port or 0), timeout=5) as gone:
        gone.sendall(head.encode())
    assert safe.say("还在").startswith("答：还在")


def test_refusals_are_logged_without_the_openid(wechat: WeChat) -> None:
    with structlog.testing.capture_logs() as logs:
        wechat.push(text_xml("我的秘密"), nonce="another")
    assert any(entry["event"] == "wechat_refused" for entry in logs)
    assert OPENID not in str(logs)
    assert "我的秘密" not in str(logs)


def test_shutdown_finishes_the_answers_that_were_begun() -> None:
    with served("safe") as wechat:
        assert "查看结果" in wechat.say("慢")
        assert wechat.responder.late == []
    assert [reply.text for reply in wechat.responder.late] == ["慢慢查到的答案"]
    with pytest.raises(RuntimeError, match="shutdown"):
        wechat.router._pool.submit(print)
    wechat.router.close()


def test_an_account_that_cannot_work_is_refused_at_the_start() -> None:
    for account in (
        WeChatAccount("", APPID, KEY, "safe"),
        WeChatAccount(TOKEN, "", KEY, "safe"),
        WeChatAccount(TOKEN, APPID, "", "safe"),
        WeChatAccount(TOKEN, APPID, "short", "compatible"),
    ):
        with pytest.raises(ValueError, match=r"token|EncodingAESKey"):
            create_wechat_router(ScriptedResponder(), account, WORDS)


def test_an_accounts_secrets_are_not_in_its_representation() -> None:
    shown = repr(WeChatAccount(TOKEN, APPID, KEY))
    assert TOKEN not in shown
    assert KEY not in shown

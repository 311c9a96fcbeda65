from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from bot.channels.web_input import JSON_BYTES
from bot.channels.web_session import COOKIE, KEPT_SECONDS
from bot.messages import Action, Choice, MessageKind, Reply, Tap
from tests.bot.channels.web_house import ANSWER, House, send_form


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(house.app) as client:
        yield client


# ---- the page


def test_first_visit_shows_the_welcome_and_sets_a_guarded_cookie(house, client):
    page = client.get("/")
    assert page.status_code == 200
    assert "您好，欢迎。" in page.text
    assert "〔privacy〕" in page.text
    assert 'lang="zh-CN"' in page.text
    [cookie] = page.headers.get_list("set-cookie")
    assert cookie.startswith(COOKIE)
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    [welcome] = house.responder.seen
    assert welcome.kind is MessageKind.SUBSCRIBE
    assert welcome.channel == "web"
    assert welcome.message_id == f"welcome-{welcome.person}"


def test_cookie_is_secure_behind_https(house):
    with TestClient(house.app, base_url="https://kepubang.example") as client:
        assert "secure" in client.get("/").headers["set-cookie"].lower()


def test_second_visit_keeps_the_person(house, client):
    client.get("/")
    client.get("/")
    assert len({message.person for message in house.responder.seen}) == 1


@pytest.mark.parametrize(
    "cookie",
    ["forged", "a.b.c", "", ".", "..", "\xff\xfe", "x" * 4000, "eyJ.AAAA.AAAA", '"quoted"'],
)
def test_forged_cookie_gets_a_fresh_session(house, cookie):
    with TestClient(house.app) as client:
        headers = {"cookie": f"{COOKIE}={cookie}".encode("latin-1")}
        page = client.get("/", headers=headers)
        assert page.status_code == 200
        assert COOKIE in page.headers["set-cookie"]
        assert client.post("/chat", json={"id": "1", "text": "盐"}, headers=headers).is_success
        assert cookie not in {message.person for message in house.responder.seen}


def test_old_cookie_gets_a_fresh_session(house, client):
    client.get("/")
    house.now += KEPT_SECONDS + 2
    client.get("/")
    assert len({message.person for message in house.responder.seen}) == 2


def test_a_cookie_signed_with_another_secret_is_forged(house, client):
    client.get("/")
    name, _, rest = client.cookies[COOKIE].partition(".")
    client.cookies.clear()
    client.get("/", headers={"cookie": f"{COOKIE}={'A' * len(name)}.{rest}"})
    assert house.responder.seen[-1].person not in ("A" * len(name), name)


def test_the_page_forbids_everything_from_elsewhere(client):
    for path in ("/", "/api/docs"):
        page = client.get(path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert page.headers["x-content-type-options"] == "nosniff"
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", page.text)
        assert not re.search(r"<script(?![^>]*src)|\son\w+=|\sstyle=", page.text)


def test_without_a_welcome_the_page_introduces_itself(house, client):
    house.responder.script = lambda message: None
    page = client.get("/").text
    assert "〔intro〕" in page
    assert 'name="text" value="血压高了怎么办"' in page


def test_a_failing_responder_still_gives_a_page(house, client):
    house.responder.script = lambda message: 1 / 0
    assert "〔intro〕" in client.get("/").text
    answer = client.post("/chat", json={"id": "1", "text": "盐"})
    assert answer.status_code == 503
    assert answer.json() == {"message": "〔unavailable〕", "code": "unavailable"}
    page = send_form(client, id="1", text="我的问题")
    assert page.status_code == 503
    assert "〔unavailable〕" in page.text
    assert ">我的问题</textarea>" in page.text


# ---- /chat


def test_chat_answers_with_what_can_be_tapped(house, client):
    client.get("/")
    answer = client.post("/chat", json={"id": "m1", "text": " 血压高 "})
    assert answer.json() == {
        "text": ANSWER.text,
        "heading": "还可以问：",
        "choices": [{"number": 1, "label": "吃多少盐", "tap": "a.t1.1"}],
        "turn": "t1",
        "rateable": True,
        "pending": False,
    }
    [message] = house.responder.texts
    assert message.text == "血压高"
    assert message.person == house.responder.seen[0].person
    assert message.sent_at is not None
    assert message.sent_at.timestamp() == house.now


def talk_live(client, text="血压高了怎么办"):
    return client.post(
        "/chat",
        json={"id": "m1", "text": text},
        headers={"accept": "application/x-ndjson, application/json"},
    )


def test_sentences_are_sent_as_they_come_and_the_whole_reply_last(house, client):
    def slowly(message):
        message.live("先坐下。[1]")
        message.live("再量。\x00[1]")
        return ANSWER

    house.responder.script = slowly
    response = talk_live(client)
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert COOKIE in response.headers["set-cookie"]
    events = [json.loads(line) for line in response.text.splitlines()]
    assert [event.get("sentence") for event in events[:-1]] == ["先坐下。[1]", "再量。[1]"]
    assert events[-1]["reply"]["text"] == ANSWER.text


def test_a_failure_while_lines_are_written_is_a_sentence_and_no_broken_stream(house, client):
    def fails(message):
        message.live("先坐下。[1]")
        raise RuntimeError

    house.responder.script = fails
    *_, last = [json.loads(line) for line in talk_live(client).text.splitlines()]
    assert last["problem"]["code"] == "unavailable"


def test_a_bad_message_is_refused_plainly_to_a_page_that_reads_lines(client):
    response = talk_live(client, " ")
    assert response.status_code == 422
    assert response.json()["code"] == "text_missing"


def test_resending_an_id_reaches_the_responder_as_the_same_message(house, client):
    client.get("/")
    for _ in range(3):
        client.post("/chat", json={"id": "m1", "text": "血压高"})
    client.post("/chat", json={"id": "m2", "text": "血压高"})
    client.post("/chat", json={"id": "m1", "text": "另一句"})
    ids = [message.message_id for message in house.responder.texts]
    assert len(set(ids[:3])) == 1
    assert len(set(ids)) == 3


def test_two_people_with_one_id_are_two_messages(house):
    for _ in range(2):
        with TestClient(house.app) as client:
            client.get("/")
            client.post("/chat", json={"id": "same", "text": "血压高"})
    first, second = house.responder.texts
    assert first.person != second.person
    assert first.message_id != second.message_id


def test_a_tap_arrives_as_a_tap(house, client):
    client.get("/")
    client.post("/chat", json={"id": "m1", "tap": "r.t1.1"})
    client.post("/chat", json={"id": "m1", "text": "r.t1.1"})
    tapped, typed = house.responder.texts
    assert tapped.tap == Tap(Action.RATE, "t1", 1)
    assert tapped.text == ""
    assert typed.tap is None
    assert tapped.message_id != typed.message_id


def test_a_pending_reply_offers_its_result(house, client):
    house.responder.script = lambda message: Reply("正在查", turn="t9", pending=True)
    answer = client.post("/chat", json={"id": "m1", "text": "血压高"}).json()
    assert answer["pending"] is True
    assert answer["choices"] == [{"number": 1, "label": "查看结果", "tap": "c.t9.0"}]


def test_silence_is_an_empty_text(house, client):
    house.responder.script = lambda message: None
    assert client.post("/chat", json={"id": "m1", "text": "嗯"}).json()["text"] == ""


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b"[]", "invalid_json"),
        (b'"text"', "invalid_json"),
        (b"\xff\xfe\x00", "invalid_json"),
        (b"[" * 60_000, "invalid_json"),
        (b'{"n": ' + b"1" * 5_000 + b"}", "invalid_json"),
        (b"{}", "bad_message"),
        (b'{"id": "1"}', "text_missing"),
        (b'{"id": "1", "text": "  "}', "text_missing"),
        (b'{"id": "1", "text": "\\u0000"}', "text_missing"),
        (b'{"id": "1", "text": 7}', "bad_message"),
        (b'{"id": 1, "text": "x"}', "bad_message"),
        (b'{"id": "", "text": "x"}', "bad_message"),
        (b'{"id": "' + b"i" * 101 + b'", "text": "x"}', "bad_message"),
        (b'{"id": "1", "tap": "z.t1.1"}', "bad_message"),
        (b'{"id": "1", "tap": ["a.t1.1"]}', "bad_message"),
    ],
)
def test_bad_messages_are_refused_plainly(house, client, body, code):
    answer = client.post("/chat", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert answer.json()["message"].startswith("〔")
    assert not house.responder.texts


@pytest.mark.parametrize("path", ["/chat", "/api/ask"])
def test_a_body_over_the_limit_is_413(house, client, path):
    for text in ("字" * 100_000, "x" * 100_000):
        answer = client.post(path, json={"id": "1", "text": text})
        assert answer.status_code == 413
        assert answer.json() == {"message": "〔too_long〕", "code": "too_large"}

    def unannounced() -> Iterator[bytes]:
        for _ in range(80):
            yield b"x" * 1024

    assert client.post(path, content=unannounced()).status_code == 413
    assert client.post(path, content=b"", headers={"content-length": "9" * 5_000}).is_client_error
    assert not house.responder.texts
    assert not house.asked


def test_a_body_at_the_limit_is_answered(client):
    frame = len(json.dumps({"id": "1", "text": ""}))
    body = json.dumps({"id": "1", "text": "x" * (JSON_BYTES - frame)})
    assert len(body) == JSON_BYTES
    assert client.post("/chat", content=body).is_success


@pytest.mark.parametrize("text", [r"\ud800", r"a\udfffb", r"\u0000盐\u0007", r"\ud83d\ude00"])
def test_half_characters_and_nul_never_fail(house, client, text):
    house.responder.script = lambda message: Reply("您说：" + message.text + "\ud800")
    body = f'{{"id": "1", "text": "盐{text}"}}'.encode()
    answer = client.post("/chat", content=body)
    assert answer.is_success
    answer.json()["text"].encode("utf-8")
    said = house.responder.texts[0].text
    assert "\0" not in said
    said.encode("utf-8")
    asked = client.post("/api/ask", content=body)
    assert asked.is_success
    house.asked[0].encode("utf-8")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_cannot_talk_for_the_visitor(house, client, site):
    headers = {"sec-fetch-site": site}
    assert client.post("/chat", json={"id": "1", "text": "x"}, headers=headers).status_code == 403
    answer = send_form(client, headers, id="1", text="x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert "set-cookie" not in answer.headers
    assert not house.responder.texts


def test_an_older_browser_is_judged_by_its_origin(house, client):
    assert send_form(client, {"origin": "https://evil.example"}, id="1", text="x").is_redirect
    assert send_form(client, {"origin": "null"}, id="1", text="x").is_redirect
    assert send_form(client, {"origin": "http://testserver"}, id="1", text="x").is_success
    assert len(house.responder.texts) == 1


# ---- without JavaScript


def test_the_plain_form_gives_a_page_with_the_answer(house, client):
    first = client.get("/").text
    message_id = re.search(r'name="id" value="(\w+)"', first)[1]
    page = send_form(client, id=message_id, text="血压高")
    assert page.status_code == 200
    assert "血压高" in page.text
    assert re.search(r'data-part="text">少吃盐。</div>', page.text)
    assert re.search(r'data-part="sources">来源：\s+某卫健委，2024</div>', page.text)
    assert 'name="tap" value="a.t1.1"' in page.text
    assert 'name="tap" value="r.t1.0"' in page.text
    assert len({message.person for message in house.responder.seen}) == 1


def test_reloading_the_answers_page_asks_once(house, client):
    client.get("/")
    for _ in range(2):
        send_form(client, id="1", text="血压高")
    assert len(house.responder.stored) == 2  # the welcome and the question


def test_a_tap_in_a_plain_form_shows_what_was_tapped(house, client):
    page = send_form(client, id="1", tap="a.t1.1", label="吃多少盐").text
    assert re.search(r'data-part="said">吃多少盐<', page)
    assert house.responder.texts[0].tap == Tap(Action.ASK, "t1", 1)


def test_an_empty_form_says_so(client):
    page = send_form(client, id="1", text=" ")
    assert page.status_code == 422
    assert "〔text_missing〕" in page.text


def test_hostile_forms_are_never_a_server_error(client):
    kind = {"content-type": "application/x-www-form-urlencoded"}
    for body in (b"", b"\xff\x00", b"id=1&text=%ff%fe", b"&".join([b"a=b"] * 500), b"text=x"):
        assert client.post("/", content=body, headers=kind).status_code in (200, 422)
    assert client.post("/", content=b"x" * 300_000, headers=kind).status_code == 413


def test_nothing_a_person_or_a_reply_says_becomes_html(house, client):
    attack = "<img src=x onerror=alert(1)>\"'&<script>"
    house.responder.script = lambda message: Reply(
        attack + "\n来源：" + attack,
        (Choice(1, attack, Tap(Action.ASK, "t", 1)),),
        heading=attack,
    )
    for page in (
        client.get("/"),
        send_form(client, id="1", text=attack),
        send_form(client, id="1", tap="a.t.1", label=attack),
        send_form(client, id=attack * 9, text="</textarea>" + attack),
    ):
        assert "<img src=x" not in page.text
        assert "<script>" not in page.text
        assert "</textarea><img" not in page.text
        assert "&lt;img src=x" in page.text


def test_a_page_under_a_prefix_finds_its_parts(house):
    with TestClient(house.app, root_path="/bang") as client:
        page = client.get("/").text
        assert 'action="/bang/"' in page
        assert 'data-chat="/bang/chat"' in page
        assert 'href="/bang/static/chat.css?v=' in page

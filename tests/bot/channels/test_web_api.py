from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from bot.channels.web import create_web_router
from bot.channels.web_view import view_reply
from bot.channels.web_words import WebWords
from bot.messages import Reply
from tests.bot.channels.web_house import ASKED, PAGE, WORDS, House, ScriptedResponder


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    with TestClient(house.app) as client:
        yield client


# ---- /api/ask, its document and its page


def test_ask_returns_the_contract(house, client):
    answer = client.post("/api/ask", json={"text": "血压高"})
    assert answer.status_code == 200
    assert answer.json() == ASKED
    assert house.asked == ["血压高"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "invalid_json"),
        (b"not json", "invalid_json"),
        (b"[1]", "invalid_json"),
        (b"{}", "text_missing"),
        (b'{"text": null}', "text_missing"),
        (b'{"text": 5}', "text_missing"),
        (b'{"text": ["a"]}', "text_missing"),
    ],
)
def test_ask_refuses_plainly(house, client, body, code):
    answer = client.post("/api/ask", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == code
    assert set(answer.json()) == {"message", "code"}
    assert not house.asked


def test_an_address_that_asks_too_fast_is_told_to_wait(house, client):
    house.admits = False
    answer = client.post("/api/ask", json={"text": "血压高"})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_fast")
    assert answer.headers["retry-after"] == "60"
    assert client.post("/chat", json={"id": "1", "text": "血压高"}).status_code == 429
    assert house.asked == []
    assert house.responder.texts == []


def test_a_failing_assistant_is_503_and_its_words_are_not_logged(house, client, caplog):
    def fail(text: str) -> dict[str, object]:
        raise RuntimeError(f"broke on {text}")

    house.ask = fail
    answer = client.post("/api/ask", json={"text": "私房话"})
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert "RuntimeError" in caplog.text
    assert "私房话" not in caplog.text
    house.ask = lambda text: {"text": text}  # not the contract
    assert client.post("/api/ask", json={"text": "x"}).status_code == 503


def test_the_openapi_document_is_exact(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert list(paths) == ["/api/ask"]
    post = paths["/api/ask"]["post"]
    assert set(post["responses"]) == {"200", "413", "422", "429", "503"}
    request = post["requestBody"]["content"]["application/json"]["schema"]
    assert request["required"] == ["text"]
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert set(schemas["AskAnswer"]["required"]) == set(ASKED)
    assert schemas["AskAnswer"]["properties"]["verdict"]["enum"] == [
        "answered",
        "emergency",
        "scam",
        "rumour",
        "clarify",
        "refused",
        "abstained",
        "handed_off",
    ]


# ---- files


def test_static_files_can_be_kept_and_are_not_guessed(client):
    page = client.get("/").text
    for kind in ("text/css", "text/javascript", "image/svg+xml"):
        found = [client.get(address) for address in re.findall(r'"(/static/[^"]+)"', page)]
        assert any(file.headers["content-type"].startswith(kind) for file in found)
        assert all("immutable" in file.headers["cache-control"] for file in found)
        assert all(file.headers["x-content-type-options"] == "nosniff" for file in found)
    plain = client.get("/static/chat.css")
    assert "no-cache" in plain.headers["cache-control"]
    again = client.get("/static/chat.css", headers={"if-none-match": plain.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


@pytest.mark.parametrize(
    "name", ["../web.py", "%2e%2e/web.py", "chat.html", "", "vendor/", "vendor/README.md", "\0"]
)
def test_only_the_pages_files_are_served(client, name):
    assert client.get(f"/static/{name}".replace("\0", "%00")).status_code == 404


def test_the_api_page_is_served_from_here(client):
    page = client.get("/api/docs").text
    scripts = re.findall(r'src="([^"]+)"', page)
    assert len(scripts) == 2
    assert all(client.get(script).is_success for script in scripts)
    assert 'data-openapi="/openapi.json"' in page


# ---- small parts


def test_sources_are_cut_at_the_line_that_begins_with_them():
    view = view_reply(Reply("见来源：不算。\n\n来源：\n甲\n核对日期：今天"), WORDS)
    assert view.body == "见来源：不算。"
    assert view.sources == "来源：\n甲\n核对日期：今天"
    assert view_reply(Reply("没有"), WORDS).sources == ""
    assert not view_reply(Reply("x", rateable=True), WORDS).rateable


def test_missing_words_and_a_missing_secret_fail_at_the_start():
    with pytest.raises(ValueError, match="title"):
        WebWords(**{**PAGE.__dict__, "title": ""})
    with pytest.raises(ValueError, match="secret"):
        create_web_router(ScriptedResponder(), lambda text: {}, WORDS, PAGE, "")

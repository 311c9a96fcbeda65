"""`make bench`: speed and memory; every figure in the README's table is printed here.

Ratios are taken in one run on one machine. Nothing here is a test, and no test is timed.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import structlog
import uvicorn
from fastapi import FastAPI

from bot.app import create_app
from bot.channels.wechat import WeChatAccount, create_wechat_router
from bot.channels.wechat_crypto import sign
from bot.house import House, build_house
from bot.messages import InboundMessage, Reply
from bot.settings import Settings
from retrieval.bundled import BundledEmbedder
from retrieval.evaluation import read_questions
from retrieval.text import clean_question
from tests.fakes.wechat_sender import APPID, KEY, OPENID, TOKEN, WORDS, crypto, text_xml

QUESTIONS = [q.text for q in read_questions(Path("tests/golden/development.jsonl")) if q.answerable]
POSTS, CLIENTS = 600, 8


class Echo:
    """A Responder that only repeats: what HTTP and crypto cost by themselves."""

    def respond(self, message: InboundMessage) -> Reply | None:
        return Reply(message.text)

    def defer(self, message: InboundMessage) -> Reply | None:
        return Reply(message.text)


def main() -> None:
    """Run every bench and print one table."""
    if len(sys.argv) > 1:
        _serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
        return
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(
            _env_file=None, data_dir=folder, secret="bench", person_per_minute=10**6
        )
        started = time.perf_counter()
        house = build_house(settings)
        seconds, cards = time.perf_counter() - started, len(house.indexer.revisions)
        _say("cards in the index", cards)
        _say("first index build, s per 1,000 cards", seconds / cards * 1000)
        _in_process(house)
        house.close()
        _cold_start(folder)
        echo = _wechat("echo", folder)
        whole = _wechat("app", folder)
        _say("signed WeChat POST to reply, requests/s, one worker", whole)
        _say("the same, only verify, decrypt, echo, requests/s", echo)
        _say("ratio", whole / echo)


def _in_process(house: House) -> None:
    for question in QUESTIONS[:20]:
        house.assistant.answer(question)
    fresh = QUESTIONS[20:]
    whole = [_milliseconds(lambda q=q: house.assistant.answer(q)) for q in fresh]
    # Before the embedder below, which is a second one that no server has.
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    embedder = BundledEmbedder()
    embedder.embed(["热身"])
    embed = [_milliseconds(lambda q=q: embedder.embed([clean_question(q)])) for q in fresh]
    again = [_milliseconds(lambda q=q: house.assistant.answer(q)) for q in fresh]
    _say("full answer p50, ms", statistics.median(whole))
    _say("full answer p99, ms", statistics.quantiles(whole, n=100)[98])
    _say("of it embedding p50, ms", statistics.median(embed))
    _say(
        "all but the embedding p50, ms (the same questions, vectors cached)",
        statistics.median(again),
    )
    _say("memory of the process, MB", resident / 1e6)


def _cold_start(folder: Path) -> None:
    environment = {**os.environ, "KEPUBANG_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "bot", "ask", "血压高了怎么办"]
    times = []
    for _ in range(3):
        started = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    _say(
        "cold start to first answer, s (a whole `kepubang ask`, median of 3)",
        statistics.median(times),
    )


def _wechat(kind: str, folder: Path) -> float:
    with _server(kind, folder) as url:
        with httpx.Client() as client:
            for question in QUESTIONS[:20]:
                _post(client, url, question)

        def ask(n: int) -> None:
            with httpx.Client() as client:
                for i in range(n, POSTS, CLIENTS):
                    _post(client, url, QUESTIONS[20 + i % (len(QUESTIONS) - 20)])

        started = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(ask, range(CLIENTS)))
        return POSTS / (time.perf_counter() - started)


def _post(client: httpx.Client, url: str, question: str) -> None:
    stamp, nonce = str(int(time.time())), secrets.token_hex(5)
    xml = text_xml(question).replace(OPENID, f"o{secrets.token_hex(8)}")
    encrypt, signature = crypto().seal(xml, stamp, nonce)
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "encrypt_type": "aes",
        "msg_signature": signature,
        "signature": sign(TOKEN, stamp, nonce),
    }
    body = f"<xml><ToUserName>a</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    response = client.post(f"{url}/wechat", params=query, content=body.encode())
    assert response.status_code == 200, response.status_code
    assert "Encrypt" in response.text, response.text


@contextmanager
def _server(kind: str, folder: Path) -> Iterator[str]:
    port = 8100 + secrets.randbelow(800)
    command = [sys.executable, "-m", "tests.bench", kind, str(port), str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                httpx.get(f"{url}/openapi.json")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _serve(kind: str, port: int, folder: Path) -> None:
    if kind == "echo":
        app = FastAPI()
        account = WeChatAccount(TOKEN, APPID, KEY, "safe")
        app.include_router(create_wechat_router(Echo(), account, WORDS))
    else:
        settings = Settings(
            _env_file=None,
            data_dir=folder,
            secret="bench",
            wechat_token=TOKEN,
            wechat_appid=APPID,
            wechat_aes_key=KEY,
        )
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
        app = create_app(build_house(settings))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False)


def _milliseconds(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _say(name: str, value: float) -> None:
    sys.stdout.write(json.dumps({name: round(value, 2)}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Calls to WeChat against a fake that keeps WeChat's limits, over real HTTP on loopback."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from bot.channels.wechat_call_error import Remedy, WeChatCallError
from bot.channels.wechat_client import StableTokenClient, TokenCache
from tests.fakes.wechat_server import FakeWeChat, serving

pytestmark = pytest.mark.journey

PERSON = "oyORnuP8q7ou2gfYjqLzSIWZf0rs"
SEND = "message/custom/send"


@dataclass
class Scene:
    wechat: FakeWeChat
    url: str
    open: ExitStack
    pauses: list[float]

    def client(self, cache: TokenCache | None = None, **options: object) -> StableTokenClient:
        settings = {"secret": self.wechat.secret, "timeout_seconds": 2.0, **options}
        client = StableTokenClient(
            self.wechat.appid,
            cache=cache,
            api_url=f"{self.url}/cgi-bin/",
            sleep=self.pauses.append,
            **settings,
        )
        self.open.callback(client.close)
        return client


@pytest.fixture
def scene() -> Iterator[Scene]:
    wechat = FakeWeChat()
    wechat.user_writes(PERSON)
    with serving(wechat.app()) as url, ExitStack() as open_clients:
        yield Scene(wechat, url, open_clients, [])


def test_a_text_arrives_as_written_with_its_links(scene: Scene) -> None:
    text = '好的\x00\ud800 <a href="weixin://bizmsgmenu?msgmenucontent=1&msgmenuid=c..0">查看</a>'
    scene.client().send_text(PERSON, text)
    (sent,) = scene.wechat.sent
    assert sent["touser"] == PERSON
    assert sent["text"]["content"] == text.replace("\x00\ud800", "")


def test_what_a_model_wrote_carries_wechat_s_own_mark_and_nothing_else_does(scene: Scene) -> None:
    client = scene.client()
    client.send_text(PERSON, "一", generated=True)
    client.send_menu(PERSON, "二", [("r.t.1", "有用")], generated=True)
    client.send_text(PERSON, "三")
    marks = [sent.get("aimsgcontext") for sent in scene.wechat.sent]
    assert marks == [{"is_ai_msg": 1}, {"is_ai_msg": 1}, None]


def test_a_menu_has_its_head_items_and_tail(scene: Scene) -> None:
    scene.client().send_menu(PERSON, "有用吗？", [("r.t.1", "有用"), ("r.t.0", "没用")], "谢谢")
    (sent,) = scene.wechat.sent
    assert sent["msgtype"] == "msgmenu"
    assert sent["msgmenu"] == {
        "head_content": "有用吗？",
        "list": [{"id": "r.t.1", "content": "有用"}, {"id": "r.t.0", "content": "没用"}],
        "tail_content": "谢谢",
    }


def test_the_typing_sign_goes_on_and_off(scene: Scene) -> None:
    client = scene.client()
    client.typing(PERSON, True)
    with pytest.raises(WeChatCallError) as twice:
        client.typing(PERSON, True)
    assert twice.value.code == 45081
    client.typing(PERSON, False)
    client.typing(PERSON, True)
    scene.wechat.now += 60
    with pytest.raises(WeChatCallError) as late:
        client.typing(PERSON, True)
    assert late.value.code == 45080


def test_one_token_serves_many_calls_and_clients(scene: Scene) -> None:
    cache = TokenCache()
    clients = [scene.client(cache) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: clients[n % 4].access_token, range(32)))
    assert scene.wechat.token_fetches == 1


def test_a_token_about_to_end_is_renewed(scene: Scene) -> None:
    client = scene.client()
    first = client.access_token
    scene.wechat.token_ends = scene.wechat.now + 200
    client.expires_at -= 7150
    assert client.access_token != first
    assert scene.wechat.token_fetches == 2


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_refused_once_is_renewed_once(scene: Scene, code: int) -> None:
    scene.wechat.force(SEND, code)
    scene.client().send_text(PERSON, "好")
    assert len(scene.wechat.sent) == 1
    assert scene.wechat.token_fetches == 2


def test_a_token_that_stays_bad_is_given_up_after_one_retry(scene: Scene) -> None:
    scene.wechat.force(SEND, *[40001] * 10)
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好")
    assert failure.value.code == 40001
    assert failure.value.remedy is Remedy.FIX_ACCOUNT
    assert scene.wechat.calls.count(SEND) == 2
    assert scene.wechat.token_fetches == 2


def test_a_revoked_token_is_fetched_once_by_all_who_meet_it(scene: Scene) -> None:
    cache = TokenCache()
    clients = [scene.client(cache) for _ in range(4)]
    clients[0].send_text(PERSON, "一")
    scene.wechat.revoke_token()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda client: client.send_text(PERSON, "二"), clients))
    assert len(scene.wechat.sent) == 5
    assert scene.wechat.token_fetches == 2


def test_a_newer_token_of_another_process_is_kept(scene: Scene) -> None:
    cache = TokenCache()
    client = scene.client(cache)
    good = client.access_token
    client._forget("an older token")
    assert client.access_token == good
    assert scene.wechat.token_fetches == 1


def test_a_busy_wechat_is_tried_three_times_with_growing_pauses(scene: Scene) -> None:
    scene.wechat.force(SEND, -1, -1)
    scene.client().send_text(PERSON, "好")
    assert len(scene.wechat.sent) == 1
    assert scene.pauses == [0.3, 0.6]
    scene.wechat.force(SEND, -1, -1, -1, -1)
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好")
    assert (failure.value.code, failure.value.retryable) == (-1, True)
    assert scene.wechat.calls.count(SEND) == 6


@pytest.mark.parametrize("page", [200, 502])
def test_a_proxys_page_is_no_success(scene: Scene, page: int) -> None:
    scene.wechat.force(SEND, *[page] * 3)
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好")
    assert failure.value.code is None


def test_a_proxys_page_for_a_token_is_a_typed_error(scene: Scene) -> None:
    scene.wechat.force("stable_token", 200, 502, 200)
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好")
    assert failure.value.retryable


@pytest.mark.parametrize(
    ("code", "remedy", "retryable"),
    [
        (45015, Remedy.DROP, False),
        (45047, Remedy.DROP, False),
        (40003, Remedy.DROP, False),
        (48002, Remedy.DROP, False),
        (43004, Remedy.DROP, False),
        (45002, Remedy.FIX_CONTENT, False),
        (45008, Remedy.FIX_CONTENT, False),
        (48001, Remedy.FIX_ACCOUNT, False),
        (48004, Remedy.FIX_ACCOUNT, False),
        (40164, Remedy.FIX_ACCOUNT, False),
        (45009, Remedy.WAIT, True),
        (45011, Remedy.WAIT, True),
        (99999, Remedy.FIX_ACCOUNT, False),
    ],
)
def test_each_code_says_what_to_do_and_is_not_repeated(
    scene: Scene, code: int, remedy: Remedy, retryable: bool
) -> None:
    scene.wechat.force(SEND, code)
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好")
    assert (failure.value.code, failure.value.remedy) == (code, remedy)
    assert failure.value.retryable is retryable
    assert scene.wechat.calls.count(SEND) == 1


def test_five_messages_after_a_question_and_none_after_two_days(scene: Scene) -> None:
    client = scene.client()
    for _ in range(5):
        client.send_text(PERSON, "好")
    with pytest.raises(WeChatCallError) as sixth:
        client.send_text(PERSON, "好")
    assert sixth.value.code == 45047
    scene.wechat.user_writes(PERSON)
    client.send_text(PERSON, "好")
    scene.wechat.now += 49 * 3600
    scene.wechat.token_ends += 49 * 3600
    with pytest.raises(WeChatCallError) as late:
        client.send_text(PERSON, "好")
    assert late.value.code == 45015


def test_a_text_beyond_wechats_limit_is_refused_by_it(scene: Scene) -> None:
    with pytest.raises(WeChatCallError) as failure:
        scene.client().send_text(PERSON, "好" * 700)
    assert failure.value.remedy is Remedy.FIX_CONTENT


def test_a_wrong_secret_is_a_typed_error_without_the_secret(scene: Scene) -> None:
    with pytest.raises(WeChatCallError) as failure:
        scene.client(secret="not-the-secret").send_text(PERSON, "好")
    assert failure.value.code == 40125
    assert "not-the-secret" not in str(failure.value)


def test_a_retried_upload_sends_the_whole_file_again(scene: Scene) -> None:
    scene.wechat.force("media/upload", 40001)
    voice = io.BytesIO(b"#!AMR\n" + b"x" * 500)
    voice.name = "folder/voice.amr"
    client = scene.client()
    assert client.media.upload("voice", voice)["media_id"] == "m1"
    client.media.upload("voice", ("second.amr", io.BytesIO(b"#!AMR\nsecond")))
    first, second = scene.wechat.uploads
    assert b"#!AMR\n" + b"x" * 500 in first
    assert b'filename="voice.amr"' in first
    assert b"#!AMR\nsecond" in second


@pytest.mark.parametrize("endpoint", [SEND, "stable_token"])
def test_every_call_has_a_timeout_and_a_late_one_is_not_sent_twice(
    scene: Scene, endpoint: str
) -> None:
    scene.wechat.stalls[endpoint] = 0.8
    with pytest.raises(WeChatCallError) as failure:
        scene.client(timeout_seconds=0.2).send_text(PERSON, "好")
    assert failure.value.retryable
    assert scene.wechat.calls.count(endpoint) == 1


def test_an_unreachable_wechat_is_a_typed_error_without_the_token(scene: Scene) -> None:
    client = scene.client()
    token = client.access_token
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        client.API_BASE_URL = f"http://127.0.0.1:{unheard.getsockname()[1]}/cgi-bin/"
        with pytest.raises(WeChatCallError) as failure:
            client.send_text(PERSON, "好")
    assert failure.value.code is None
    assert len(scene.pauses) == 2
    assert token not in str(failure.value)
    assert failure.value.__context__ is None

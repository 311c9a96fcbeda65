"""The whole house over real HTTP: WeChat in safe mode, Telegram's webhook, the page in Chromium."""

from __future__ import annotations

import re
import time

import httpx
import pytest
import sqlalchemy as sa

from bot.app import create_app
from bot.conversation import feedback, turns
from bot.house import build_house
from bot.inbox import inbox
from bot.people import people
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.wechat_sender import APPID, KEY, OPENID, TOKEN, event_xml
from tests.fakes.wechat_server import serving
from tests.journeys.browser import chromium, needs_chromium
from tests.journeys.wechat_visits import Resident
from tests.samples import make_card

pytestmark = pytest.mark.journey
POLICE = "接到公安电话说我涉嫌洗钱让我转账怎么办"


@pytest.fixture
def resident(whole):
    with httpx.Client(timeout=10) as http:
        yield Resident(whole[1], http)


@pytest.fixture
def whole(settings, use_embedder):
    """The app with WeChat in safe mode, on loopback."""
    with_wechat = settings.model_copy(
        update={
            "wechat_token": type(settings.secret)(TOKEN),
            "wechat_appid": APPID,
            "wechat_aes_key": type(settings.secret)(KEY),
        }
    )
    house = build_house(with_wechat, embedder=use_embedder, with_pack=False)
    with serving(create_app(house)) as url:
        yield house, url
    house.close()


def test_a_resident_on_wechat_is_welcomed_answered_follows_up_rates_and_leaves(whole, resident):
    house, _ = whole
    assert "我是科普帮" in resident.push(event_xml("subscribe"))
    page = resident.say(POLICE)
    assert "这很像诈骗" in page
    while "继续看" in page:
        page = resident.say("继续看")
    assert "来源：" in page
    assert "绍兴市公安局" in page
    first = re.search(r"msgmenuid=(a\.[0-9a-z]+\.1)", page)
    assert first
    assert "这很像诈骗" not in resident.say("接着", tap=first[1])
    assert "谢谢，记下了" in resident.say("8")
    assert resident.push(event_xml("unsubscribe")) == ""
    with house.engine.connect() as connection:
        for table in (turns, people, inbox, feedback):
            assert connection.execute(sa.select(table)).all() == []


def test_wechats_retry_gets_the_same_answer_and_makes_no_second_turn(whole, resident):
    house, _ = whole
    first = resident.say(POLICE, message_id="777")
    assert resident.say(POLICE, message_id="777") == first
    with house.engine.connect() as connection:
        assert len(connection.execute(sa.select(turns)).all()) == 1


def test_a_slow_answer_is_collected_and_a_second_question_is_answered_meanwhile(
    whole, resident, monkeypatch
):
    house, _ = whole
    answer = house.assistant.answer

    def slow(question, background=None):
        if "洗钱" in question:
            time.sleep(5)
        return answer(question, background)

    monkeypatch.setattr(house.assistant, "answer", slow)
    waiting = resident.say(POLICE)
    assert "正在查" in waiting
    assert "秸秆" in resident.say("秸秆能不能烧")
    tap = re.search(r"msgmenuid=(c\.[0-9a-z]*\.\d+)", waiting)
    assert tap
    for _ in range(10):
        page = resident.say("查看结果", tap=tap[1])
        if "这很像诈骗" in page:
            break
        time.sleep(0.5)
    assert "这很像诈骗" in page
    assert "没有等着" in resident.say("查看结果")


def test_a_card_published_while_serving_is_answered_on_wechat_within_a_second(whole, resident):
    house, _ = whole
    house.store.save(make_card(), "li")
    house.store.publish("health.tea", "wang")
    time.sleep(1)
    assert "睡前别喝" in resident.say("老人喝浓茶行不行")
    house.store.retire("health.tea", "wang")
    assert "睡前别喝" not in resident.say("老人喝浓茶行不行")


def test_a_resident_on_telegram_is_answered_by_the_same_house(settings, use_embedder):
    secret = type(settings.secret)
    fake = FakeTelegram()
    with serving(fake.app()) as api:
        changed = settings.model_copy(
            update={
                "telegram_token": secret(fake.token),
                "telegram_webhook_secret": secret("hook-secret"),
                "telegram_api_url": f"{api}/bot",
            }
        )
        house = build_house(changed, embedder=use_embedder, with_pack=False)
        with serving(create_app(house)) as url:
            update = fake.write(42, text=POLICE)
            header = {"X-Telegram-Bot-Api-Secret-Token": "hook-secret"}
            for _ in range(2):
                posted = httpx.post(f"{url}/telegram", json=update, headers=header, timeout=30)
                assert posted.status_code == 200
            assert httpx.post(f"{url}/telegram", json=update).status_code == 403
        house.close()
    texts = fake.texts(42)
    assert len([t for t in texts if "这很像诈骗" in t]) == 1
    assert any("来源：" in t for t in texts)


@pytest.mark.browser
@needs_chromium
def test_a_resident_on_the_page_is_answered_with_a_source(whole):
    _, url = whole
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.goto(url)
        page.get_by_role("textbox").fill(POLICE)
        page.get_by_role("textbox").press("Enter")
        page.get_by_text("绍兴市公安局").wait_for()
        assert page.get_by_text("这很像诈骗").count() >= 1


def test_the_openid_is_nowhere_in_the_database(whole, resident):
    house, _ = whole
    resident.say(POLICE)
    with house.engine.connect() as connection:
        for table in (turns, people, inbox):
            rows = connection.execute(sa.select(table)).all()
            assert rows
            assert OPENID not in str(rows)

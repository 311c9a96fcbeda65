"""More journeys of the console in Chromium: a Word file, Telegram, and doors that have closed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import httpx
import pytest
import sqlalchemy as sa

from bot.app import create_app
from bot.console.members import invites
from bot.house import build_house
from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.wechat_sender import OPENID
from tests.fakes.wechat_server import serving
from tests.journeys.browser import chromium, needs_chromium
from tests.journeys.test_console import Town, town, until, wechat
from tests.knowledge.test_importing import ARTICLE

__all__ = ["town", "wechat"]  # fixtures
pytestmark = [pytest.mark.journey, needs_chromium]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
QUANTUM = "量子计算机坏了怎么修理"


def write_card(page, title, answer, asks):
    """Fill what a draft still lacks, as an editor types it."""
    fill = {
        "title": title,
        "asks": "\n".join(asks),
        "not_asks": "电费怎么交\n空调怎么选",
        "answer": answer,
        "steps": "先关掉电源。\n人离远一点。\n再找厂家的人来修。",
        "never": "不要自己拆。",
        "seek_help": "冒烟、着火，马上打119。",
        "sources": "国家卫健委｜冬天取暖的事｜2025｜https://a.example/x｜原文｜先关掉电源；不要自己拆；打119",
        "unverified": "",
        "review_due": (datetime.now().astimezone().date() + timedelta(days=200)).isoformat(),
    }
    for details in page.locator("form details:not([open]) > summary").all():
        details.click()
    for name, text in fill.items():
        page.locator(f"form [name={name}]").first.fill(text)
    page.get_by_role("button", name="存成草稿").click()
    page.get_by_text("已存成草稿").wait_for()


def approve(page, address):
    page.goto(address)
    page.get_by_role("button", name="跑考题").click()
    page.get_by_text("没有考题答得比原来差").wait_for(timeout=20_000)
    page.get_by_role("button", name="批准，马上发布").click()
    page.get_by_text("已发布，居民现在问就是新的说法").wait_for()


def test_a_word_file_becomes_a_card_that_residents_are_told_within_a_second(town):
    town.found()
    editor = town.invite("editor", "小张", "编辑")
    reviewer = town.invite("reviewer", "老赵", "审核")
    assert "报警器" not in town.resident.say("烧炉子怎么防煤气中毒")

    editor.goto(f"{town.url}/console/import")
    file = {"name": "防煤气.docx", "mimeType": DOCX, "buffer": ARTICLE}
    editor.get_by_label("选文件").set_input_files(file)
    editor.get_by_role("button", name="看一看").click()
    editor.get_by_role("heading", name="能变成 1 张草稿").wait_for(timeout=20_000)
    assert "某市疾控中心" in editor.content()
    editor.get_by_role("button", name="存这些草稿").click()
    editor.get_by_role("link", name=re.compile("防煤气中毒")).click()
    title = "冬天烧炉子怎么防煤气中毒"
    greedy = [title, "秸秆可以烧掉吗", "秸秆能烧吗", "烧炉子头晕咋办", "炉子冒烟", "烟囱要掏吗"]
    answer = "炉子一定要装烟囱，接到屋外。装一个报警器。头晕，马上开窗出去，打120。"
    write_card(editor, title, answer, greedy)
    editor.get_by_role("button", name=re.compile("送审")).click()
    editor.get_by_role("heading", name="改了什么").wait_for()
    reviewer.goto(editor.url)
    reviewer.get_by_role("button", name="跑考题").click()
    reviewer.get_by_text("答不对了").wait_for(timeout=20_000)
    reviewer.get_by_label("退回的理由").fill("秸秆的问法不归这张卡")
    reviewer.get_by_role("button", name="退回给编辑").click()

    editor.goto(f"{town.url}/console/cards?status=draft")
    editor.get_by_role("link", name=re.compile("防煤气中毒")).click()
    fixed = [title, "烧炉子怎么防煤气中毒", "炉子怎么烧才不中毒", *greedy[3:]]
    write_card(editor, title, answer, fixed)
    editor.get_by_role("button", name=re.compile("送审")).click()
    editor.get_by_role("heading", name="改了什么").wait_for()
    approve(reviewer, editor.url)
    until(lambda: "报警器" in town.resident.say("烧炉子怎么防煤气中毒"), seconds=1.5)


@pytest.mark.parametrize("town", [True, False], indirect=True, ids=["verified", "unverified"])
def test_whoever_asked_is_told_when_the_card_is_published(town, wechat):
    town.found()
    editor = town.invite("editor", "小李", "志愿者", "编辑")
    reviewer = town.invite("reviewer", "老赵", "审核")
    wechat.user_writes(OPENID)
    assert "志愿者看过" in town.resident.say(QUANTUM)
    editor.goto(f"{town.url}/console/queue")
    editor.get_by_role("link", name=re.compile("量子计算机")).click()
    editor.get_by_role("button", name="我来接").click()
    editor.get_by_label(re.compile("写给居民的话")).fill("这个要找厂家，别自己拆。")
    editor.get_by_role("button", name="发出", exact=True).click()
    editor.get_by_role("button", name="办结", exact=True).click()
    editor.get_by_role("button", name="变成草稿卡片").click()
    editor.get_by_text("草稿卡片做好了").wait_for()
    asks = [
        QUANTUM,
        "量子计算机不亮了",
        "量子计算机冒烟",
        "量子计算机找谁修",
        "量子机坏了",
        "量子电脑坏了",
    ]
    write_card(editor, "量子计算机坏了怎么办", "先关掉电源，找厂家的人来修。不要自己拆。", asks)
    editor.get_by_role("button", name=re.compile("送审")).click()
    editor.get_by_role("heading", name="改了什么").wait_for()
    approve(reviewer, editor.url)
    told = "找厂家的人来修"
    if town.house.settings.wechat_customer_service:
        until(lambda: any(told in sent["text"]["content"] for sent in wechat.sent))
    else:
        assert wechat.sent == []
        assert told in town.resident.say("秸秆能烧吗")


def test_doors_that_have_closed_say_so_kindly(town):
    admin = town.found()
    editor = town.invite("editor", "小张", "编辑")
    editor.goto(f"{town.url}/console/cards/farm.straw")
    editor.get_by_label("标题", exact=True).fill("秸秆的事")

    admin.goto(f"{town.url}/console/members/editor")
    admin.get_by_role("checkbox", name="编辑").uncheck()
    admin.get_by_role("checkbox", name="志愿者").check()
    admin.get_by_role("button", name=re.compile("存|保存")).first.click()
    editor.get_by_role("button", name="存成草稿").click()
    assert "这件事要别的角色来做" in editor.content()
    assert town.house.store.get("farm.straw").card.title != "秸秆的事"

    admin.goto(f"{town.url}/console/members")
    admin.get_by_role("checkbox", name="审核").check()
    admin.get_by_role("button", name="做一个邀请链接").click()
    link = admin.get_by_label("邀请链接").input_value()
    with town.house.engine.begin() as connection:
        connection.execute(sa.update(invites).values(expires_at=0.0))
    late = town.page("late")
    late.goto(link)
    assert "这个邀请链接过期了" in late.content()
    late.goto(f"{town.url}/console/queue")
    late.get_by_label("登录名").wait_for()


def test_a_volunteer_answers_somebody_on_telegram(settings, use_embedder):
    secret = type(settings.secret)
    fake = FakeTelegram()
    with serving(fake.app()) as api:
        update = {
            "telegram_token": secret(fake.token),
            "telegram_webhook_secret": secret("hook-secret"),
            "telegram_api_url": f"{api}/bot",
        }
        house = build_house(
            settings.model_copy(update=update), embedder=use_embedder, with_pack=False
        )
        with (
            serving(create_app(house)) as url,
            chromium() as browser,
            httpx.Client(timeout=30) as http,
        ):
            town = Town(house, url, browser, http)
            town.found()
            volunteer = town.invite("volunteer", "小李", "志愿者")
            hook = {"X-Telegram-Bot-Api-Secret-Token": "hook-secret"}
            http.post(f"{url}/telegram", json=fake.write(42, text=QUANTUM), headers=hook)
            volunteer.goto(f"{url}/console/queue")
            volunteer.get_by_role("link", name=re.compile("量子计算机")).click()
            volunteer.get_by_role("button", name="我来接").click()
            volunteer.get_by_label(re.compile("写给居民的话")).fill("这个要找厂家，别自己拆。")
            volunteer.get_by_role("button", name="发出", exact=True).click()
            until(lambda: any("别自己拆" in text for text in fake.texts(42)))
            before = len(fake.texts(42))
            http.post(f"{url}/telegram", json=fake.write(42, text="厂家电话呢"), headers=hook)
            spoken = fake.texts(42)[before:]
            assert not any("来源：" in text for text in spoken)  # the bot is silent meanwhile
            volunteer.reload()
            assert "厂家电话呢" in volunteer.content()
        house.close()

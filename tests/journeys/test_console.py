"""The console in Chromium, with the real database and WeChat on loopback: no mocks."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from bot.app import create_app
from bot.house import build_house
from knowledge.golden import GoldenQuestions
from tests.fakes.wechat_sender import APPID, KEY, OPENID, TOKEN
from tests.fakes.wechat_server import FakeWeChat, serving
from tests.journeys.browser import chromium, needs_chromium
from tests.journeys.wechat_visits import Resident

pytestmark = [pytest.mark.journey, needs_chromium]
PASSWORD = "a long password"
PHONE = {"width": 360, "height": 740}


class Town:
    """A whole house on loopback, and a browser for everybody who works there."""

    def __init__(self, house, url, browser, http) -> None:
        self.house = house
        self.url = url
        self.resident = Resident(url, http)
        self._browser = browser
        self._pages = {}

    def page(self, who):
        if who not in self._pages:
            context = self._browser.new_context(viewport=PHONE)
            page = context.new_page()
            page.on("pageerror", lambda error: pytest.fail(str(error)))
            self._pages[who] = page
        return self._pages[who]

    def join(self, who, path, name):
        page = self.page(who)
        page.goto(path if path.startswith("http") else self.url + path)
        page.get_by_label("登录名").fill(who)
        page.get_by_label("名字").fill(name)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="加入").click()
        page.get_by_role("heading", name=f"{name}，你好").wait_for()
        return page

    def invite(self, who, name, *roles):
        admin = self.page("admin")
        admin.goto(f"{self.url}/console/members")
        for role in roles:
            admin.get_by_role("checkbox", name=role).check()
        admin.get_by_role("button", name="做一个邀请链接").click()
        return self.join(who, admin.get_by_label("邀请链接").input_value(), name)

    def found(self):
        """The first administrator comes by the link that the start prints."""
        from bot.console.entry_pages import invite_path  # noqa: PLC0415 - the command's imports
        from bot.console.members import Members  # noqa: PLC0415 - as above

        token = Members(self.house.engine).first_invite()
        return self.join("admin", invite_path(token), "老王")


@pytest.fixture
def wechat():
    return FakeWeChat(appid=APPID)


@pytest.fixture
def town(settings, use_embedder, wechat, request):
    verified = getattr(request, "param", True)
    with serving(wechat.app()) as api:
        update = {
            "wechat_token": type(settings.secret)(TOKEN),
            "wechat_appid": APPID,
            "wechat_aes_key": type(settings.secret)(KEY),
            "wechat_appsecret": type(settings.secret)(wechat.secret),
            "wechat_api_url": f"{api}/cgi-bin/",
            "wechat_customer_service": verified,
        }
        house = build_house(
            settings.model_copy(update=update), embedder=use_embedder, with_pack=False
        )
        GoldenQuestions(house.engine).save("秸秆可以烧掉吗", ["farm.straw"], "test")
        with (
            serving(create_app(house)) as url,
            chromium() as browser,
            httpx.Client(timeout=10) as http,
        ):
            yield Town(house, url, browser, http)
        house.close()


def until(look, seconds=5.0):
    """What look() finds, as soon as it finds something."""
    give_up = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < give_up, "it did not come in time"
        time.sleep(0.05)
    return found


def test_from_the_first_administrator_to_a_resident_who_is_told_the_new_words(town):
    town.found()
    editor = town.invite("editor", "小张", "编辑", "审核")
    reviewer = town.invite("reviewer", "老赵", "审核")

    editor.goto(f"{town.url}/console/cards?q=秸秆")
    editor.get_by_role("link", name=re.compile("秸秆")).first.click()
    asks = editor.get_by_label("问法").first
    kept = asks.input_value()
    answer = editor.get_by_label(re.compile("^回答"))
    spoiled = "收白菜要挑晴天。先问村里的农技员。"
    asks.fill("白菜什么时候收\n白菜咋收\n收白菜要晴天吗\n白菜收了放哪\n白菜几月收\n白菜怎么存")
    old_answer = answer.input_value()
    answer.fill(spoiled)
    editor.locator("#check", has_text=spoiled).wait_for()  # the preview follows what is typed
    editor.get_by_role("button", name="存成草稿").click()
    editor.get_by_role("button", name=re.compile("送审")).click()
    editor.get_by_role("heading", name="改了什么").wait_for()
    address = editor.url
    assert "要请另一位审核来批" in editor.content()

    reviewer.goto(address)
    reviewer.get_by_role("button", name="跑考题").click()
    reviewer.get_by_text("答不对了").wait_for(timeout=20_000)
    reviewer.get_by_role("button", name="批准，马上发布").click()
    assert "要么改卡片，要么写明理由" in reviewer.content()
    reviewer.goto(address)
    reviewer.get_by_label("退回的理由").fill("把秸秆的问法弄丢了")
    reviewer.get_by_role("button", name="退回给编辑").click()

    editor.goto(f"{town.url}/console/cards/farm.straw")
    editor.get_by_label("问法").first.fill(kept)
    editor.get_by_label(re.compile("^回答")).fill("禁烧区里一根都不能烧。" + old_answer[:60])
    editor.get_by_role("button", name="存成草稿").click()
    editor.get_by_role("button", name=re.compile("送审")).click()
    editor.get_by_role("heading", name="改了什么").wait_for()
    reviewer.goto(editor.url)
    reviewer.get_by_role("button", name="跑考题").click()
    reviewer.get_by_text("没有考题答得比原来差").wait_for(timeout=20_000)
    reviewer.get_by_role("button", name="批准，马上发布").click()
    reviewer.get_by_text("已发布，居民现在问就是新的说法").wait_for()
    until(lambda: "一根都不能烧" in town.resident.say("秸秆能烧吗"), seconds=1.5)

    admin = town.page("admin")
    admin.goto(f"{town.url}/console/trail")
    for act in ("批准发布", "退回", "送审", "存草稿", "邀请成员"):
        assert act in admin.content()


@pytest.mark.parametrize("town", [True, False], indirect=True, ids=["verified", "unverified"])
def test_a_volunteers_answer_reaches_the_resident_and_becomes_a_card(town, wechat):
    town.found()
    volunteer = town.invite("volunteer", "小李", "志愿者", "编辑")
    wechat.user_writes(OPENID)
    assert "志愿者看过" in town.resident.say("量子计算机坏了怎么修理")

    volunteer.goto(f"{town.url}/console/queue")
    volunteer.get_by_role("link", name=re.compile("量子计算机")).click()
    volunteer.get_by_role("button", name="我来接").click()
    volunteer.get_by_label(re.compile("写给居民的话")).fill("这个要找厂家，别自己拆。")
    volunteer.get_by_role("button", name="发出", exact=True).click()
    volunteer.get_by_text("回复已交给投递").wait_for()
    address = volunteer.url.split("?")[0]
    ticket = address.rsplit("/", 1)[1]
    verified = town.house.settings.wechat_customer_service
    if verified:
        until(lambda: town.house.ledger.about(ticket)[0].state == "sent")
        assert "【志愿者小李】" in wechat.sent[0]["text"]["content"]
        assert "别自己拆" in wechat.sent[0]["text"]["content"]
        volunteer.goto(address)
        assert "对方平台收下了" in volunteer.content()
    else:
        assert wechat.sent == []
        assert "等居民下次说话时带过去" in volunteer.content()
    volunteer.get_by_role("button", name="办结", exact=True).click()
    heard = town.resident.say("秸秆能烧吗")
    assert ("别自己拆" in heard) is not verified
    assert "别自己拆" not in town.resident.say("秸秆能烧吗")

    volunteer.goto(address)
    volunteer.get_by_role("button", name="变成草稿卡片").click()
    volunteer.get_by_text("草稿卡片做好了").wait_for()
    assert "量子计算机坏了怎么修理" in volunteer.get_by_label("问法").first.input_value()
    volunteer.get_by_role("button", name=re.compile("送审")).click()
    assert "还不能送审" in volunteer.content()


def test_two_editors_and_two_volunteers_meet_and_nothing_is_lost(town):
    town.found()
    one = town.invite("editor1", "小张", "编辑", "志愿者")
    two = town.invite("editor2", "小孙", "编辑", "志愿者")
    for page in (one, two):
        page.goto(f"{town.url}/console/cards/farm.straw")
    one.get_by_label("标题", exact=True).fill("秸秆能不能烧（张）")
    one.get_by_role("button", name="存成草稿").click()
    one.get_by_text("已存成草稿").wait_for()
    two.get_by_label("标题", exact=True).fill("秸秆能不能烧（孙）")
    two.get_by_role("button", name="存成草稿").click()
    two.get_by_text("小张存过新的一版").wait_for()
    assert two.get_by_label("标题", exact=True).input_value() == "秸秆能不能烧（孙）"
    assert "秸秆能不能烧（张）" in two.content()
    two.get_by_role("button", name="存成草稿").click()
    two.get_by_text("已存成草稿").wait_for()

    town.resident.say("量子计算机坏了怎么修理")
    for page in (one, two):
        page.goto(f"{town.url}/console/queue")
        page.get_by_role("link", name=re.compile("量子计算机")).click()
    one.get_by_role("button", name="我来接").click()
    two.get_by_role("button", name="我来接").click()
    assert "小张已经接了这张工单" in two.content()


def test_the_counter_prints_an_answer_and_no_page_is_wider_than_a_phone(town):
    admin = town.found()
    admin.goto(f"{town.url}/console/counter?q=秸秆能烧吗")
    assert "禁烧区" in admin.locator("#answer").inner_text()
    assert "乡亲们" in admin.locator("#script").inner_text()
    admin.get_by_role("link", name="打印给他（大字）").click()
    admin.get_by_alt_text("扫码看来源").wait_for()
    pages = ["", "queue", "cards", "cards/new", "cards/farm.straw", "reviews", "golden"]
    pages += ["members", "trail", "account", "insights", "gaps", "pack", "import", "generated"]
    for path in [*pages, "counter?q=秸秆能烧吗"]:
        admin.goto(f"{town.url}/console/{path}")
        wide = admin.evaluate("document.documentElement.scrollWidth")
        assert wide <= PHONE["width"], path

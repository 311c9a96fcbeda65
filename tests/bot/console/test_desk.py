"""Every page of a whole house's console: what is shown, what is escaped, who may see whose."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

import pytest
from fastapi import FastAPI

from bot.console.members import Role
from bot.console.router import Access
from bot.desk import create_console, make_draft
from bot.messages import InboundMessage, MessageKind
from knowledge.golden import GoldenQuestions
from knowledge.reminders import URGENT_DAYS
from tests.bot.console.conftest import PASSWORD, Clock, Desk
from tests.knowledge.test_importing import ARTICLE
from tests.samples import make_card

NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def desk(house):
    access = Access.of(house.engine)
    for login, name, roles in (
        ("editor", "小张", [Role.EDITOR, Role.VOLUNTEER]),
        ("editor2", "小孙", [Role.EDITOR]),
        ("reviewer", "老赵", [Role.REVIEWER]),
        ("volunteer", "小李", [Role.VOLUNTEER]),
    ):
        access.members.accept(access.members.invite(roles, "test"), login, name, PASSWORD)
    app = FastAPI()
    app.include_router(create_console(house))
    GoldenQuestions(house.engine).save("秸秆可以烧掉吗", ["farm.straw"], "test")
    desk = Desk(app, access, Clock())
    desk.house = house
    return desk


def get(desk, path, login="editor"):
    sent = desk.browser(login).get(f"/console{path}")
    assert sent.status_code == 200, sent.text
    return sent.text


def form_of(card, **parts):
    fields = {
        "key": card.key,
        "kind": "advice",
        "title": card.title,
        "asks": "\n".join(card.asks),
        "answer": card.answer,
        "steps": "\n".join(card.steps),
        "never": "\n".join(card.never),
        "seek_help": card.seek_help,
        "sources": "国家卫健委｜喝茶的事｜2024｜https://a.example/x｜原文｜少喝浓茶；睡前不喝",
        "not_asks": "茶叶怎么炒\n茶树怎么种",
        "review_due": "2027-05-01",
        "base": "0",
    }
    return fields | parts


def until(look):
    give_up = time.monotonic() + 20
    while not (found := look()):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    return found


def test_a_card_is_written_checked_and_saved_in_the_form(desk):
    sent = desk.post("editor", "/cards/new", **form_of(make_card("health.tea2"), title=NASTY))
    assert sent.headers["location"] == "/console/cards/health.tea2?done=saved"
    page = get(desk, "/cards/health.tea2")
    assert NASTY not in page
    assert "少喝浓茶；睡前不喝" in page
    check = desk.post("editor", "/cards/check", **form_of(make_card(), answer="短短一句。")).text
    assert "短短一句。" in check
    broken = desk.post("editor", "/cards/new", **form_of(make_card("health.x"), sources=""))
    assert broken.status_code == 422
    assert "还不能存：来源" in broken.text
    assert "喝茶要注意什么" in broken.text  # nothing that was typed is lost


@pytest.mark.parametrize("key", ["../../etc", "Bad Key", "health", "a" * 300 + ".b"])
def test_a_key_that_is_none_is_refused(desk, key):
    sent = desk.post("editor", "/cards/new", **form_of(make_card(), key=key))
    assert sent.status_code == 422


def test_an_ask_that_another_card_answers_is_shown(desk):
    fields = form_of(make_card("farm.burn"), asks="秸秆能烧吗\n烧秸秆犯法吗\n喝茶\n茶\n浓茶\n好茶")
    assert "别的卡片已经在答的问法" in desk.post("editor", "/cards/check", **fields).text


def test_a_card_that_says_what_another_says_is_shown(desk):
    straw = desk.house.store.get("farm.straw").card
    said = form_of(make_card("farm.burn"), answer=straw.answer)
    assert "和它几乎一样的卡片" in desk.post("editor", "/cards/check", **said).text
    other = desk.post("editor", "/cards/check", **form_of(make_card("farm.burn"))).text
    assert "和它几乎一样的卡片" not in other
    itself = form_of(straw, answer=straw.answer)
    assert "和它几乎一样的卡片" not in desk.post("editor", "/cards/check", **itself).text


def test_cards_are_found_by_words_topic_status_and_date(desk):
    desk.house.store.save(make_card("health.tea2"), "editor")
    assert "health.tea2" in get(desk, "/cards?q=喝茶&status=draft")
    assert "health.tea2" not in get(desk, "/cards?topic=fraud")
    assert "fraud.police" in get(desk, "/cards?topic=fraud&evidence=primary")
    assert "没有找到" in get(desk, "/cards?q=没有这样的卡片")
    assert get(desk, f"/cards?q={NASTY}").count(NASTY) == 0


def test_the_gate_is_run_and_a_second_person_publishes(desk):
    house = desk.house
    straw = house.store.get("farm.straw").card
    house.store.save(straw.model_copy(update={"title": "秸秆烧不得"}), "editor")
    to = desk.post("editor", "/cards/farm.straw/submit", important="yes").headers["location"]
    path = to.removeprefix("/console").split("?")[0]
    assert "等审核" in get(desk, path)
    assert "请先跑一遍考题" in desk.post("reviewer", f"{path}/approve").text
    desk.post("reviewer", f"{path}/gate")
    until(lambda: "没有考题答得比原来差" in get(desk, f"{path}/gate", "reviewer"))
    refused = desk.post("editor", f"{path}/approve")
    assert refused.status_code == 403
    assert desk.post("reviewer", f"{path}/approve").status_code == 303
    assert house.store.published(["farm.straw"])[0].card.title == "秸秆烧不得"
    desk.post("reviewer", f"{path}/comment", text=NASTY)
    assert NASTY not in get(desk, path)
    recall = get(desk, path.replace("reviews", "recall"), "reviewer")
    assert "【更正】" in recall


def test_a_correction_is_told_to_those_who_heard_the_old_words(desk):
    house = desk.house
    message = InboundMessage("web", "m1", "somebody", MessageKind.TEXT, "秸秆能烧吗")
    house.dialogue.respond(message)
    straw = house.store.get("farm.straw").card
    house.store.save(straw.model_copy(update={"title": "秸秆烧不得"}), "editor")
    to = desk.post("editor", "/cards/farm.straw/submit", important="yes").headers["location"]
    path = to.removeprefix("/console").split("?")[0]
    recall = path.replace("reviews", "recall")
    early = desk.post("reviewer", recall, days="30")
    assert "还没有发布" in early.text
    desk.post("reviewer", f"{path}/gate")
    until(lambda: "道考题，用了" in get(desk, f"{path}/gate", "reviewer"))
    desk.post("reviewer", f"{path}/approve")
    assert "发给这 1 人" in get(desk, recall, "reviewer")
    desk.post("reviewer", recall, days="30")
    assert "等居民下次说话时带过去 1" in get(desk, recall, "reviewer")
    again = InboundMessage("web", "m2", "somebody", MessageKind.TEXT, "接到公安电话让我转账")
    assert "【更正】" not in house.dialogue.respond(again).text  # danger comes first
    calm = InboundMessage("web", "m3", "somebody", MessageKind.TEXT, "血压多高算高")
    assert house.dialogue.respond(calm).text.startswith("【更正】")


def test_whoever_asked_is_told_when_the_card_is_published(desk):
    house = desk.house
    asked = InboundMessage("web", "m1", "somebody", MessageKind.TEXT, "量子计算机坏了怎么修理")
    house.dialogue.respond(asked)
    (ticket,) = house.helpdesk.waiting()
    key = make_draft(house, [ticket.question], "editor")
    house.helpdesk.made_draft(ticket.id, key)
    card = make_card(key, title="量子计算机找谁修", asks=[ticket.question, *make_card().asks])
    house.store.save(card, "editor")
    path = desk.post("editor", f"/cards/{key}/submit").headers["location"]
    path = path.removeprefix("/console").split("?")[0]
    desk.post("reviewer", f"{path}/gate")
    until(lambda: "道考题，用了" in get(desk, f"{path}/gate", "reviewer"))
    assert desk.post("reviewer", f"{path}/approve").status_code == 303
    calm = InboundMessage("web", "m2", "somebody", MessageKind.TEXT, "秸秆能烧吗")
    told = house.dialogue.respond(calm).text
    assert told.startswith("您问过的“量子计算机坏了怎么修理”")


def test_a_word_file_is_looked_at_before_it_lands_once(desk):
    browser = desk.browser("editor")
    token = re.search(r'name="csrf" value="([^"]+)"', get(desk, "/import")).group(1)
    sent = browser.post(
        "/console/import", data={"csrf": token}, files={"file": ("../../防煤气.docx", ARTICLE)}
    )
    path = sent.headers["location"].removeprefix("/console")
    page = until(lambda: (p := get(desk, path)) and "能变成 1 张草稿" in p and p)
    assert "冬天烧炉子怎么防煤气中毒" in page
    assert desk.browser("editor2").get(f"/console{path}").status_code == 404
    key = re.search(r'name="keys" value="([^"]+)"', page).group(1)
    before = len(desk.house.store.rows())
    for _ in range(2):
        desk.post("editor", path, keys=[key])
    assert len(desk.house.store.rows()) == before + 1
    assert desk.house.store.get(key).card.unverified


def test_what_cannot_be_imported_says_why(desk):
    browser = desk.browser("editor")
    token = re.search(r'name="csrf" value="([^"]+)"', get(desk, "/import")).group(1)
    assert "请先选一个文件" in desk.post("editor", "/import").text
    sent = browser.post(
        "/console/import", data={"csrf": token}, files={"file": ("a.docm", b"PK\x03\x04")}
    )
    path = sent.headers["location"].removeprefix("/console")
    until(lambda: "文件里有宏" in get(desk, path))
    huge = browser.post(
        "/console/import", data={"csrf": token}, files={"file": ("a.md", b"x" * 21_000_000)}
    )
    assert huge.status_code == 413
    desk.post("editor", "/import", text=f"# {NASTY}\n\n少放盐。")
    for bad in ("nothing", "..%2f..%2fsecret", "0" * 24):
        assert browser.get(f"/console/import/{bad}").status_code == 404


def test_a_pasted_article_is_escaped(desk):
    path = desk.post("editor", "/import", text=f"# {NASTY}\n少放盐。").headers["location"]
    page = until(lambda: (p := get(desk, path.removeprefix("/console"))) and "张草稿" in p and p)
    assert NASTY not in page


def test_figures_gaps_counter_pack_and_golden_have_pages(desk):
    for number in range(6):
        message = InboundMessage(
            "web", f"m{number}", f"p{number}", MessageKind.TEXT, NASTY + "怎么办"
        )
        desk.house.dialogue.respond(message)
    assert "少于 5 个人的格子不显示" in get(desk, "/insights?days=7")
    browser = desk.browser("editor")
    assert browser.get("/console/insights/data?days=7").json()["day"][0]["value"] == 6
    sheet = browser.get("/console/insights/channel.csv?days=7")
    assert sheet.text.startswith("\ufeffchannel,questions,people")
    assert browser.get("/console/insights/passwords.csv").status_code == 404
    gaps = get(desk, "/gaps")
    assert NASTY not in gaps
    assert "6 个人" in gaps
    to = desk.post("editor", "/gaps", asks="路灯坏了找谁修\n路灯不亮").headers["location"]
    assert "路灯不亮" in get(desk, to.removeprefix("/console").split("?")[0])
    assert "禁烧区" in get(desk, "/counter?q=秸秆能烧吗")
    assert "大喇叭稿" in get(desk, "/counter?q=秸秆能烧吗")
    assert NASTY not in get(desk, f"/counter?q={NASTY}")
    assert "data:image/png" in get(desk, "/counter/print?q=秸秆能烧吗")
    assert get(desk, "/pack")
    desk.post("editor", "/golden", text="路灯坏了找谁", cards="local.lamp")
    assert "路灯坏了找谁" in get(desk, "/golden?q=路灯")


def test_bulk_sign_off_and_what_is_about_to_expire(desk):
    assert "快到复核日的" in get(desk, "/reviews")
    assert desk.post("editor", "/sign-off", topic="farm").status_code == 403
    assert desk.post("reviewer", "/sign-off", topic="nothing").status_code == 409


def test_the_first_page_says_which_cards_end_soon(desk):
    assert "快到期</strong>" not in get(desk, "/")
    house = desk.house
    straw = house.store.get("farm.straw").card
    soon = datetime.now().astimezone().date() + timedelta(days=URGENT_DAYS - 1)
    ending = straw.model_copy(update={"valid_until": soon})
    house.store.save(ending, "editor")
    house.store.publish("farm.straw", "test")
    house.indexer.refresh()
    assert "有 1 张卡片快到期" in get(desk, "/")
    assert f"{soon} 之后不再用" in get(desk, "/reviews")
    assert "快到期</strong>" not in get(desk, "/", "volunteer")


def test_retiring_needs_a_reason_and_works_at_once(desk):
    assert "请写明理由" in desk.post("reviewer", "/cards/farm.straw/retire").text
    desk.post("reviewer", "/cards/farm.straw/retire", reason="过时了")
    assert desk.house.store.published(["farm.straw"]) == []


def test_half_of_a_rehearsal_is_done_while_the_reviewer_reads(desk):
    house = desk.house
    straw = house.store.get("farm.straw").card
    house.store.save(straw.model_copy(update={"title": "秸秆烧不得"}), "editor")
    to = desk.post("editor", "/cards/farm.straw/submit").headers["location"]
    path = to.removeprefix("/console").split("?")[0]
    get(desk, path, "reviewer")
    get(desk, path, "reviewer")  # a second look begins nothing anew
    steps = []
    until(lambda: not house.rehearsal.preparing)
    questions = GoldenQuestions(house.engine).all()
    revision = house.store.get("farm.straw")
    house.rehearsal.run(revision, questions, lambda done, of: steps.append((done, of)))
    assert steps[-1] == (len(questions), len(questions))  # once, not twice

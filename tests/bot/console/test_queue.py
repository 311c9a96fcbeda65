"""The queue's pages: two volunteers, a resident's nasty words, and what each may not do."""

import pytest
from fastapi import FastAPI

from bot.addresses import Addresses
from bot.console.queue_pages import QueueParts, add_queue_pages
from bot.console.router import Console
from bot.console.seams import Suggestion
from bot.conversation import Conversations, Turn
from bot.delivery import Ledger
from bot.helpdesk import Helpdesk, Reason
from bot.messages import Reply
from tests.bot.console.conftest import PASSWORD, Desk, add_members, make_access

NASTY = "<script>alert(1)</script>怎么办"


@pytest.fixture
def queue(sqlite_engine, clock):
    engine = sqlite_engine
    access = make_access(engine, clock)
    add_members(access)
    from bot.console.members import Role  # noqa: PLC0415 - beside its one use

    token = access.members.invite([Role.VOLUNTEER], "test")
    access.members.accept(token, "volunteer2", "小陈", PASSWORD)
    ledger = Ledger(engine, Addresses(engine, "secret", clock), clock)
    helpdesk, conversations = Helpdesk(engine, ledger, clock), Conversations(engine, clock)
    made = []
    parts = QueueParts(
        helpdesk=helpdesk,
        conversations=conversations,
        ledger=ledger,
        suggest=lambda _q: [Suggestion("health.bp", "血压", "坐好再量。", 1.0)],
        brief=lambda key: f"照卡片 {key} 说的",
        spoken_by=lambda name, question, answer: f"【{name}】{question}：{answer}",
        make_draft=lambda question, login: made.append((question, login)) or "local.abc",
        similar=lambda _ticket: [],
        canned=["常用的话"],
        clock=clock,
    )
    console = Console(access, dict)
    add_queue_pages(console.routes, console.frame, access.members, access.trail, parts)
    app = FastAPI()
    app.include_router(console.router())
    turn = Turn("t1", "p", "wechat", 1.0, NASTY, "abstained", 0.2, (), Reply("不敢乱说"), 1)
    with engine.begin() as connection:
        conversations.add(connection, turn)
        helpdesk.open(connection, turn, Reason.ABSTAINED)
    desk = Desk(app, access, clock)
    desk.helpdesk, desk.ledger, desk.made = helpdesk, ledger, made
    return desk


def test_the_queue_shows_what_waits_and_escapes_what_was_written(queue):
    page = queue.browser("volunteer").get("/console/queue").text
    assert "没有卡片能答" in page
    assert NASTY not in page
    assert "&lt;script&gt;" in page
    ticket = queue.browser("volunteer").get("/console/queue/t1").text
    assert NASTY not in ticket
    assert "不敢乱说" in ticket
    assert "把握 20%" in ticket
    assert "坐好再量。" in ticket


def test_of_two_volunteers_one_gets_the_ticket_and_the_other_is_told_who(queue):
    assert queue.post("volunteer", "/queue/t1/claim").status_code == 303
    late = queue.post("volunteer2", "/queue/t1/claim")
    assert late.status_code == 409
    assert "小李已经接了这张工单" in late.text
    assert "小李已经接了" in queue.post("volunteer2", "/answer/t1", text="我来").text


def test_a_reply_goes_to_the_ledger_with_who_speaks(queue):
    unheld = queue.post("volunteer", "/answer/t1", text="查过了")
    assert "先点“我来接”" in unheld.text
    queue.post("volunteer", "/queue/t1/claim")
    assert "还没有写内容" in queue.post("volunteer", "/answer/t1", text="  ").text
    phone = "打我手机13812345678"
    queue.post("volunteer", "/answer/t1", text=phone, then="resolve")
    (delivery,) = queue.ledger.waiting("p")
    assert delivery.text.startswith("【小李】")
    assert "13812345678" not in delivery.text
    page = queue.browser("volunteer").get("/console/queue/t1").text
    assert "等居民下次说话时带过去" in page
    assert "重新打开" in page
    assert "已经办结" in queue.post("volunteer", "/queue/t1/claim").text


def test_notes_pass_on_release_and_reopen(queue):
    queue.post("volunteer", "/queue/t1/claim")
    queue.post("volunteer", "/queue/t1/note", text="等卫生院回电话")
    assert "等卫生院回电话" in queue.browser("volunteer2").get("/console/queue/t1").text
    queue.post("volunteer", "/queue/t1/assign", to="volunteer2")
    assert queue.helpdesk.get("t1").claimed_by == "volunteer2"
    assert "没有这个人" in queue.post("volunteer2", "/queue/t1/assign", to="editor").text
    queue.post("volunteer2", "/queue/t1/resolve")
    queue.post("volunteer", "/queue/t1/reopen")
    assert queue.helpdesk.get("t1").claimed_by == "volunteer"
    queue.post("volunteer", "/queue/t1/release")
    assert queue.helpdesk.get("t1").claimed_by == ""
    assert queue.post("volunteer", "/queue/t1/nonsense").status_code == 404


def test_a_ticket_becomes_one_draft_however_often_it_is_clicked(queue):
    for _ in range(2):
        queue.post("volunteer", "/draft-from/t1")
    assert queue.made == [(NASTY, "volunteer")]
    assert queue.helpdesk.get("t1").draft == "local.abc"
    to_card = queue.post("editor", "/draft-from/t1")
    assert to_card.headers["location"].startswith("/console/cards/local.abc")


def test_a_card_fills_the_reply(queue):
    queue.post("volunteer", "/queue/t1/claim")
    page = queue.browser("volunteer").get("/console/queue/t1?card=health.bp").text
    assert "照卡片 health.bp 说的</textarea>" in page


def test_an_editor_has_no_business_in_the_queue(queue):
    assert queue.browser("editor").get("/console/queue").status_code == 403
    assert queue.post("editor", "/queue/t1/claim").status_code == 403


def test_a_ticket_that_is_gone_says_so(queue):
    sent = queue.browser("volunteer").get("/console/queue/other")
    assert sent.status_code == 404
    assert "可能已过了保存期" in sent.text


def test_every_act_is_on_the_trail(queue):
    queue.post("volunteer", "/queue/t1/claim")
    queue.post("volunteer", "/answer/t1", text="查过了")
    acts = [line.act for line in queue.access.trail.latest()]
    assert acts[:2] == ["ticket.reply", "ticket.claim"]

"""The page that shows what a model said and what of it was dropped."""

import pytest
from fastapi import FastAPI

from bot.assistant.generation import Generation, JudgedSentence
from bot.assistant.grounding import Reason
from bot.assistant.model import Fault, Usage
from bot.console.console_words import load_console_words
from bot.console.generated_pages import add_generated_pages
from bot.console.router import Console
from bot.conversation import Conversations, Turn
from bot.generations import Generations
from bot.messages import Reply
from bot.spending import Spending
from tests.bot.console.conftest import Desk, add_members, make_access

NASTY = "<script>alert(1)</script>"


@pytest.fixture
def generated(sqlite_engine, clock):
    engine = sqlite_engine
    access = make_access(engine, clock)
    add_members(access)
    conversations, generations = Conversations(engine, clock), Generations(engine, clock)
    spending = Spending(engine, 1000, clock)
    console = Console(access, dict)
    add_generated_pages(
        console.routes, console.frame, generations, conversations.question, spending.today
    )
    app = FastAPI()
    app.include_router(console.router())
    kept = JudgedSentence("先歇5分钟再量。", ("health.bp",), True, "", 0.98)
    dropped = JudgedSentence(f"每天吃99粒{NASTY}。", ("health.bp",), False, "quantity", 0.0)
    with engine.begin() as connection:
        for turn_id, ending, sentences in (
            ("t1", "sent", (kept, dropped)),
            ("t2", "slow", ()),
            ("gone", "unfaithful", (dropped,)),
        ):
            made = Generation(ending, "qwen", "answer@1", sentences, Usage(120, 40), 0.02, 810.0)
            generations.add(connection, turn_id, made)
        for turn_id in ("t1", "t2"):
            turn = Turn(turn_id, "p", "web", 1.0, "血压怎么量", "answered", 1, (), Reply("答"), 1)
            conversations.add(connection, turn)
    spending.spend(Usage(120, 40), 0.25)
    return Desk(app, access, clock)


def test_every_sentence_is_shown_with_why_it_was_dropped(generated):
    page = generated.browser("editor").get("/console/generated").text
    assert "先歇5分钟再量。" in page
    assert "<del>每天吃99粒&lt;script&gt;" in page
    assert NASTY not in page
    for said in (
        "数字对不上",
        "没发：太慢",
        "answer@1",
        "160 个 token",
        "血压怎么量",
        "已过保存期",
    ):
        assert said in page


def test_only_those_that_did_not_go_out(generated):
    page = generated.browser("reviewer").get("/console/generated?only=fallback").text
    assert "先歇5分钟再量。" not in page
    assert "没发：太慢" in page


def test_volunteers_and_strangers_do_not_see_it(generated):
    assert generated.browser("volunteer").get("/console/generated").status_code == 403
    assert generated.browser().get("/console/generated").status_code == 303


def test_every_ending_and_every_reason_has_its_words():
    words = load_console_words()
    endings = ("sent", "unfaithful", "empty", "language", "nothing_in_cards", "failed")
    for name in (*endings, *(fault.value for fault in Fault)):
        assert words.say("endings", name) != name
    for reason in Reason:
        assert words.say("dropped", reason.value) != reason.value

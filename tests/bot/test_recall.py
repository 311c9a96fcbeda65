"""Recall: exactly those who heard the old words, and each once."""

import pytest

from bot.addresses import Addresses
from bot.conversation import Conversations, Turn
from bot.delivery import Ledger
from bot.messages import Reply
from bot.recall import Recalls

NOW = 1_800_000_000.0
DAY = 86400.0


@pytest.fixture
def ledger(engine):
    return Ledger(engine, Addresses(engine, "s"), lambda: NOW)


@pytest.fixture
def recalls(engine, ledger):
    return Recalls(engine, ledger, lambda: NOW)


def hear(engine, number, person, cards, days_ago=1.0, verdict="answered", channel="wechat"):
    turn = Turn(
        f"t{number}",
        person,
        channel,
        NOW - days_ago * DAY,
        "问",
        verdict,
        0.9,
        cards,
        Reply("答"),
        1.0,
    )
    with engine.begin() as connection:
        Conversations(engine).add(connection, turn)


def test_who_heard_the_old_words_is_told_once(engine, recalls, ledger):
    hear(engine, 1, "old", (("health.bp", 1),))
    hear(engine, 2, "old", (("health.bp", 2),), channel="wechat")
    hear(engine, 3, "new", (("health.bp", 3),))
    hear(engine, 4, "other", (("health.bp.measure", 1),))
    hear(engine, 5, "long ago", (("health.bp", 1),), days_ago=40)
    hear(engine, 6, "asked back", (("health.bp", 1),), verdict="clarify")
    hear(engine, 7, "since told", (("health.bp", 1),), days_ago=3)
    hear(engine, 8, "since told", (("health.bp", 3),), days_ago=2)
    hear(engine, 9, "web", (("farm.tea", 4), ("health.bp", 2)), channel="web")
    found = recalls.preview("health.bp", 3, 30)
    assert dict(found.by_channel) == {"wechat": 1, "web": 1}
    assert recalls.send("health.bp", 3, 30, "【更正】改了") == 2
    assert recalls.send("health.bp", 3, 30, "【更正】改了") == 0
    assert [d.text for d in ledger.waiting("old")] == ["【更正】改了"]
    after = recalls.preview("health.bp", 3, 30)
    assert (after.people, after.told) == (0, 2)
    assert dict(recalls.states("health.bp", 3)) == {"waiting": 2}


def test_a_key_is_no_pattern(engine, recalls):
    hear(engine, 1, "p", (("health.bp_x", 1),))
    assert recalls.preview("health.bp%", 3, 30).people == 0

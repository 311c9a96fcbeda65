"""Gaps: gathered by meaning, counted by people."""

import pytest

from bot.conversation import Conversations, Turn
from bot.gaps import Gaps
from bot.messages import Reply
from knowledge.store import CardStore
from tests.samples import make_card

NOW = 1_800_000_000.0


@pytest.fixture
def gaps(sqlite_engine, use_embedder):
    store = CardStore(sqlite_engine)
    store.save(make_card("health.tea", months=[11]), "t")
    store.publish("health.tea", "t")
    return Gaps(sqlite_engine, store, lambda text: use_embedder.embed([text])[0], lambda: NOW)


def ask(engine, number, person, question, verdict="abstained", at=NOW - 60, cards=()):
    turn = Turn(f"t{number}", person, "web", at, question, verdict, 0.1, cards, Reply("x"), 1.0)
    with engine.begin() as connection:
        Conversations(engine, lambda: NOW).add(connection, turn)
    return turn


def test_what_means_the_same_is_one_gap_counted_by_people(gaps, sqlite_engine):
    for number in range(3):
        ask(sqlite_engine, number, "p1", "村里的路灯坏了找谁修")
    ask(sqlite_engine, 4, "p2", "路灯坏了找谁修理")
    ask(sqlite_engine, 5, "p3", "怎么给猫洗澡")
    first, second = gaps.find()
    assert first.people == 2
    assert first.why == ("unanswered",)
    assert set(first.questions) == {"村里的路灯坏了找谁修", "路灯坏了找谁修理"}
    assert second.questions == ("怎么给猫洗澡",)


def test_low_ratings_and_second_tries_are_gaps_too(gaps, sqlite_engine):
    tea = (("health.tea", 1),)
    turn = ask(sqlite_engine, 1, "p1", "喝茶好不好", "answered", cards=tea)
    with sqlite_engine.begin() as connection:
        Conversations(sqlite_engine, lambda: NOW).rate(connection, turn, False)
    ask(sqlite_engine, 2, "p2", "老人能喝浓茶吗", "answered", NOW - 300, tea)
    ask(sqlite_engine, 3, "p2", "我爸喝浓茶要紧吗", "answered", NOW - 200, tea)
    why = {g.questions[0]: g.why for g in gaps.find()}
    assert why["喝茶好不好"] == ("low_rating",)
    assert ("asked_again",) in why.values()


def test_what_was_answered_well_or_long_ago_is_no_gap(gaps, sqlite_engine):
    ask(sqlite_engine, 1, "p1", "喝茶好不好", "answered")
    ask(sqlite_engine, 2, "p1", "路灯坏了", at=NOW - 40 * 86400)
    assert gaps.find() == []


def test_coverage_counts_cards_seasons_and_questions(gaps, sqlite_engine):
    ask(sqlite_engine, 1, "p1", "喝茶", "answered", cards=(("health.tea", 1),))
    (health,) = gaps.coverage(11)
    assert (health.topic, health.cards, health.in_season, health.asked) == ("health", 1, 1, 1)
    assert gaps.coverage(5)[0].in_season == 0

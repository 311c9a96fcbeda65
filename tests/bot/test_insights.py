"""Figures of a period on both databases: right, and nobody to be found in them."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Conversations, Turn
from bot.insights import LEAST_PEOPLE, Cell, InsightsBook, safe_cell, write_csv
from bot.messages import Reply

NOW = 1_800_000_000.0


@pytest.fixture
def book(engine):
    return InsightsBook(engine, lambda key: {"health.bp": "血压"}.get(key, ""), lambda: NOW)


def ask(engine, number, person, channel="web", cards=(("health.bp", 1),), verdict="answered"):
    conversations = Conversations(engine, lambda: NOW)
    turn = Turn(
        f"t{number}", person, channel, NOW - 60, "问", verdict, 0.9, cards, Reply("答"), 1.0
    )
    with engine.begin() as connection:
        conversations.add(connection, turn)
    return turn


def test_questions_are_counted_by_table_and_people_once(engine, book):
    for number in range(12):
        ask(engine, number, f"p{number % 6}")
    found = book.read(7)
    assert (found.questions, found.people) == (12, 6)
    assert found.tables["topic"] == [Cell("health", 12, 6)]
    assert found.tables["card"] == [Cell("血压", 12, 6)]
    assert found.tables["channel"] == [Cell("web", 12, 6)]


def test_fewer_than_five_people_are_not_shown_nor_to_be_worked_out(engine, book):
    for number in range(6):
        ask(engine, number, f"p{number}", "web")
    for number in range(6, 13):
        ask(engine, number, f"p{number}", "wechat")
    ask(engine, 20, "p1", "telegram")
    cells = {c.name: c.people for c in book.read(7).tables["channel"]}
    assert cells == {"wechat": 7, "web": None, "telegram": None}


def test_a_handful_of_people_is_no_figure_at_all(engine, book):
    for number in range(LEAST_PEOPLE - 1):
        turn = ask(engine, number, f"p{number}")
        with engine.begin() as connection:
            Conversations(engine, lambda: NOW).rate(connection, turn, True)
    found = book.read(7)
    assert found.people is None
    assert found.satisfaction is None
    assert found.human_minutes is None


def test_the_period_ends_where_it_says(engine, book):
    ask(engine, 1, "p")
    later = InsightsBook(engine, str, lambda: NOW + 8 * 86400)
    assert later.read(7).questions == 0
    assert later.read(30).questions == 1


@given(st.text(max_size=30))
def test_no_cell_is_a_formula(name):
    rows = list(csv.reader(io.StringIO(write_csv("t", [Cell(name, 1, None)])[1:], newline="")))
    assert not rows[1][0].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert rows[1][1:] == ["1", "<5"]
    assert safe_cell(name).endswith(name)


def test_regions_that_people_name_are_counted_and_few_are_hidden(engine, book):
    for number in range(7):
        text = "我们河南麦子黄了" if number < 6 else "青海下雪了"
        with engine.begin() as connection:
            Conversations(engine, lambda: NOW).add(
                connection,
                Turn(
                    f"r{number}", f"p{number}", "web", NOW - 60, text, "answered", 0.9, (),
                    Reply("答"), 1.0,
                ),
            )  # fmt: skip
    cells = {c.name: c.people for c in book.read(7).tables["region"]}
    assert cells == {"河南": None, "青海": None}
    with engine.begin() as connection:
        for number in range(10, 15):
            Conversations(engine, lambda: NOW).add(
                connection,
                Turn(
                    f"r{number}", f"p{number}", "web", NOW - 60, "青海下雪了", "answered", 0.9, (),
                    Reply("答"), 1.0,
                ),
            )  # fmt: skip
    assert {c.name: c.people for c in book.read(7).tables["region"]} == {"河南": 6, "青海": 6}

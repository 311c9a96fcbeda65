"""Tickets on both databases."""

import pytest

from bot.conversation import Conversations, Turn
from bot.helpdesk import Helpdesk, Reason, UnknownTicketError
from bot.messages import Reply


def turn(number: int, person: str = "p") -> Turn:
    return Turn(
        f"t{number}", person, "web", 1.0, f"问题{number}", "abstained", 0.1, (), Reply("x"), 1
    )


@pytest.fixture
def helpdesk(engine):
    ticks = iter(range(1, 1000))
    return Helpdesk(engine, clock=lambda: float(next(ticks)))


def open_ticket(helpdesk, engine, number, reason=Reason.UNCHECKED, person="p"):
    with engine.begin() as connection:
        helpdesk.open(connection, turn(number, person), reason)


def test_alerts_come_first_then_the_oldest(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    open_ticket(helpdesk, engine, 2, Reason.ALERT)
    open_ticket(helpdesk, engine, 3)
    assert [t.id for t in helpdesk.waiting()] == ["t2", "t1", "t3"]


def test_a_turn_opens_one_ticket(helpdesk, engine):
    for _ in range(2):
        open_ticket(helpdesk, engine, 1)
    assert len(helpdesk.waiting()) == 1


def test_an_answer_is_news_until_it_is_told(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    assert helpdesk.news("p") == []
    helpdesk.answer("t1", "查过了，是假的。", "小王")
    assert helpdesk.waiting() == []
    assert [t.answer for t in helpdesk.news("p")] == ["查过了，是假的。"]
    assert helpdesk.news("q") == []
    with engine.begin() as connection:
        helpdesk.tell(connection, helpdesk.news("p"))
    assert helpdesk.news("p") == []


def test_what_is_not_open_cannot_be_answered(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    helpdesk.answer("t1", "好", "小王")
    for ticket in ("t1", "t9"):
        with pytest.raises(UnknownTicketError):
            helpdesk.answer(ticket, "又好", "小李")


def test_nothing_is_kept_of_who_leaves_or_for_too_long(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    open_ticket(helpdesk, engine, 2, person="q")
    with engine.begin() as connection:
        helpdesk.forget(connection, "p")
    assert [t.id for t in helpdesk.waiting()] == ["t2"]
    helpdesk.prune(10**6)
    assert helpdesk.waiting() == []


def test_the_tables_are_as_the_migrations_made_them(engine):
    assert Conversations(engine).prune(0) == 0

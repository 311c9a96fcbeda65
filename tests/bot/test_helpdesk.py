"""Tickets on both databases."""

import pytest

from bot.addresses import Addresses
from bot.conversation import Turn
from bot.delivery import DeliveryState, Ledger
from bot.helpdesk import (
    DUE_QUESTION_SECONDS,
    Helpdesk,
    LineKind,
    Reason,
    TicketTakenError,
    UnknownTicketError,
)
from bot.messages import Reply


def turn(number: int, person: str = "p") -> Turn:
    return Turn(
        f"t{number}", person, "web", 1.0, f"问题{number}", "abstained", 0.1, (), Reply("x"), 1
    )


@pytest.fixture
def ledger(engine):
    return Ledger(engine, Addresses(engine, "secret"))


@pytest.fixture
def helpdesk(engine, ledger):
    ticks = iter(range(1, 1000))
    return Helpdesk(engine, ledger, clock=lambda: float(next(ticks)))


def open_ticket(helpdesk, engine, number, reason=Reason.UNCHECKED, person="p"):
    with engine.begin() as connection:
        helpdesk.open(connection, turn(number, person), reason)


def test_alerts_come_first_then_the_soonest_due(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    open_ticket(helpdesk, engine, 2, Reason.ALERT)
    open_ticket(helpdesk, engine, 3)
    open_ticket(helpdesk, engine, 4, Reason.ASKED)
    assert [t.id for t in helpdesk.waiting()] == ["t2", "t4", "t1", "t3"]
    assert helpdesk.get("t1").due_at == 1 + DUE_QUESTION_SECONDS
    assert helpdesk.get("t2").due_at == 2 + 300


def test_a_turn_opens_one_ticket(helpdesk, engine):
    for _ in range(2):
        open_ticket(helpdesk, engine, 1)
    assert len(helpdesk.waiting()) == 1


def test_one_of_two_gets_a_ticket_and_the_other_learns_who(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    helpdesk.claim("t1", "li")
    with pytest.raises(TicketTakenError) as taken:
        helpdesk.claim("t1", "zhang")
    assert taken.value.by == "li"
    helpdesk.claim("t1", "li")  # a second click of the same person is no error
    assert helpdesk.get("t1").claimed_by == "li"


def test_only_who_has_it_may_act_on_it(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    for act in (helpdesk.release, helpdesk.resolve):
        with pytest.raises(TicketTakenError):
            act("t1", "li")
    helpdesk.claim("t1", "li")
    helpdesk.assign("t1", "li", "zhang")
    with pytest.raises(TicketTakenError):
        helpdesk.reply("t1", "li", "我来说")
    helpdesk.release("t1", "zhang")
    assert helpdesk.get("t1").claimed_by == ""


def test_a_reply_is_on_its_way_and_on_the_ticket(helpdesk, engine, ledger):
    open_ticket(helpdesk, engine, 1)
    helpdesk.claim("t1", "li")
    number = helpdesk.reply("t1", "li", "查过了，是假的。", "【志愿者小李】查过了，是假的。")
    (delivery,) = ledger.waiting("p")
    assert (delivery.id, delivery.text) == (number, "【志愿者小李】查过了，是假的。")
    assert delivery.state is DeliveryState.WAITING
    (line,) = helpdesk.lines("t1")
    assert (line.kind, line.text, line.delivery) == (LineKind.REPLY, "查过了，是假的。", number)
    assert helpdesk.get("t1").answer == "查过了，是假的。"
    assert ledger.waiting("q") == []


def test_resolved_is_closed_until_it_is_opened_again(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    helpdesk.claim("t1", "li")
    helpdesk.resolve("t1", "li")
    assert helpdesk.waiting() == []
    assert [t.id for t in helpdesk.resolved()] == ["t1"]
    for act in (helpdesk.claim, helpdesk.resolve, helpdesk.release):
        with pytest.raises(UnknownTicketError):
            act("t1", "li")
    helpdesk.reopen("t1", "zhang")
    assert helpdesk.get("t1").claimed_by == "zhang"
    with pytest.raises(UnknownTicketError):
        helpdesk.reopen("t1", "zhang")


def test_who_talks_with_a_person_is_known_while_they_do(helpdesk, engine):
    open_ticket(helpdesk, engine, 1)
    assert helpdesk.holder("p") is None
    helpdesk.claim("t1", "li")
    assert helpdesk.holder("p").id == "t1"
    assert helpdesk.holder("q") is None
    helpdesk.resolve("t1", "li")
    assert helpdesk.holder("p") is None


def test_nothing_is_kept_of_who_leaves_or_for_too_long(helpdesk, engine, ledger):
    for number, person in ((1, "p"), (2, "q")):
        open_ticket(helpdesk, engine, number, person=person)
        helpdesk.claim(f"t{number}", "li")
        helpdesk.reply(f"t{number}", "li", "好")
        helpdesk.note(f"t{number}", "li", "记一笔")
    with engine.begin() as connection:
        helpdesk.forget(connection, "p")
    assert [t.id for t in helpdesk.waiting()] == ["t2"]
    assert helpdesk.lines("t1") == []
    assert ledger.waiting("p") == []
    helpdesk.prune(older_than=1e12)
    assert helpdesk.waiting() == []
    assert ledger.waiting("q") == []


def test_an_unknown_ticket_is_said_to_be_one(helpdesk):
    for act in (
        helpdesk.get,
        lambda t: helpdesk.claim(t, "li"),
        lambda t: helpdesk.note(t, "x", "y"),
    ):
        with pytest.raises(UnknownTicketError):
            act("nothing")

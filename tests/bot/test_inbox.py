import threading

import pytest

from bot.inbox import LEASE_SECONDS, Inbox
from bot.messages import Action, Choice, Reply, Tap

REPLY = Reply("答", (Choice(1, "问", Tap(Action.ASK, "t1", 1)),), "t1", True, heading="还可以问")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def inbox(engine, clock):
    return Inbox(engine, clock, clock.sleep)


@pytest.fixture
def finish(engine, inbox):
    def finish(message_id, reply=REPLY):
        with engine.begin() as connection:
            inbox.finish(connection, "wechat", message_id, reply)

    return finish


def test_a_message_is_taken_once_and_its_reply_replayed(inbox, finish):
    assert inbox.claim("wechat", "1", "li").fresh
    assert not inbox.claim("wechat", "1", "li").fresh
    finish("1")
    again = inbox.claim("wechat", "1", "li")
    assert (again.fresh, again.done, again.reply) == (False, True, REPLY)
    assert inbox.claim("telegram", "1", "li").fresh


def test_of_many_deliveries_at_once_one_is_fresh(inbox):
    gate, claims = threading.Barrier(6), []

    def deliver():
        gate.wait()
        claims.append(inbox.claim("wechat", "1", "li"))

    threads = [threading.Thread(target=deliver) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(claim.fresh for claim in claims) == 1


def test_a_dead_workers_message_is_taken_over_once(inbox, clock):
    inbox.claim("wechat", "1", "li")
    clock.now += LEASE_SECONDS + 1
    assert inbox.claim("wechat", "1", "li").fresh
    assert not inbox.claim("wechat", "1", "li").fresh


def test_waiting_ends_with_the_reply_or_with_the_message(inbox, finish, clock):
    inbox.claim("wechat", "1", "li")
    assert inbox.wait("wechat", "1").fresh  # the clock runs past the lease while waiting
    finish("1")
    assert inbox.wait("wechat", "1").reply == REPLY


def test_a_late_answer_is_collected_once(inbox, finish):
    inbox.claim("wechat", "1", "li")
    assert not inbox.defer("wechat", "1", "li").done
    assert inbox.collect("li").still_working
    finish("1")
    assert inbox.collect("wang").replies == ()
    assert inbox.collect("li").replies == (REPLY,)
    assert inbox.collect("li").replies == ()


def test_an_answer_that_is_ready_is_given_instead_of_a_placeholder(inbox, finish):
    inbox.claim("wechat", "1", "li")
    finish("1")
    claim = inbox.defer("wechat", "1", "li")
    assert (claim.done, claim.reply) == (True, REPLY)
    assert inbox.collect("li").replies == ()


def test_a_question_deferred_before_anybody_began_is_answered_all_the_same(inbox, finish):
    assert not inbox.defer("wechat", "1", "li").done
    assert inbox.collect("li").still_working
    assert inbox.claim("wechat", "1", "li").fresh
    finish("1")
    assert inbox.collect("li").replies == (REPLY,)


def test_silence_is_a_reply_too(inbox, finish):
    inbox.claim("wechat", "1", "li")
    finish("1", None)
    claim = inbox.claim("wechat", "1", "li")
    assert (claim.done, claim.reply) == (True, None)

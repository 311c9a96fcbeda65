import threading

import pytest

from bot.assistant.generation import Generation, JudgedSentence
from bot.assistant.model import Usage
from bot.conversation import Conversations, Turn
from bot.generations import Generations
from bot.messages import Reply
from bot.spending import Spending

DAY = 86400.0


def made(ending="sent"):
    sentence = JudgedSentence("先歇5分钟再量。", ("health.a",), True, "", 0.93)
    return Generation(ending, "qwen", "answer@1", (sentence,), Usage(120, 40), 0.02, 810.0)


def turn(turn_id="t1", person="p"):
    return Turn(turn_id, person, "web", 0.0, "问", "answered", 1.0, (), Reply("答"), 5.0)


@pytest.fixture
def stores(engine):
    return engine, Conversations(engine), Generations(engine, clock=lambda: 5.0)


def test_a_generation_is_kept_with_its_judgements_and_its_prompt_s_version(stores):
    engine, _, generations = stores
    with engine.begin() as connection:
        generations.add(connection, "t1", made())
        generations.add(connection, "t1", made("unfaithful"))  # the first stays
    assert generations.of("t1") == made()
    assert generations.of("t2") is None
    assert generations.latest() == [("t1", made())]


def test_what_is_kept_of_a_person_goes_with_the_person_and_with_time(stores):
    engine, conversations, generations = stores
    with engine.begin() as connection:
        conversations.add(connection, turn("t1", "p"))
        conversations.add(connection, turn("t2", "q"))
        generations.add(connection, "t1", made())
        generations.add(connection, "t2", made())
        conversations.forget(connection, "p")
    assert generations.of("t1") is None
    assert generations.of("t2") is not None
    conversations.prune(6.0)
    assert generations.of("t2") is None


def test_a_day_s_spending_adds_up_across_threads_and_ends_at_midnight(engine):
    now = [10 * DAY + 100]
    spending = Spending(engine, 1000, clock=lambda: now[0])

    def spend():
        for _ in range(5):
            Spending(engine, 1000, clock=lambda: now[0]).spend(Usage(60, 40), 0.5)

    threads = [threading.Thread(target=spend) for _ in range(2)]
    assert spending.left()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spending.today().usage == Usage(600, 400)
    assert spending.today().cost == pytest.approx(5.0)
    assert not spending.left()
    now[0] += DAY
    assert spending.left()
    assert not Spending(engine, 0, clock=lambda: now[0]).left()

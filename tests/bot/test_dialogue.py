import threading
from dataclasses import replace
from itertools import count

import pytest
import sqlalchemy as sa

from bot.conversation import feedback, turns
from bot.inbox import inbox
from bot.messages import Action, InboundMessage, MessageKind, Tap
from bot.people import people

IDS = count()
POLICE = "接到自称公安的电话说我犯法了怎么办"


@pytest.fixture
def send(house):
    def send(text="", kind=MessageKind.TEXT, person="li", tap=None, message_id=None):
        message = InboundMessage("wechat", message_id or f"m{next(IDS)}", person, kind, text, tap)
        return house.dialogue.respond(message)

    return send


def rows(house, table):
    with house.engine.connect() as connection:
        return connection.execute(sa.select(table)).all()


def test_the_first_answer_introduces_us_after_what_was_asked(send):
    first, second = send(POLICE), send(POLICE)
    assert first.text.index("这很像诈骗") < first.text.index("我是科普帮")
    assert "我是科普帮" not in second.text


def test_following_us_is_welcomed_with_examples_that_can_be_tapped(send):
    reply = send(kind=MessageKind.SUBSCRIBE)
    assert "不是医生" in reply.text
    assert "存180天" in reply.text
    assert len(reply.choices) == 4
    assert "来源：" in send("2").text


def test_a_redelivery_gets_the_same_reply_and_no_second_turn(house, send):
    first = send(POLICE, message_id="same")
    assert send(POLICE, message_id="same") == first
    assert len(rows(house, turns)) == 1


def test_a_redelivery_while_the_first_is_working_joins_it(house, send, monkeypatch):
    gate = threading.Event()
    answer = house.assistant.answer
    calls = []

    def slow(question, background=None):
        calls.append(question)
        gate.wait(5)
        return answer(question, background)

    monkeypatch.setattr(house.assistant, "answer", slow)
    replies = []
    threads = [
        threading.Thread(target=lambda: replies.append(send(POLICE, message_id="same")))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert replies[0] == replies[1] == replies[2]


@pytest.mark.parametrize("typed", ["1", "１", "一", "1。", " 1 "])
def test_a_digit_takes_what_was_offered(send, typed):
    first = send(POLICE)
    assert first.choices
    assert send(typed).text.split("\n")[0] != first.text.split("\n")[0]


def test_a_tap_takes_what_its_own_answer_offered(house, send):
    first = send(POLICE)
    label = first.choices[0].label
    send("秸秆能烧吗")
    tapped = send(label, tap=first.choices[0].tap)
    assert house.indexer.lookup("fraud.after_transfer").card.answer in tapped.text


def test_somebody_elses_button_does_nothing(send):
    mine = send(POLICE, person="li")
    theirs = send("1", person="wang", tap=mine.choices[0].tap)
    assert "看不懂" in theirs.text


def test_a_digit_with_nothing_on_offer_is_not_a_command(send):
    assert "看不懂" in send("3").text


@pytest.mark.parametrize(
    ("typed", "useful"), [("8", True), ("9", False), ("有用", True), ("没用", False)]
)
def test_a_rating_is_stored_with_the_revision_it_is_about(house, send, typed, useful):
    send(POLICE)
    send(typed)
    found = rows(house, feedback)
    assert [(r.useful, r.card, r.number) for r in found] == [(useful, "fraud.police", 1)]


def test_a_rating_may_be_changed_and_is_counted_once(house, send):
    reply = send(POLICE)
    send(tap=Tap(Action.RATE, reply.turn, 1), text="有用")
    send(tap=Tap(Action.RATE, reply.turn, 0), text="没用")
    assert [r.useful for r in rows(house, feedback)] == [False]


def test_there_is_nothing_to_rate_before_an_answer(send, house):
    assert "还没有" in send("有用").text
    send("今晚的球赛谁赢了")
    assert "还没有" in send("有用").text
    assert rows(house, feedback) == []


def test_more_gives_the_same_answer_at_the_next_page(send):
    first = send(POLICE)
    assert send("继续看").page == 2
    assert send("继续看").page == 3
    assert send(tap=Tap(Action.MORE, first.turn, 2), text="继续看").text == first.text
    assert "没有没看完" in send("继续看", person="stranger").text


def test_a_late_answer_is_collected_by_typing(house, send):
    late = InboundMessage("wechat", "late", "li", MessageKind.TEXT, POLICE)
    assert house.dialogue.defer(late).pending
    assert send("查看结果").pending
    house.dialogue.respond(late)
    assert "这很像诈骗" in send("查看结果").text
    assert "没有等着" in send("查看结果").text


def test_a_follow_up_leans_on_the_answer_before(send):
    send("大人噎住了怎么办")
    assert "娃脸朝下" in send("那婴儿呢").text


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (MessageKind.VOICE, "语音"),
        (MessageKind.IMAGE, "图片"),
        (MessageKind.LOCATION, "位置"),
        (MessageKind.LINK, "链接"),
        (MessageKind.UNSUPPORTED, "看不了"),
    ],
)
def test_what_we_cannot_read_gets_a_clear_word_and_the_numbers_to_call(send, kind, says):
    reply = send(kind=kind)
    assert says in reply.text
    assert "110" in reply.text


def test_recognised_speech_is_a_question(send):
    assert "这很像诈骗" in send(POLICE, kind=MessageKind.VOICE).text


def test_a_platform_notice_gets_silence(send):
    assert send(kind=MessageKind.NOTICE) is None


def test_unfollowing_deletes_everything_of_that_person_only(house, send):
    send(POLICE, person="li")
    send("8", person="li")
    send(POLICE, person="wang")
    assert send(kind=MessageKind.UNSUBSCRIBE, person="li") is None
    assert len(rows(house, turns)) == len(rows(house, people)) == 1
    assert rows(house, feedback) == []
    assert len({r.person for r in rows(house, inbox)}) == 1


def test_neither_openids_nor_numbers_are_stored(house, send):
    send("我的卡号6222020000001234567，电话13812345678，骗子让我转账", person="oOPENID123")
    stored = str([rows(house, t) for t in (turns, people, inbox)])
    for secret in ("oOPENID123", "6222020000001234567", "13812345678"):
        assert secret not in stored
    assert "[银行卡号]" in stored


def test_too_many_questions_get_a_polite_word_with_the_numbers(house, send):
    replies = [send(POLICE) for _ in range(house.settings.person_per_minute + 1)]
    assert "这很像诈骗" in replies[-2].text
    assert "120" in replies[-1].text
    assert "歇一口气" in replies[-1].text
    assert "这很像诈骗" in send(POLICE, person="another").text


def test_a_failing_turn_apologises_and_is_not_repeated(house, send, monkeypatch):
    def fail(*_):
        raise RuntimeError("secret words of a resident")

    monkeypatch.setattr(house.assistant, "answer", fail)
    assert "对不起" in send(POLICE).text


def test_when_the_database_is_gone_people_are_still_answered_once(house, send, monkeypatch):
    def fail(*_args, **_keywords):
        raise sa.exc.OperationalError("INSERT", {}, Exception("disk is full"))

    monkeypatch.setattr(house.engine, "begin", fail)
    monkeypatch.setattr(house.engine, "connect", fail)
    monkeypatch.setattr(house.store, "mark", lambda: house.indexer._mark)
    first = send(POLICE, message_id="x")
    assert "这很像诈骗" in first.text
    assert send(POLICE, message_id="x") == first
    assert not house.health.now()["database"].works


def test_old_conversations_are_pruned(house, send):
    send(POLICE)
    assert house.conversations.prune(older_than=0) == 0
    assert house.conversations.prune(older_than=2e10) == 1
    assert rows(house, turns) == rows(house, people) == rows(house, inbox) == []


def test_a_reply_survives_storing(send):
    first = send(POLICE, message_id="kept")
    assert replace(first) == send("", message_id="kept")

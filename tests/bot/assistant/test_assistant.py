from datetime import date, timedelta

import pytest

from bot.assistant.answer import AnswerVerdict
from bot.assistant.assistant import Background
from bot.assistant.composer import Composer
from bot.assistant.follow_up import covers, focus, leans_back, stand_alone
from knowledge.card import Revision
from prompts import load_wording
from tests.samples import SAMPLES, make_card

DAY = date(2026, 11, 23)


@pytest.fixture
def assistant(house):
    return house.assistant


def test_an_answer_says_the_short_thing_first_and_its_sources_last(assistant):
    answer = assistant.answer_card("fraud.police")
    assert answer.verdict is AnswerVerdict.ANSWERED
    assert answer.cards[0].key == "fraud.police"
    text = answer.text
    order = [
        text.index(part)
        for part in ("这很像诈骗", "1. ", "千万记住", "什么时候找人帮忙", "来源：", "核对日期：")
    ]
    assert order == sorted(order)
    assert {c.issuer for c in answer.citations} >= {"绍兴市公安局"}
    assert "110" in answer.hotlines
    assert answer.rateable


def test_every_line_is_the_cards_or_the_wordings(assistant):
    card = next(c for c in SAMPLES if c.key == "fraud.police")
    ours = {*load_wording().section("answer").values()}
    theirs = {card.answer, card.seek_help, *card.steps, *card.never, *card.red_flags}
    said = assistant.answer_card("fraud.police").text.split("来源：")[0]
    for line in filter(None, said.splitlines()):
        bare = line.split(". ", 1)[-1].removeprefix("· ")
        assert bare in ours | theirs, line


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("", "没看到字"),
        ("😀😀😀", "看不懂"),
        ("123456", "看不懂"),
        ("how do I treat a cold", "Please ask in Chinese"),
        ("你好", "我在"),
        ("谢谢！", "不客气"),
        ("今晚的球赛谁赢了", "不太会聊天"),
    ],
)
def test_what_it_cannot_answer_it_says_kindly(assistant, question, says):
    answer = assistant.answer(question)
    assert answer.verdict in {AnswerVerdict.ABSTAINED, AnswerVerdict.REFUSED}
    assert says in answer.text
    assert not answer.rateable


@pytest.mark.parametrize(
    "text", ["\x00", "\ud800", "长" * 100_000, "\ufdfa" * 2000, "<xml>", "血压" * 50_000]
)
def test_hostile_text_gets_an_answer(assistant, text):
    assert assistant.answer(text).text


def test_a_follow_up_is_understood_in_its_conversation(assistant):
    before = Background("大人噎住了怎么办", "firstaid.choking")
    assert assistant.answer("那婴儿呢", before).cards[0].key == "firstaid.choking.infant"


def test_a_follow_up_no_card_covers_is_abstained_from_by_name(assistant):
    before = Background("秸秆能不能烧", "farm.straw")
    answer = assistant.answer("那孕妇呢", before)
    assert answer.verdict is AnswerVerdict.ABSTAINED


def test_a_whole_question_does_not_lean_on_the_one_before(assistant):
    before = Background("秸秆能不能烧", "farm.straw")
    answer = assistant.answer("那接到公安电话说我涉嫌洗钱怎么办", before)
    assert answer.cards[0].key == "fraud.police"


def test_a_tapped_card_is_answered_and_a_retired_one_is_not(house):
    assert house.assistant.answer_card("farm.straw").cards[0].key == "farm.straw"
    house.store.retire("farm.straw", "tests")
    assert house.assistant.answer_card("farm.straw") is None
    assert house.assistant.answer_card("no.such") is None


@pytest.mark.parametrize(
    ("text", "leans", "about"),
    [
        ("那小孩呢", True, "小孩"),
        ("小孩呢？", True, "小孩"),
        ("那要是孕妇咋办", True, "要是孕妇"),
        ("这个要紧吗", True, "这个"),
        ("血压高了怎么量才准一点点", False, None),
    ],
)
def test_what_leans_back(text, leans, about):
    assert leans_back(text) is leans
    if about:
        assert focus(text) == about


def test_people_give_way_to_people():
    assert stand_alone("那小孩呢", "老人噎住了怎么办") == "小孩 噎住了怎么办"
    assert stand_alone("要去医院吗", "被狗咬了怎么办") == "要去医院吗 被狗咬了怎么办"


def test_a_card_covers_people_by_any_of_their_names():
    card = make_card(answer="儿童不要喝浓茶。")
    assert covers(card, "小孩")
    assert not covers(card, "孕妇")


class TestComposer:
    composer = Composer(load_wording())

    def compose(self, card, today=DAY):
        return self.composer.compose(Revision(card=card, number=3, author="t"), 0.9, (), today)

    def test_a_rumour_gives_its_verdict_with_the_answer(self):
        card = make_card("rumour.R99", kind="rumour", claim="喝茶治百病", verdict="false")
        answer = self.compose(card)
        assert answer.text.startswith("淡茶可以喝")
        assert "那种说法是假的" in answer.text.split("\n\n")[0]
        assert answer.verdict is AnswerVerdict.RUMOUR
        assert "喝茶治百病" not in answer.text

    def test_how_a_source_was_seen_is_not_hidden(self):
        def sourced(evidence):
            source = {"issuer": "某委", "title": "提示", "evidence": evidence, "supports": ["x"]}
            return self.compose(make_card(sources=[source])).text

        assert "某委：提示\n" in sourced("primary")
        assert "见公开转载" in sourced("secondary")
        assert "没有核对到原文" in sourced("unseen")

    def test_an_overdue_card_says_so(self):
        card = make_card()
        assert "复核日期" not in self.compose(card).text
        assert "复核日期" in self.compose(card, card.review_due + timedelta(days=1)).text

    def test_the_revision_used_is_on_the_answer(self):
        answer = self.compose(make_card())
        assert (answer.cards[0].revision, answer.citations[0].revision) == (3, 3)

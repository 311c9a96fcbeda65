"""Triage by rules and by the model: what is happening now, and what only sounds like it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.assistant.emergency import load_responses
from bot.assistant.models import load_triage_model
from bot.assistant.triage import Triage, triage_signals
from bot.assistant.triage_rules import load_triage_rules
from retrieval.question import read_question
from retrieval.retriever import Heard

RULES = load_triage_rules()
TRIAGE = Triage(RULES, load_triage_model())


def heard(text: str) -> Heard:
    return Heard(read_question(text), None)


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("我爸突然倒地叫不醒没有呼吸了", "cardiac_arrest"),
        ("我爸没反应了", "cardiac_arrest"),
        ("我爸叫不答应了", "cardiac_arrest"),
        ("老伴怎么喊他都没反应", "cardiac_arrest"),
        ("我爸嘴歪了说话不清", "stroke"),
        ("老伴胸口疼出冷汗左胳膊麻", "chest_pain"),
        ("孩子噎住了脸发紫", "choking"),
        ("俺娘喝了敌敌畏", "poisoning_pesticide"),
        ("屋里烧煤炉，一家人都头晕恶心站不起来", "poisoning_gas"),
        ("我正在给公安的安全账户转钱", "scam_transferring"),
        ("刚把验证码告诉他了", "scam_code"),
        ("我不想活了", "self_harm"),
    ],
)
def test_what_happens_now_raises_an_alarm_without_any_embedder(text, category):
    alarm = TRIAGE.check(heard(text))
    assert alarm is not None, text
    assert alarm.category == category
    assert alarm.why
    assert alarm.why[0]


@pytest.mark.parametrize(
    "text",
    [
        "中风有哪些征兆",
        "去年中风后怎么锻炼",
        "笑死我了",
        "想死你了",
        "困死了",
        "心肺复苏怎么做",
        "手机中毒了怎么杀毒",
        "血压高了怎么办",
        "电视里演一个人心梗了",
        "没有胸痛，就是有点咳嗽",
    ],
)
def test_what_only_sounds_like_it_is_left_alone(text):
    assert TRIAGE.check(heard(text)) is None


def test_rules_alone_go_on_when_the_model_cannot_be_read(tmp_path):
    assert load_triage_model(tmp_path) is None
    alone = Triage(RULES, None)
    assert alone.check(heard("我爸嘴歪了说话不清")).category == "stroke"
    assert alone.check(heard("中风有哪些征兆")) is None
    assert alone.certainty(heard("今天吃什么")) == 0


def test_a_sign_that_is_denied_is_none():
    assert "chest_pain" not in RULES.read("没有胸口疼").signs
    assert "chest_pain" in RULES.read("胸口疼得厉害").signs


def test_every_category_has_signs_and_an_answer():
    answered = load_responses().by_category
    assert set(RULES.categories) == set(answered)
    assert {sign.category for sign in RULES.signs} == set(answered)


def test_a_broken_rule_is_named(tmp_path):
    path = tmp_path / "triage.toml"
    path.write_text('[x]\nsigns = ["("]\n[guards]\n', "utf-8")
    with pytest.raises(ValueError, match=r"triage.toml: '\('"):
        load_triage_rules(path)


@given(st.text(max_size=200))
@settings(deadline=None, max_examples=60)
def test_it_is_total(text):
    question = read_question(text)
    found = TRIAGE.certainty(Heard(question, None))
    assert 0 <= found <= 1
    assert all(0 <= v <= 3 for v in triage_signals(RULES.read(question.both), question).values())

"""Slips of voice typing are put right, and what is right is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.spelling import NO_SPELLER, Speller, make_speller

ASKED = [
    *["中暑了怎么办", "中风有啥前兆", "高血压吃什么药", "医保卡丢了", "验证码能不能给人"] * 4,
    *["天气预报打几号", "心肺复苏怎么做", "老是头晕", "要水喝"] * 4,
]
SPELLER = make_speller(ASKED)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("中署了先做什么", "中暑了先做什么"),
        ("种风有啥反应", "中风有啥反应"),
        ("高血鸭咋整", "高血压咋整"),
        ("医宝卡找不着", "医保卡找不着"),
        ("严证码发给他了", "验证码发给他了"),
        ("天汽预报", "天气预报"),
    ],
)
def test_a_word_that_only_sounds_right_is_put_right(written, meant):
    assert SPELLER.correct(written) == meant


@pytest.mark.parametrize(
    "text", ["老是头晕", "我要水", "石头掉下来", "abc 12345", "", "到家就头疼"]
)
def test_what_is_right_is_left_alone(text):
    assert SPELLER.correct(text) == text


def test_without_cards_nothing_changes():
    assert NO_SPELLER.correct("高血鸭") == "高血鸭"
    assert make_speller([]).correct("高血鸭") == "高血鸭"


def test_it_survives_a_snapshot():
    assert Speller.from_json(SPELLER.as_json()) == SPELLER


@given(st.text(max_size=40))
def test_it_is_total_and_keeps_the_length(text):
    assert len(SPELLER.correct(text)) == len(text)

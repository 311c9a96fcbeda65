"""One quantity is one quantity, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assistant.quantities import find_quantities, read_numeral


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("一百四十毫米汞柱", "140毫米汞柱"),
        ("半小时", "30分钟"),
        ("每年打一次", "一年打一针"),
        ("百分之十五", "15%"),
        ("三成", "30%"),
        ("两周以上", "14天"),
        ("三千元", "3000块钱"),
        ("４４度", "四十四度"),
        ("半斤", "250克"),
        ("打12345", "拨打12345问"),
    ],
)
def test_the_same_quantity(one, other):
    (a,), (b,) = find_quantities(one), find_quantities(other)
    assert a.same(b)


@pytest.mark.parametrize(
    ("one", "other"),
    [("3个月", "3天"), ("3月", "3个月"), ("6小时", "6分钟"), ("12345", "12346"), ("3片", "3天")],
)
def test_not_the_same_quantity(one, other):
    (a,), (b,) = find_quantities(one), find_quantities(other)
    assert not a.same(b)


@pytest.mark.parametrize("text", ["一定一样一起", "万一", "一般一直", "千万别", "几天", ""])
def test_words_with_a_numeral_in_them_count_nothing(text):
    assert find_quantities(text) == ()


_DIGITS = "零一二三四五六七八九"


def write_numeral(value: int) -> str:
    """As people write it, below ten thousand."""
    text, zero = "", False
    for place, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // place % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + name
            zero = False
        elif text:
            zero = True
    return text


@given(st.integers(1, 9999))
def test_every_numeral_reads_back(value):
    assert read_numeral(write_numeral(value)) == value


@given(st.text(max_size=80))
def test_any_text_has_quantities_or_none(text):
    assert all(q.value >= 0 for q in find_quantities(text))

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redaction import redact


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("打13812345678给我", "打[手机号]给我"),
        ("138 1234 5678", "[手机号]"),
        ("+86 13812345678", "[手机号]"),
        ("１３８１２３４５６７８", "[手机号]"),
        ("身份证11010119900307123X", "身份证[身份证号]"),
        ("卡号6222 0202 0000 1234 567", "卡号[银行卡号]"),
        ("卡6222020200001234567的", "卡[银行卡号]的"),
        ("座机0371-65551234", "座机[电话号码]"),
    ],
)
def test_personal_numbers_are_hidden(said, kept):
    assert redact(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "打110和12345",
        "95588",
        "400-6000-121",
        "血压180/110",
        "2026年11月23日",
        "转了50000元",
        "12110和96110",
    ],
)
def test_hotlines_and_plain_numbers_stay(said):
    assert redact(said) == said


@given(st.text(st.sampled_from("0123456789 -X身份证卡+"), max_size=60))
def test_hiding_settles_and_leaves_no_long_digit_run(text):
    once = redact(text)
    assert redact(once) == once


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_any_mobile_number_is_hidden_in_any_sentence(mobile):

    assert mobile not in redact(f"我的号是{mobile}，叫我")

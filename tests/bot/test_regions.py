"""The province that somebody's words name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.regions import named_region


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("我们河南这边麦子黄了", "河南"),
        ("驻马店哪里能打疫苗", "河南"),
        ("吉林省的玉米啥时候种", "吉林"),
        ("内蒙古赤峰下大雪", "内蒙古"),
        ("安徽省马鞍山市花山区", "安徽"),
        ("广东省中山市石岐街道", "广东"),
        ("祝你全家安康", ""),
        ("朝阳的房子热", ""),
        ("血压高咋整", ""),
        ("", ""),
    ],
)
def test_what_is_named(text, region):
    assert named_region(text) == region


@given(st.text())
def test_any_text_is_read(text):
    assert isinstance(named_region(text), str)

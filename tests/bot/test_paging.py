import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.paging import split_text, utf8_bytes, utf16_units

TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=600)


@given(TEXT, st.integers(4, 400), st.sampled_from([utf8_bytes, utf16_units, len]))
def test_pages_fit_and_lose_nothing_but_spaces(text, limit, measure):
    pages = split_text(text, limit, measure)
    assert all(0 < measure(page) <= limit for page in pages)
    assert re.sub(r"\s", "", "".join(pages)) == re.sub(r"\s", "", text)


def test_pages_end_where_a_person_would_pause():
    text = "第一句话说完了。" * 10 + "\n\n" + "第二段，也不短。" * 10
    for page in split_text(text, 200):
        assert page.endswith("。")
    assert split_text(text, 400)[0].count("第二段") == 0


def test_a_limit_below_one_character_is_refused():
    with pytest.raises(ValueError, match="one character"):
        split_text("长长", 2)


def test_nothing_makes_no_page():
    assert split_text(" \n ", 10) == []


def test_lone_surrogates_are_counted_not_choked_on():
    assert split_text("\ud800" * 10, 9)

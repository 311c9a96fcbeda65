"""Windows of a long text: nothing lost, none much too long."""

from hypothesis import given
from hypothesis import strategies as st

from retrieval.corpus import WINDOW_CHARACTERS, windows


@given(st.text(alphabet="一二三四五。！？；，ab \n", max_size=500))
def test_windows_are_the_text_again(text):
    found = windows(text)
    kept = "".join(c for c in text if c not in "。！？；\n")
    assert "".join(c for c in "".join(found) if c not in "。！？；\n") == kept
    assert all(len(window) <= WINDOW_CHARACTERS for window in found)


def test_a_short_text_is_its_own_window():
    assert windows("坐好再量。歇五分钟。") == ["坐好再量。歇五分钟。"]

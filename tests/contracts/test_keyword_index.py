"""One suite for the keyword index, in memory and in a folder."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.keyword import Entry, KeywordIndex


@pytest.fixture(params=["memory", "folder"])
def index(request, tmp_path):
    return KeywordIndex(("words",), tmp_path / "index" if request.param == "folder" else None)


def entry(number: int, tokens: str, owner: str = "") -> Entry:
    return Entry(number, owner or f"card.{number}", {"words": list(tokens)})


def found(index: KeywordIndex, tokens: str, count: int = 10) -> dict[int, float]:
    scores = index.search("words", list(tokens), count)
    return dict(zip(scores.ids.tolist(), scores.shares.tolist(), strict=True))


def test_scores_are_shares_and_strangers_score_low(index):
    index.update([], [entry(1, "血压"), entry(2, "麦子")])
    scores = found(index, "血压")
    assert set(scores) == {1}
    assert 0 < scores[1] <= 1
    assert found(index, "血压牌子价钱")[1] < scores[1]


def test_nothing_known_finds_nothing(index):
    assert found(index, "麦") == {}
    index.update([], [entry(1, "血")])
    assert found(index, "麦") == {}
    assert found(index, "") == {}


def test_an_owner_is_forgotten_with_all_its_texts(index):
    index.update([], [entry(1, "血压", "a.b"), entry(2, "血糖", "a.b"), entry(3, "血脂", "a.c")])
    index.update(["a.b", "no.such"], [entry(4, "血压", "a.d")])
    assert set(found(index, "血")) == {3, 4}
    assert len(index) == 2


def test_large_ids_and_rare_words(index):
    index.update([], [entry(2**62 + 3, "血"), entry(1, "血麦")])
    assert set(found(index, "血")) == {2**62 + 3, 1}
    assert index.weight("words", "麦") == index.weight("words", "没见过") > 0
    assert index.weight("words", "麦") > index.weight("words", "血")


def test_a_folder_is_found_again_as_it_was_left(tmp_path):
    KeywordIndex(("words",), tmp_path).update([], [entry(1, "血压")])
    assert set(found(KeywordIndex(("words",), tmp_path), "血")) == {1}


@given(
    st.lists(st.text("abcdef", max_size=6), max_size=6),
    st.text("abcdefgh", max_size=6),
)
@settings(deadline=None, max_examples=40)
def test_scores_are_always_between_nothing_and_all(documents, query):
    index = KeywordIndex(("words",))
    index.update([], [entry(i, tokens) for i, tokens in enumerate(documents)])
    scores = index.search("words", list(query), 10).shares
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.isfinite(scores).all()

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.lint import lint_card
from knowledge.readability import (
    CLAUSE_CHARACTERS,
    SENTENCE_CHARACTERS,
    load_jargon,
    long_clauses,
    long_sentences,
    terms_in,
)
from tests.samples import make_card


def unexplained(line: str) -> list[str]:
    return [jargon.term for jargon, explained in terms_in(line) if not explained]


def messages(**parts) -> list[str]:
    return [finding.message for finding in lint_card(make_card(**parts))]


def test_the_list_is_long_and_its_plain_words_are_not_the_term_again():
    jargon = load_jargon()
    assert len(jargon) >= 120
    assert len({entry.term for entry in jargon}) == len(jargon)
    for entry in jargon:
        assert entry.plain[0]
        assert all(plain and entry.term not in plain for plain in entry.plain), entry


@pytest.mark.parametrize(
    "line",
    [
        "可能是心肌梗死（心脏血管堵了）。",
        "可能是“心肌梗死”（心脏血管堵了）。",
        "可能是心梗（心肌梗死）。",
        "心脏血管堵了，也就是心肌梗死。",
        "心肌梗死，就是心脏血管堵了。",
        "签遗赠扶养协议，写明谁养老送终东西归谁。",
        "看《急性心肌梗死防治指南》。",
        "去神经内科问。",
    ],
)
def test_a_term_passes_when_the_line_explains_it_or_it_is_a_name(line):
    assert unexplained(line) == []


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("可能是心肌梗死，马上打120。", ["心肌梗死"]),
        ("（着急时）可能是心肌梗死。", ["心肌梗死"]),
        ("心衰的人会呼吸困难。", ["呼吸困难", "心衰"]),
        ("慢性阻塞性肺疾病要随访。", ["慢性阻塞性肺疾病", "随访"]),
        ("看诉讼时效。", ["诉讼时效"]),  # not 诉讼 as well
    ],
)
def test_a_bare_term_is_found_once(line, terms):
    assert sorted(unexplained(line)) == sorted(terms)


def test_lint_says_the_plain_word():
    assert messages(answer="这是心悸，歇一歇。") == ["“心悸”老人听不懂，换成或加括号写上：心慌"]


def test_a_term_explained_once_is_known_in_the_rest_of_the_card():
    assert messages(answer="心悸（心慌）了就歇一歇。", never=["心悸时不要喝浓茶。"]) == []


def test_a_term_is_reported_once_for_a_card():
    assert len(messages(answer="心悸了歇一歇。", never=["心悸时不要喝浓茶。"])) == 1


def test_the_limits_themselves_pass_and_one_more_does_not():
    clause = "字" * CLAUSE_CHARACTERS
    assert list(long_clauses(f"{clause}，{clause}。")) == []
    assert list(long_clauses(f"{clause}字，好。")) == [f"{clause}字"]
    half = "字" * (SENTENCE_CHARACTERS // 2)
    assert list(long_sentences(f"{half}{half}。{half}。")) == []
    assert list(long_sentences(f"{half}；{half}。")) == [f"{half}；{half}"]


def test_a_bracket_is_a_pause_and_a_list_is_one_clause():
    assert list(long_clauses("字" * 15 + "（" + "字" * 15 + "）" + "字" * 15)) == []
    assert list(long_clauses("胸闷、" * 8)) != []


@pytest.mark.parametrize("part", ["answer", "seek_help"])
def test_lint_counts_every_line_that_is_read_aloud(part):
    found = lint_card(make_card(**{part: "水" * (CLAUSE_CHARACTERS + 1) + "。"}))
    assert [(finding.part, "停顿" in finding.message) for finding in found] == [(part, True)]


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    for clause in long_clauses(text):
        assert len(clause) > CLAUSE_CHARACTERS
    for sentence in long_sentences(text):
        assert len(sentence) > SENTENCE_CHARACTERS
    for jargon, _ in terms_in(text):
        assert jargon.term in text

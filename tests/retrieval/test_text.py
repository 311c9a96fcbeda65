import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from retrieval.sound import fold_syllable, sound_tokens
from retrieval.text import (
    QUERY_CHARACTERS,
    clean,
    clean_question,
    has_words,
    is_chinese,
    tokenise,
)

ANY = st.text(st.characters(), max_size=200)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("高血壓怎麼辦", "高血压怎么办"),
        ("ＡＢＣ１２３", "abc123"),
        ("血 压 高\u200b", "血压高"),
        ("打\n120\t了", "打 120 了"),
        ("啊啊啊啊啊啊", "啊啊啊"),
        ("a\x00b\ud800", "a b"),
        ("  ", ""),
    ],
)
def test_one_form_for_what_means_the_same(written, meant):
    assert clean(written) == meant


@given(ANY)
@example("\u0130\ufdfa\U0001f468\u200d\U0001f469")
def test_cleaning_is_total_and_settles(text):
    once = clean(text)
    assert clean(once) == once
    once.encode("utf-8")


@given(st.text(st.characters(), max_size=2000))
@example("\ufdfa" * 1000)
def test_a_question_is_never_longer_than_the_limit(text):
    assert len(clean_question(text)) <= QUERY_CHARACTERS


@pytest.mark.parametrize(
    ("asked", "searched"),
    [
        ("你好，请问一下血压高了怎么办？谢谢", "血压高了怎么办"),
        ("请问", "请问"),
        ("幺二三二零是干啥的", "12320是干啥的"),
        ("疼了三四天", "疼了三四天"),
        ("打一一零", "打110"),
    ],
)
def test_courtesies_go_and_spoken_numbers_are_written(asked, searched):
    assert clean_question(asked) == searched


@given(ANY)
def test_any_text_has_tokens_or_no_words(text):
    cleaned = clean(text)
    assert bool(tokenise(cleaned)) == has_words(cleaned)
    assert all(tokenise(cleaned))


def test_tokens_are_words_characters_and_marked_bigrams():
    assert set(tokenise("血压高")) == {"血压高", "血", "压", "高", "_血压", "_压高"}
    assert tokenise("打120") == ["打", "120"]


def test_what_is_chinese():
    assert is_chinese("abc血")
    assert not is_chinese("hello 123")


@pytest.mark.parametrize(
    ("one", "other"),
    [("zhong", "zong"), ("lan", "nan"), ("hua", "fua"), ("xing", "xin"), ("re", "le")],
)
def test_accents_meet(one, other):
    assert fold_syllable(one) == fold_syllable(other)


def test_homophones_sound_alike():
    assert sound_tokens("高血鸭") == sound_tokens("高血压")
    assert sound_tokens("煤气") == sound_tokens("媒气")
    assert sound_tokens("abc") == []

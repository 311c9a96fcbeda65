import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexicon import FOLDER, load_lexicon
from retrieval.question import read_question


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("脑壳昏咋整", "头晕怎么办"),
        ("娃儿烧起来了", "孩子发烧了"),
        ("高血鸭要紧不", "高血压要紧吗"),
        ("血压高怎么办", "血压高怎么办"),
    ],
)
def test_dialect_is_put_plainly_beside_the_persons_own_words(said, plain):
    question = read_question(said)
    assert question.plain == plain
    assert said in question.both
    assert plain in question.both


def test_every_row_is_read_once_and_never_explains_itself():
    words = load_lexicon().plain
    assert len(words) > 200
    assert not [word for word, standard in words.items() if word in standard]
    assert sorted(path.suffix for path in FOLDER.iterdir()) == [".tsv"] * 7


def test_a_broken_row_is_named(tmp_path):
    (tmp_path / "x.tsv").write_text("word\tstandard\tregion\n\t头\t四川\n", "utf-8")
    with pytest.raises(ValueError, match=r"x\.tsv:2"):
        load_lexicon(tmp_path)


@given(st.text(max_size=100))
def test_any_text_is_a_question_or_nothing_to_search(text):
    question = read_question(text)
    assert bool(question.plain) >= question.searchable


def test_cues_are_read_from_the_words():
    assert read_question("听说吃大蒜能杀菌是真的吗").cues.rumour
    assert read_question("停电了打哪个电话").cues.hotline
    assert not read_question("血压高怎么办").cues.rumour

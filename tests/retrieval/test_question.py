import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.lexicon import FOLDER, load_lexicon
from retrieval.question import read_question
from retrieval.text import clean


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("脑壳昏咋整", "头晕怎么办"),
        ("娃儿烧起来了", "孩子发烧了"),
        ("高血鸭要紧不", "高血压要紧吗"),
        ("俺家苞米杆让钻心虫咬了咋整呢", "我家玉米让钻心虫咬了怎么办"),
        ("我家老豆跌低咗点办好", "我家父亲摔倒咗怎么办"),
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
    assert len(words) > 3800
    assert not [word for word, standard in words.items() if word in standard]
    assert {path.suffix for path in FOLDER.iterdir()} == {".tsv"}


def test_every_word_says_where_it_is_said_and_what_sort_of_word_it_is():
    rows = [
        (path.name, *line.split("\t"))
        for path in sorted(FOLDER.glob("*.tsv"))
        for line in path.read_text("utf-8").splitlines()[1:]
    ]
    sorts = {"方言", "俗称", "土名", "商品名", "谐音误写"}
    assert not [row for row in rows if len(row) != 5 or not row[3] or row[4] not in sorts]
    # What is clean needs no cleaning: a row with capitals or full-width letters would never match.
    assert not [row for row in rows if clean(row[1]) != row[1]]
    assert len({row[1] for row in rows}) == len(rows)


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

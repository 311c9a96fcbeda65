"""Every lock on its own, on a passage that a person can read."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.assistant.grounding import Grounding, NumberedPassage, Reason, split_cited
from bot.commands.evaluate import evaluate
from bot.commands.grounding_suite import read_grounding_cases
from bot.commands.suites import Suite

FEVER = NumberedPassage(
    1,
    "孩子发烧怎么办。看精神，不只看度数。不满3个月一发烧，马上去医院。\n"
    "减衣服，屋里通风，别捂。\n不要用酒精擦。\n烧满3天，去医院。\n打不通120，打12320问。",
    "health.child_fever",
    1,
)
BLOOD = NumberedPassage(
    2, "降压药能停吗。不要自己停药。先问医生，再减药。社保打12333，医保打12393。", "health.bp", 3
)


@pytest.fixture(scope="module")
def grounding():
    return Grounding()


def judge(grounding, text):
    return grounding.judge(text, (FEVER, BLOOD))


@pytest.mark.parametrize(
    "text",
    [
        "先看精神，不只看度数[1]。",
        "不满三个月的孩子一发烧，马上去医院。[1]",
        "减衣服，屋里通风，别捂。[1]",
        "不要自己停药。[2]",
        "烧满三天要去医院。[1][2]",
    ],
)
def test_what_the_cited_card_says_is_kept(grounding, text):
    (found,) = judge(grounding, text)
    assert found.kept, found
    assert found.reason is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("减衣服，屋里通风，别捂。", Reason.NO_CITATION),
        ("减衣服，屋里通风，别捂。[7]", Reason.UNKNOWN_CITATION),
        ("不满6个月一发烧，马上去医院。[1]", Reason.QUANTITY),
        ("不满三岁一发烧，马上去医院。[1]", Reason.QUANTITY),
        ("社保打12393，医保打12333。[2]", Reason.QUANTITY),
        ("烧满3天，吃布洛芬。[1]", Reason.NAME),
        ("老人烧满3天，去医院。[1]", Reason.PERSON),
        ("烧满3天，一定去医院。[1]", Reason.ABSOLUTE),
        ("减衣服，看 http://a.example 。[1]", Reason.LINK),
        ("先减药，再问医生。[2]", Reason.ORDER),
        ("可以用酒精擦。[1]", Reason.DENIAL),
        ("自己停药。[2]", Reason.DENIAL),
        ("冬天要多存白菜。[1]", Reason.UNSUPPORTED),
    ],
)
def test_what_it_does_not_say_is_dropped_and_says_why(grounding, text, reason):
    (found,) = judge(grounding, text)
    assert not found.kept
    assert found.reason == reason


def test_a_sentence_is_judged_by_the_card_it_cites_not_by_another(grounding):
    assert not judge(grounding, "不要自己停药。[1]")[0].kept


def test_markers_belong_to_the_sentence_before_them():
    assert split_cited("打120。[1]别动他[2][3]。最后一句") == [
        ("打120。", (1,)),
        ("别动他。", (2, 3)),
        ("最后一句", ()),
    ]
    assert split_cited("[1]") == []
    assert split_cited("一句[1,2]。") == [("一句。", (1, 2))]


@given(st.text(max_size=200))
def test_any_text_is_judged_and_nothing_uncited_is_kept(text):
    for found in Grounding().judge(text, (FEVER,)):
        assert found.kept <= (found.citations == (1,))


def test_a_file_of_somebody_elses_is_measured(tmp_path, capsys):
    rows = [
        {"passage": FEVER.text, "sentence": "减衣服，屋里通风。", "label": "supported"},
        {"passage": FEVER.text, "sentence": "烧满5天，去医院。", "label": "unsupported"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), "utf-8")
    evaluate(file, Suite.GROUNDING, True, False)
    found = json.loads(capsys.readouterr().out)
    assert found["unsupported_through"] == 0.0
    assert found["good_dropped"] == 0.0
    assert found["new_numbers_locked"] == 1.0


def test_a_broken_row_is_named(tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text('{"passage": "a"}\n', "utf-8")
    with pytest.raises(ValueError, match=r"rows\.jsonl:1"):
        read_grounding_cases(file)

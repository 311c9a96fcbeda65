"""A near copy that lost a 不, or gained one, is no copy."""

import pytest

from bot.assistant.grounding import Grounding, NumberedPassage, Reason
from bot.assistant.grounding_copy import is_copied, loses_negation

PASSAGE = (
    "中暑了怎么办。\n有人说胡话、叫不醒、身上滚烫，马上打120。\n不要给叫不醒的人喂水。\n"
    "烫了、破了自己不知道。\n心情不好也是健康的事，不能不当回事。\n能走动的人可以喝淡盐水。\n要喝水，少量多次。\n发烫的药别用。\n胸口闷痛，别拖。"
)


@pytest.mark.parametrize(
    "sentence",
    [
        "有人说胡话、叫醒、身上滚烫，马上打120。",
        "烫了、破了自己知道。",
        "心情不好也是健康的事，可以不当回事。",
        "可以给叫不醒的人喂水。",
        "能走动的人不可以喝淡盐水。",
        "胸口闷痛，可以拖。",
    ],
)
def test_a_negation_that_came_or_went_is_noticed(sentence):
    assert loses_negation(sentence, [PASSAGE])
    (judged,) = Grounding().judge(f"{sentence[:-1]}[1]。", [NumberedPassage(1, PASSAGE)])
    assert not judged.kept


@pytest.mark.parametrize(
    "sentence",
    [
        "别给叫不醒的人喂水。",  # another word for the same no
        "要喝水，少量多次。",
        "胸口闷痛，不要拖。",
        "不可以给叫不醒的人喂水。",
        "烫了，自己不知道。",
        "身上特别烫，马上打120。",
    ],
)
def test_the_same_said_otherwise_is_not(sentence):
    assert not loses_negation(sentence, [PASSAGE])


def test_a_whole_sentence_word_for_word_is_kept_and_a_title_is_none():
    assert is_copied("不要给叫不醒的人喂水", [PASSAGE])
    assert not is_copied("给叫不醒的人喂水", [PASSAGE])
    assert not is_copied("中暑了怎么办", [PASSAGE])
    (judged,) = Grounding().judge("不要给叫不醒的人喂水[1]。", [NumberedPassage(1, PASSAGE)])
    assert (judged.kept, judged.score) == (True, 1.0)
    (judged,) = Grounding().judge("不要给叫不醒的人喂水[2]。", [NumberedPassage(1, PASSAGE)])
    assert judged.reason is Reason.UNKNOWN_CITATION


def test_the_opposite_of_what_a_passage_says_is_dropped():
    passage = "打药站哪儿。\n飞防时人要站在上风头。\n红色预警最重，橙色次一些。"
    judged = Grounding().judge(
        "飞防时人要站到下风头[1]。飞防时人站在上风头[1]。橙色预警最重[1]。",
        [NumberedPassage(1, passage)],
    )
    assert [j.reason for j in judged] == [Reason.OPPOSITE, None, Reason.OPPOSITE]

import pytest

from bot.assistant.claims import denies, goes_round

CLAIM = "微波炉加热的饭菜致癌"


@pytest.mark.parametrize(
    "text", ["微波炉热饭不致癌", "微波炉致癌早就辟谣了", "微波炉那个说法是瞎编的,别信"]
)
def test_the_true_side_is_recognised(text):
    assert denies(text, CLAIM)


@pytest.mark.parametrize(
    "text",
    [
        "微波炉热饭致癌吗",
        "微波炉热饭不致癌对不对",
        "听说微波炉致癌,别用了",
        "微波炉热的饭吃了得癌",
        CLAIM,
    ],
)
def test_asking_or_passing_on_is_no_denial(text):
    assert not denies(text, CLAIM)


def test_a_denial_that_is_the_claim_itself_is_none():
    assert not denies("降压药一吃就不能停", "降压药一吃就不能停")


def test_what_goes_round_is_told_from_a_plain_question():
    assert goes_round("听说芹菜汁能让白头发变黑")
    assert goes_round("请转发给家人")
    assert not goes_round("芹菜怎么炒好吃")

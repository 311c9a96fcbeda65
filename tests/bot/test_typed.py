import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Action, Tap
from bot.people import Context, Offer
from bot.typed import read_typed

OFFERS = Context(rateable=True, offers=(Offer("问一", "a.b"), Offer("问二", "a.c")))


@pytest.mark.parametrize(
    ("text", "action", "value"),
    [
        ("1", Action.ASK, 1),
        ("２。", Action.ASK, 2),
        ("三", Action.ASK, 3),
        ("8", Action.RATE, 1),
        ("9", Action.RATE, 0),
        ("有用！", Action.RATE, 1),
        ("没用", Action.RATE, 0),
        ("继续看", Action.MORE, 0),
        ("查看结果", Action.COLLECT, 0),
    ],
)
def test_typed_words_mean_what_taps_do(text, action, value):
    typed = read_typed(text, None, OFFERS)
    assert typed is not None
    assert (typed.action, typed.value) == (action, value)


@pytest.mark.parametrize("text", ["12", "1号电话", "有用吗这个药", "血压8", "", "继续看电视伤眼吗"])
def test_questions_are_not_commands(text):
    assert read_typed(text, None, OFFERS) is None


@pytest.mark.parametrize("text", ["1", "8"])
def test_a_digit_means_nothing_when_nothing_was_offered(text):
    assert read_typed(text, None, Context()) is None


def test_a_tap_outweighs_the_words_it_sends():
    typed = read_typed("血压高怎么办", Tap(Action.ASK, "t9", 2), Context())
    assert typed is not None
    assert (typed.turn, typed.value) == ("t9", 2)


@given(
    st.sampled_from(Action), st.from_regex(r"[0-9a-z]{0,20}", fullmatch=True), st.integers(0, 999)
)
def test_taps_travel_as_text(action, turn, value):
    tap = Tap(action, turn, value)
    assert len(tap.encode()) <= 64
    assert Tap.decode(tap.encode()) == tap


@given(st.text(max_size=80))
def test_any_text_is_a_tap_or_not(text):
    tap = Tap.decode(text)
    assert tap is None or tap.encode() == text or tap.value < 1000

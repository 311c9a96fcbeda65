"""Noise for fitting: same length, same sounds, and the same again at the next run."""

from hypothesis import given
from hypothesis import strategies as st

from retrieval.noise import Mishearing
from retrieval.sound import syllables

ASKS = ["中风有什么征兆", "种地要办什么证", "终于封好了", "什么时候种麦子", "真假怎么分"]


def test_what_is_misheard_sounds_the_same():
    heard = Mishearing(ASKS).mishear("中风的征兆是什么" * 20)
    assert heard != "中风的征兆是什么" * 20
    assert syllables(heard, True) == syllables("中风的征兆是什么" * 20, True)
    assert Mishearing(ASKS).mishear("中风的征兆是什么" * 20) == heard


@given(st.text(max_size=60))
def test_any_text_keeps_its_length(text):
    assert len(Mishearing(ASKS).mishear(text)) == len(text)

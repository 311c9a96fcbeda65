import pytest

from bot.wording import channel_words, web_words
from prompts import PLACEHOLDERS, REPLIES, PromptError, Wording, load_wording


def test_the_wording_loads_and_fills_every_channel():
    wording = load_wording()
    assert channel_words(wording).see_result == "查看结果"
    assert "180" in web_words(wording, 180).privacy


def test_every_placeholder_is_filled():
    wording = load_wording()
    for name, fields in PLACEHOLDERS.items():
        assert "{" not in wording.say(name, **dict.fromkeys(fields, "x"))


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (("{retention_days}", "{days}"), "welcome.first"),
        (("不急的话，可以打{number}", "不急的话，可以打12345"), "abstain"),
        (("我没完全听明白", "我{what}没听明白"), "clarify.text"),
    ],
)
def test_a_wrong_placeholder_fails_at_load(broken, says):
    text = REPLIES.read_text("utf-8").replace(*broken)
    with pytest.raises(PromptError, match=says):
        Wording(text)


def test_urgent_numbers_are_in_every_reply_that_could_meet_an_emergency():
    wording = load_wording()
    for name in ("voice.text", "unsupported.text", "busy.minute", "busy.failed", "abstain.foreign"):
        assert "120" in wording.say(name), name

"""What a village loudspeaker reads: short, twice, numbers by digits."""

import pytest

from bot.loudspeaker import SCRIPT_CHARACTERS, loudspeaker_script, spell_numbers
from prompts import load_wording
from tests.samples import SAMPLES


@pytest.mark.parametrize("card", SAMPLES, ids=lambda card: card.key)
def test_a_script_fits_a_minute_says_the_answer_twice_and_names_its_source(card):
    script = loudspeaker_script(card, load_wording())
    lines = script.splitlines()
    assert lines[0].startswith("乡亲们")
    assert lines[-2].startswith("再说一遍")
    assert card.sources[0].issuer in spell_numbers(card.sources[0].issuer) + lines[-1]
    # The answer is always said whole; only what follows it must fit.
    assert len(script) <= max(SCRIPT_CHARACTERS, 2 * len(card.answer) + 120) + len(lines)


def test_hotlines_are_spelled_and_measures_are_not():
    assert spell_numbers("打12320，到140/90去看") == "打幺二三二零，到140/90去看"
    assert spell_numbers("罚500到2000元") == "罚500到2000元"

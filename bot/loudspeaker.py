"""An answer as a village loudspeaker reads it: a minute, short sentences, numbers by digits."""

from __future__ import annotations

import re

from knowledge.card import Card
from knowledge.hotline import load_hotlines
from prompts import Wording

# A minute at the four characters a second at which notices are read.
SCRIPT_CHARACTERS = 240
_SPOKEN = str.maketrans("0123456789", "零幺二三四五六七八九")
_NUMBER = re.compile(r"(?<![\d./])\d{3,11}(?![\d./])")
_SENTENCE = re.compile(r"[^。！？]+[。！？]?")


def loudspeaker_script(card: Card, wording: Wording) -> str:
    """What is read out: the answer twice at its most important, steps while there is time."""
    sentences = [s for s in _SENTENCE.findall(card.answer) if s.strip()]
    opening = wording.say("loudspeaker.opening", title=card.title)
    source = wording.say("loudspeaker.source", issuer=card.sources[0].issuer)
    again = wording.say("loudspeaker.again", first=sentences[0])
    parts = [opening, *sentences]
    rest = [_ended(line) for line in (card.seek_help, *card.steps, *card.never[:2]) if line]
    for line in rest:
        if sum(map(len, (*parts, line, again, source))) > SCRIPT_CHARACTERS:
            break
        parts.append(line)
    return "\n".join(spell_numbers(part.strip()) for part in (*parts, again, source))


def spell_numbers(text: str) -> str:
    """Hotlines digit by digit, as they are read: 12320 is 幺二三二零; 140/90 stays a number."""
    known = load_hotlines()
    return _NUMBER.sub(
        lambda m: m.group().translate(_SPOKEN) if m.group() in known else m.group(), text
    )


def _ended(line: str) -> str:
    return line if line[-1] in "。！？" else f"{line}。"

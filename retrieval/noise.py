"""Noise as voice typing makes it: characters turned into others of the same sound.

Used when the weights are fitted (`make calibrate`), so that the channels are weighed for what
people's phones really send; never when serving.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from retrieval.sound import syllables

SHARE = 0.28  # of the Chinese characters that are heard as others
_SEED = 11


class Mishearing:
    """Swaps characters for others that sound alike, drawn by how common those are."""

    def __init__(self, texts: Iterable[str]) -> None:
        counted = Counter(character for text in texts for character in text)
        alike: dict[str, dict[str, int]] = defaultdict(dict)
        for character, count in counted.items():
            if sound := syllables(character, True):
                alike[sound][character] = count
        self._alike: Mapping[str, Mapping[str, int]] = alike
        self._random = random.Random(_SEED)

    def mishear(self, text: str) -> str:
        """A copy in which about SHARE of the characters are others of the same sound."""
        return "".join(map(self._heard, text))

    def _heard(self, character: str) -> str:
        sound = syllables(character, True)
        if not sound or self._random.random() > SHARE:
            return character
        others = {c: n for c, n in self._alike.get(sound, {}).items() if c != character}
        if not others:
            return character
        choices: Sequence[str] = list(others)
        return self._random.choices(choices, weights=list(others.values()))[0]

"""Spelling: words that voice typing wrote with other characters of the same sound.

种风有啥前罩 is heard as 中风有啥前兆: a run of characters that is no word, but sounds like one the
cards use. The person's own wording is always searched as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import rjieba

from retrieval.sound import readings, syllables

LONGEST = 5  # characters in a word that is corrected
LEAST_SEEN = 3  # times a word stands in the cards' questions before others are read as it
SURE = 3  # characters from which the tone need not agree: long words are seldom heard wrongly
# Small words that stand between others; a run with one of them is no slip: 要水 is not 药水.
_SMALL = frozenset(
    "的了我你他她它您要还能不上下是有到家说先着也就都在没吗呢吧啊嘛呀哦一二三四五六七八九十两几个这那什么怎"
    "哪给跟和把被让人多少大小里去来会可得地好用吃喝看买卖拿放叫打做对从向又再才刚只为与或及其啥咋俺咱谁"
)


@dataclass(frozen=True)
class Speller:
    """The cards' words by their sound: with tones, without, and as accents fold them."""

    usual: frozenset[str]  # runs that stand in the cards' questions as they are
    toned: Mapping[str, str]
    toneless: Mapping[str, str]
    accented: Mapping[str, str]

    def as_json(self) -> str:
        """All of it, for a snapshot."""
        return json.dumps({**vars(self), "usual": sorted(self.usual)}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Speller:
        """What as_json() wrote; raises ValueError or KeyError for anything else."""
        raw = json.loads(text)
        return Speller(frozenset(raw["usual"]), raw["toned"], raw["toneless"], raw["accented"])

    def correct(self, text: str) -> str:
        """Clean text with what is no word replaced by the card's word that sounds like it."""
        if not self.toned:
            return text
        pieces: list[str] = []
        tokens = list(rjieba.cut(text, False))
        place = 0
        while place < len(tokens):
            length, word = self._hear(tokens, place)
            pieces.append(word)
            place += length
        return "".join(pieces)

    def _hear(self, tokens: list[str], place: int) -> tuple[int, str]:
        """How many tokens are read as one word here, and that word."""
        for end in range(min(len(tokens), place + LONGEST), place + 1, -1):
            run = "".join(tokens[place:end])
            if not 1 < len(run) <= LONGEST or run in self.usual:
                continue
            # A run of whole words is left alone, and so is one with a small word in it.
            if all(len(token) > 1 for token in tokens[place:end]) or _SMALL.intersection(run):
                continue
            if word := self._sounds_like(run):
                return end - place, word
        return 1, tokens[place]

    def _sounds_like(self, run: str) -> str | None:
        plain = syllables(run, fold=False)
        if len(run) < SURE:
            heard = (w for r in readings(run) if (w := self.toned.get(r)))
            return next((w for w in heard if syllables(w, fold=False) == plain), None)
        return self.toneless.get(plain) or self.accented.get(syllables(run, fold=True))


NO_SPELLER = Speller(frozenset(), {}, {}, {})


def make_speller(texts: Iterable[str]) -> Speller:
    """The words of the cards' questions; of two that sound alike, the more frequent one."""
    written = list(texts)
    seen = Counter(word for text in written for word in rjieba.cut(text, False) if len(word) > 1)
    runs = Counter(
        text[i : i + length]
        for text in written
        for length in (2, 3)
        for i in range(len(text) - length + 1)
    )
    toned: dict[str, str] = {}
    toneless: dict[str, str] = {}
    accented: dict[str, str] = {}
    for word, count in seen.most_common():
        plain = syllables(word, fold=False)
        if count < LEAST_SEEN or len(word) > LONGEST or not plain:
            continue
        if len(word) >= SURE:
            toneless.setdefault(plain, word)
            accented.setdefault(syllables(word, fold=True), word)
        else:
            for reading in readings(word):
                toned.setdefault(reading, word)
    usual = frozenset(run for run, count in runs.items() if count >= LEAST_SEEN)
    return Speller(usual, toned, toneless, accented)

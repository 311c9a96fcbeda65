"""What a model says, cut into sentences while it is still speaking."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher

# The end of a sentence with the citations after it; what follows shows that no more come.
_END = re.compile(r"(?:[。！？!?]+[”」』）)]*|\n)(?:\s*\[[\d,，、]+\])*[。\s]*(?=[^\s\[［【。])")
_CITATION = re.compile(r"\s*[\[［【](\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)[\]］】]")
_MARKS = re.compile(r"[\W_]+")
_ECHO = 0.9  # ratio of matching characters
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


class SentenceCutter:
    """Collects pieces of text and hands out each sentence once it is whole."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, piece: str) -> list[str]:
        """The sentences that this piece completes."""
        # Some models write ［1］ or 【1】; one form from here on.
        self._rest = _CITATION.sub(r"[\1]", self._rest + piece)
        sentences = []
        while match := _END.search(self._rest):
            sentences.append(self._rest[: match.end()].strip())
            self._rest = self._rest[match.end() :]
        return [sentence for sentence in sentences if sentence]

    def finish(self) -> list[str]:
        """What is left when the model has said all."""
        rest, self._rest = self._rest.strip(), ""
        return [rest] if rest else []


def without_citations(sentence: str) -> str:
    """A sentence without its [n]."""
    return _CITATION.sub("", sentence).strip()


def echoes(sentence: str, lines: Sequence[str]) -> bool:
    """Whether a sentence is one of the lines over again, give or take a character."""
    said = _MARKS.sub("", without_citations(sentence))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(said)
    for line in lines:
        matcher.set_seq1(_MARKS.sub("", line))
        if matcher.real_quick_ratio() >= _ECHO and matcher.ratio() >= _ECHO:
            return True
    return False


def mostly_chinese(text: str) -> bool:
    """Whether at least half of a text's letters are Chinese characters."""
    letters = len(_LETTER.findall(text))
    return letters > 0 and len(_HAN.findall(text)) * 2 >= letters

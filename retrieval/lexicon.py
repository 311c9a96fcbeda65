"""The lexicon: dialect words, colloquial names and homophones, as plain Mandarin would put them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "lexicon"


@dataclass(frozen=True)
class Lexicon:
    """Words and their plain forms; the longest word at a place wins."""

    plain: dict[str, str]
    pattern: re.Pattern[str]

    def in_plain_words(self, text: str) -> str:
        """Clean text with every known word in its plain form: 脑壳昏咋整 -> 头晕怎么办."""
        return self.pattern.sub(lambda match: self.plain[match.group()], text)


@cache
def load_lexicon(folder: Path = FOLDER) -> Lexicon:
    """Read every *.tsv (word, standard, region, source); raises ValueError naming a broken row.

    `source` is the sort of word: 方言, 俗称, 土名 (crops and pests), 商品名 or 谐音误写 (slips of
    voice typing). All rows were written from knowledge of the regions; no list was copied.
    """
    plain: dict[str, str] = {}
    for path in sorted(folder.glob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines, delimiter="\t"), 2):
                word, standard = (row.get("word") or "").strip(), row.get("standard")
                if not word or standard is None or plain.get(word, standard) != standard:
                    raise ValueError(f"{path.name}:{number}: {word!r} -> {standard!r}")
                plain[word] = standard.strip()
    longest_first = sorted(plain, key=len, reverse=True)
    # A pattern that matches nothing, so that an empty lexicon changes nothing.
    return Lexicon(plain, re.compile("|".join(map(re.escape, longest_first)) or r"(?!)"))

"""The words that grounding watches: negations, absolutes, people, substances and bodies."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts

WORDS = Path(prompts.__file__).parent / "grounding.toml"


@dataclass(frozen=True)
class GroundingWords:
    """Compiled lists; `people` are groups whose members may stand for each other."""

    negation: re.Pattern[str]
    not_negation: re.Pattern[str]
    permission: re.Pattern[str]
    absolutes: tuple[str, ...]
    people: tuple[tuple[str, ...], ...]
    names: tuple[str, ...]
    opposites: tuple[frozenset[str], ...]

    def split(self, clause: str) -> tuple[str, str]:
        """What a clause asserts, and what it denies.

        A negation denies what stands behind it, up to a permission (没认定也可以签); one that ends
        its clause (再申请不批) denies what stands before it.
        """
        bare = self.not_negation.sub(lambda m: "＿" * len(m.group()), clause)
        asserted, denied = [], []
        cuts = [0, *(m.end() for m in self.permission.finditer(bare)), len(bare)]
        for start, end in itertools.pairwise(cuts):
            own, found = clause[start:end], list(self.negation.finditer(bare[start:end]))
            if not found:
                asserted.append(own)
                continue
            before, behind = own[: found[0].start()], own[found[0].end() :]
            if len(behind.strip("的了吗呢")) <= 1 < len(before):
                denied.append(before)
            else:
                asserted.append(before)
                denied.append(self.negation.sub("|", behind))
        return "|".join(asserted), "|".join(denied)

    def permits(self, clause: str) -> bool:
        """Whether a clause says that something may be done."""
        return self.permission.search(clause) is not None

    def new_names(self, sentence: str, passage: str) -> list[str]:
        """Substances and bodies that the sentence names and the passage does not."""
        named = [name for name in self.names if name in sentence and name not in passage]
        # A longer name that holds a shorter one speaks for both.
        return [n for n in named if not any(n != other and n in other for other in named)]

    def new_people(self, sentence: str, passage: str) -> list[str]:
        """People of whom the sentence speaks and the passage does not."""
        return [
            next(word for word in group if word in sentence)
            for group in self.people
            if any(word in sentence for word in group) and not any(w in passage for w in group)
        ]

    def new_absolutes(self, sentence: str, passage: str) -> list[str]:
        """Words that leave no way out and that the passage does not use."""
        return [word for word in self.absolutes if word in sentence and word not in passage]


@cache
def load_grounding_words(path: Path = WORDS) -> GroundingWords:
    """Read the lists; raises KeyError for a missing one."""
    raw = tomllib.loads(path.read_text("utf-8"))
    return GroundingWords(
        negation=_any(raw["negations"]),
        not_negation=_any(raw["not_negations"]),
        permission=_any(raw["permissions"], "(?<!不)"),  # 不可以 permits nothing
        absolutes=tuple(raw["absolutes"]),
        people=tuple(tuple(group) for group in raw["people"]),
        names=(*raw["substances"], *raw["bodies"]),
        opposites=tuple(frozenset(group) for group in raw["opposites"]),
    )


def _any(words: Iterable[str], not_behind: str = "") -> re.Pattern[str]:
    found = "|".join(map(re.escape, sorted(set(words), key=len, reverse=True)))
    return re.compile(f"{not_behind}(?:{found})")

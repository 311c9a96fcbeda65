"""Grounding: each sentence of a generated answer is kept only when its cited passage bears it out.

No second model is asked. Locks come first (a citation that exists, every quantity, substance, body,
person and absolute in the cited passage), then one learned number for the rest
(`python -m bot.assistant.train_grounding`, on tests/golden/grounding_development.jsonl).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from bot.assistant.grounding_copy import is_copied, loses_negation, swaps_opposite
from bot.assistant.grounding_signals import misplaced_quantity, missing_quantities, signals
from bot.assistant.grounding_text import Text, take_apart
from bot.assistant.grounding_words import GroundingWords, load_grounding_words

WEIGHTS = Path(__file__).parent / "models" / "grounding.json"
_DENIED = 0.15  # of a clause said the other way round: the reason that is told
_BESIDE = 0.55  # of a number's clause that must stand with it in the passage
_CITATION = re.compile(r"[\[【［](\d{1,2}(?:\s*[,，、]\s*\d{1,2})*)[\]】］]")
_END = re.compile(r"(?<=[。！？!?；;\n])")
_BARE = re.compile(r"[\s。！？!?；;,，、\-*·]+")
_LINK = re.compile(r"https?://\S+|www\.\S+|[a-z0-9-]+\.(?:com|cn|net|org|top|xyz|vip)\S*", re.I)


class Reason(StrEnum):
    """Why a sentence was dropped."""

    NO_CITATION = "no_citation"
    UNKNOWN_CITATION = "unknown_citation"
    QUANTITY = "quantity"
    NAME = "name"
    PERSON = "person"
    ABSOLUTE = "absolute"
    LINK = "link"
    ORDER = "order"
    DENIAL = "denial"
    OPPOSITE = "opposite"
    UNSUPPORTED = "unsupported"
    ECHO = "echo"  # given by the generator: the question or a title again, which says nothing


@dataclass(frozen=True)
class NumberedPassage:
    """A passage as the model saw it: its number, its words, and the revision they come from."""

    number: int
    text: str
    card: str = ""
    revision: int = 0


@dataclass(frozen=True)
class Judgement:
    """One sentence without its markers, and whether it may be said; `score` is 0..1."""

    sentence: str
    citations: tuple[int, ...]
    kept: bool
    reason: Reason | None = None
    score: float = 1.0


@dataclass(frozen=True)
class GroundingWeights:
    """The learned linear form and the score from which a sentence is kept."""

    weights: Mapping[str, float]
    bias: float
    keep_from: float

    def score(self, values: Mapping[str, float]) -> float:
        """The chance, 0..1, that the passage bears the sentence out."""
        total = self.bias + sum(w * values[name] for name, w in self.weights.items())
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


@cache
def load_weights(path: Path = WEIGHTS) -> GroundingWeights:
    """Read the learned numbers; raises OSError, ValueError or KeyError for a broken file."""
    raw = json.loads(path.read_text("utf-8"))
    return GroundingWeights(raw["weights"], raw["bias"], raw["keep_from"])


class Grounding:
    """Judges generated sentences by the passages that they cite."""

    def __init__(
        self, words: GroundingWords | None = None, weights: GroundingWeights | None = None
    ) -> None:
        self._words = words or load_grounding_words()
        self._weights = weights or load_weights()

    def judge(self, text: str, passages: Sequence[NumberedPassage]) -> tuple[Judgement, ...]:
        """A judgement for every sentence of an answer that carries [n] after its sentences."""
        known = {passage.number: passage for passage in passages}
        return tuple(
            self._judge(sentence, numbers, known) for sentence, numbers in split_cited(text)
        )

    def _judge(
        self, sentence: str, numbers: tuple[int, ...], known: Mapping[int, NumberedPassage]
    ) -> Judgement:
        if not numbers:
            return Judgement(sentence, numbers, False, Reason.NO_CITATION, 0.0)
        if any(number not in known for number in numbers):
            return Judgement(sentence, numbers, False, Reason.UNKNOWN_CITATION, 0.0)
        reason, score = self.check(sentence, [known[number].text for number in numbers])
        return Judgement(sentence, numbers, reason is None, reason, score)

    def check(self, sentence: str, passages: Sequence[str]) -> tuple[Reason | None, float]:
        """Whether the cited passages bear a sentence out: None and the score, or why not."""
        taken = [take_apart(passage, self._words) for passage in passages]
        apart = take_apart(sentence, self._words)
        if reason := self._locked(apart, taken, "\n".join(passages)):
            return reason, 0.0
        if loses_negation(sentence, passages):
            return Reason.DENIAL, 0.0
        if is_copied(sentence, passages):
            return None, 1.0
        if swaps_opposite(sentence, passages, self._words.opposites):
            return Reason.OPPOSITE, 0.0
        return self._weighed(apart, taken)

    def _weighed(self, apart: Text, taken: Sequence[Text]) -> tuple[Reason | None, float]:
        best = max((signals(apart, passage) for passage in taken), key=self._weights.score)
        if best["beside_number"] < _BESIDE or not best["left_of_number"]:
            return Reason.QUANTITY, 0.0
        if best["order"] or best["crossed"]:
            return Reason.ORDER, 0.0
        if all(misplaced_quantity(apart, passage) for passage in taken):
            return Reason.QUANTITY, 0.0
        score = self._weights.score(best)
        if score >= self._weights.keep_from:
            return None, score
        return (Reason.DENIAL if best["denial"] > _DENIED else Reason.UNSUPPORTED), score

    def _locked(self, sentence: Text, passages: Sequence[Text], written: str) -> Reason | None:
        said = "\n".join(passage.whole for passage in passages)
        if any(link not in written for link in _LINK.findall(sentence.whole)):
            return Reason.LINK
        if missing_quantities(sentence, passages):
            return Reason.QUANTITY
        if self._words.new_names(sentence.whole, said):
            return Reason.NAME
        if self._words.new_people(sentence.whole, said):
            return Reason.PERSON
        if self._words.new_absolutes(sentence.whole, said):
            return Reason.ABSOLUTE
        return None


def split_cited(text: str) -> list[tuple[str, tuple[int, ...]]]:
    """Sentences with the numbers they cite; a marker behind the full stop is its sentence's."""
    found: list[tuple[str, tuple[int, ...]]] = []
    for piece in _END.split(text):
        leading = _LEADING.match(piece)
        if leading and found:
            sentence, cited = found[-1]
            found[-1] = (sentence, _distinct((*cited, *_numbers(leading.group()))))
        own = piece[leading.end() :] if leading and found else piece
        sentence = _CITATION.sub("", own).strip()
        if _BARE.sub("", sentence):
            found.append((sentence, _distinct(_numbers(own))))
    return found


_LEADING = re.compile(rf"\A\s*(?:{_CITATION.pattern}\s*)+")


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(n) for group in _CITATION.findall(text) for n in re.findall(r"\d+", group))


def _distinct(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))

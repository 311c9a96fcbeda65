"""A model that says what is known to be borne out, or not: for measuring, never for residents."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from bot.assistant.model import Fault, Piece, Usage
from bot.assistant.sentences import without_citations
from prompts.model_prompts import Prompt
from retrieval.text import clean

_PASSAGE = re.compile(r"^\[(\d+)\] (.*?)(?=^\[\d+\] |^</资料>)", re.MULTILINE | re.DOTALL)
_SENTENCE = re.compile(r"[^。！？；;!?\n]+")
_NUMBER = re.compile(r"\d+")
_SENTENCES = 5
_SHORTEST, _LONGEST = 6, 40
# Other words for the same: what a faithful model may say instead.
_PLAINER = (
    ("马上", "赶紧"),
    ("立即", "马上"),
    ("不要", "别"),
    ("不能", "不可以"),
    ("应当", "要"),
    ("医生", "大夫"),
    ("咨询", "问问"),
    ("前往", "去"),
)
_OPPOSITES = (("不要", "可以"), ("不能", "可以"), ("别", "可以"), ("不", ""))
_ADDED = ("，再吃两片阿司匹林", "，保证能根治", "，拨打13800138000办理", "，全国统一每人补贴500元")


class ScriptedModel:
    """Says five sentences of the passages, in plainer words; of `unfaithful` ones, some are ruined.

    What it said is labelled: `supported` tells of a sentence whether the passage bears it out.
    """

    def __init__(self, unfaithful: float, seed: int = 7) -> None:
        self.name = "scripted-unfaithful" if unfaithful else "scripted-faithful"
        self._unfaithful = unfaithful
        self._random = random.Random(seed)
        self._said: dict[str, bool] = {}

    def ready(self) -> Fault | None:
        """As Model.ready."""
        return None

    def stream(self, prompt: Prompt, within_seconds: float) -> Iterator[Piece]:  # noqa: ARG002
        """As Model.stream, at once and for nothing."""
        for number, sentence in self._choose(prompt.human):
            said, good = plainer(sentence), True
            if self._random.random() < self._unfaithful:
                said, good = self._ruin(sentence), False
            self._said[_key(said)] = good
            yield Piece(f"{said}[{number}]。")
        yield Piece(usage=Usage())

    def supported(self, sentence: str) -> bool | None:
        """Whether a sentence of its own is borne out; None for one it did not say."""
        return self._said.get(_key(sentence))

    def _choose(self, human: str) -> list[tuple[str, str]]:
        found = [
            (number, sentence.strip())
            for number, text in _PASSAGE.findall(human)
            for sentence in _SENTENCE.findall(text)[1:]  # the first is the title
            if _SHORTEST <= len(sentence.strip()) <= _LONGEST
        ]
        return found[:2] + self._random.sample(found[2:], min(_SENTENCES - 2, len(found[2:])))

    def _ruin(self, sentence: str) -> str:
        ways = [sentence + self._random.choice(_ADDED)]
        if number := _NUMBER.search(sentence):
            changed = str(int(number[0]) + self._random.choice((1, 2, 10)))
            ways.append(sentence[: number.start()] + changed + sentence[number.end() :])
        ways += [sentence.replace(a, b, 1) for a, b in _OPPOSITES if a in sentence][:1]
        return self._random.choice(ways)


def plainer(sentence: str) -> str:
    """The same in a plainer word, where there is one."""
    for written, said in _PLAINER:
        if re.search(rf"(?<![能要]){written}", sentence):  # 能不能 is no 不能
            return sentence.replace(written, said, 1)
    return sentence


def _key(sentence: str) -> str:
    return re.sub(r"[\W_]+", "", clean(without_citations(sentence)))

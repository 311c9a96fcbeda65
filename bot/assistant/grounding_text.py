"""A passage or a sentence taken apart: clauses, characters, pairs, what is denied, quantities."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from bot.assistant.grounding_words import GroundingWords
from bot.assistant.quantities import Quantity, find_quantities
from retrieval.text import clean

_SENTENCE = re.compile(r"[。!?;\n]+")
_CLAUSE = re.compile(r"[,:]+|(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_HAN_OR_WORD = re.compile(r"[\u3400-\u9fff]|[a-z]+|[、|]")
# Characters that carry no advice of their own: they may come and go in a paraphrase.
_SMALL = frozenset(
    "的了着过地得是在有和与或及就也都还又才再要会能可把被让给向往对从到于以为很更最太些个这那它他她你您我们"
    "下点儿啊呢吧吗嘛呀时候里中后前来去话事情多少什么怎样先请做用想家打不没别莫勿未无禁第步样只像带住"
)
_GAPS = frozenset("、|")
_SAME_AS = {
    "喊": "叫", "娃": "孩", "讲": "说", "量": "测", "吞": "咽", "跤": "摔", "痛": "疼", "拨": "打",
    "收": "留", "粪": "厕", "衫": "衣", "脸": "面", "屋": "房", "儿": "孩", "购": "买", "食": "吃",
    "饮": "喝", "立": "马", "赶": "马", "紧": "马", "即": "马", "钱": "款", "询": "问",
}  # fmt: skip
_FIRST = re.compile(r"先(?:把|去|将)?([^先再,。;!?]{2,9})")
_THEN = re.compile(r"(?:再|然后|最后|才能|之后)(?:去|把|将)?([^先再,。;!?]{2,9})")


@dataclass(frozen=True)
class Piece:
    """A clause with what is compared of it; `denied` are its pairs behind a negation."""

    text: str
    content: frozenset[str]
    pairs: frozenset[str]
    denied: frozenset[str]
    permits: bool
    quantities: tuple[Quantity, ...]

    def left_of(self, quantity: Quantity, count: int) -> str:
        """The last characters of content before the same quantity."""
        for own in self.quantities:
            if own.same(quantity):
                before = self.text.split(own.written, 1)[0]
                return "".join([c for c in _kept(before) if c not in _GAPS][-count:])
        return ""


@dataclass(frozen=True)
class Text:
    """All of it; `title` is the content of the first sentence, which the rest may lean on."""

    whole: str
    sentences: tuple[tuple[Piece, ...], ...]
    quantities: tuple[Quantity, ...]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Every clause in order."""
        return tuple(piece for sentence in self.sentences for piece in sentence)

    @cached_property
    def told(self) -> tuple[Piece, ...]:
        """Every clause behind the title."""
        return tuple(piece for sentence in self.sentences[1:] for piece in sentence)

    @cached_property
    def content(self) -> frozenset[str]:
        """Every character of content."""
        return frozenset().union(*(p.content for p in self.pieces))

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Every pair of neighbouring characters of content."""
        return frozenset().union(*(p.pairs for p in self.pieces))

    @cached_property
    def denied(self) -> frozenset[str]:
        """Pairs behind a negation somewhere; the title, often a question, says nothing."""
        return frozenset().union(*(p.denied for p in self.told))

    @cached_property
    def asserted(self) -> frozenset[str]:
        """Pairs that stand without one somewhere."""
        return frozenset().union(*(p.pairs - p.denied for p in self.told))

    @cached_property
    def title(self) -> frozenset[str]:
        """The content of the first sentence."""
        first = self.sentences[0] if self.sentences else ()
        return frozenset().union(*(p.content for p in first))

    @cached_property
    def firsts(self) -> frozenset[str]:
        """Pairs of what is said to come first."""
        return frozenset().union(*(pairs_of(words) for words in _FIRST.findall(self.whole)))

    @cached_property
    def thens(self) -> frozenset[str]:
        """Pairs of what is said to come after something."""
        return frozenset().union(*(pairs_of(words) for words in _THEN.findall(self.whole)))


@lru_cache(maxsize=512)
def take_apart(text: str, negations: GroundingWords) -> Text:
    """A text's sentences, clauses and quantities; kept, for passages are cited again and again."""
    whole = clean(text.replace("\n", "。")).replace("大夫", "医生")
    sentences = tuple(
        tuple(_piece(c, negations) for c in _CLAUSE.split(s) if c.strip())
        for s in _SENTENCE.split(whole)
        if s.strip()
    )
    return Text(whole, sentences, find_quantities(whole))


def content_of(text: str) -> frozenset[str]:
    """The characters of clean text that carry its advice."""
    return frozenset(_kept(text)) - _GAPS


def pairs_of(text: str) -> frozenset[str]:
    """Neighbouring characters of content."""
    kept = _kept(text)
    return frozenset(
        a + b for a, b in itertools.pairwise(kept) if a not in _GAPS and b not in _GAPS
    )


def _kept(text: str) -> list[str]:
    found = (_SAME_AS.get(c, c) for c in _HAN_OR_WORD.findall(text))
    return [c for c in found if c not in _SMALL]


def _piece(text: str, negations: GroundingWords) -> Piece:
    text = text.strip()
    quantities = find_quantities(text)
    bare = text
    for quantity in quantities:
        bare = bare.replace(quantity.written, " ", 1)
    asserted, denied = negations.split(bare)
    return Piece(
        text,
        content_of(bare),
        pairs_of(bare),
        pairs_of(denied) - pairs_of(asserted),
        negations.permits(text),
        quantities,
    )

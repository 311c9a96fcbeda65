"""What a card needs before review; each finding names the part and says what to do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from rapidfuzz import fuzz

from knowledge.card import Card, CardKind
from knowledge.hotline import find_numbers, load_hotlines
from knowledge.readability import long_clauses, long_sentences, terms_in
from knowledge.sources import document_of, load_register

ANSWER_CHARACTERS = 120
LINE_CHARACTERS = 60
LEAST_ASKS = 6
LEAST_NOT_ASKS = 2
STEPS = range(3, 8)
ADDRESS = "地址："  # how the supports of a directory card begin the address
NEAR_DUPLICATE = 92  # rapidfuzz ratio; below it, cards of one theme share phrases rightly

_DOSE = re.compile(
    r"(?:每次|一次|每天|一天|每日|口服|服用|吃|含)[^，。；]{0,6}?[\d一二两三四五半]+\s*(?:片|粒|丸|支|毫克|mg|毫升|ml|滴)"
)
_MIX = re.compile(r"\d+\s*(?:克|毫升|ml|斤)[^，。；]{0,6}(?:兑水|加水|对水)|\d{3,4}倍液")
_STOP_DRUG = re.compile(r"(?<![不别])(?:可以|应|要|马上|立即)停药")
_BANNED = ("包治", "根治", "绝对安全", "百分之百", "祖传", "特效药", "保证治", "万无一失")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_ASK_NOISE = re.compile(r"[\s，。！？、,.!?…~～“”\"'（）()]+")


@dataclass(frozen=True)
class Finding:
    """One thing to mend: which card, which part, and what to do about it (Chinese)."""

    key: str
    part: str
    message: str

    def __str__(self) -> str:
        return f"{self.key} [{self.part}] {self.message}"


def lint_cards(cards: Sequence[Card]) -> list[Finding]:
    """Every finding of every rule, over single cards and over the pack as a whole."""
    findings = [f for card in cards for rule in CARD_RULES for f in rule(card)]
    findings += [f for rule in PACK_RULES for f in rule(cards)]
    return findings


def lint_card(card: Card) -> list[Finding]:
    """The findings that concern this card alone."""
    return [finding for rule in CARD_RULES for finding in rule(card)]


def spoken_lines(card: Card) -> Iterator[tuple[str, str]]:
    """(part, line) for every line that a resident would be shown."""
    yield "answer", card.answer
    for part in ("steps", "never", "red_flags"):
        for line in getattr(card, part):
            yield part, line
    if card.seek_help:
        yield "seek_help", card.seek_help
    if card.kind is CardKind.DIRECTORY:
        yield from (("details", line) for line in card.details.splitlines() if line.strip())


def _required(card: Card) -> Iterator[Finding]:
    if len({fold(ask) for ask in card.asks}) < LEAST_ASKS:
        yield Finding(card.key, "asks", f"至少写{LEAST_ASKS}种不同的问法")
    if len(card.not_asks) < LEAST_NOT_ASKS:
        yield Finding(card.key, "not_asks", f"至少写{LEAST_NOT_ASKS}个容易混的问题")
    if card.kind is CardKind.DIRECTORY:
        yield from _required_of_directory(card)
        return
    if not card.seek_help:
        yield Finding(card.key, "seek_help", "写清什么时候找谁帮忙")
    if card.kind is CardKind.RUMOUR:
        if not card.claim or card.verdict is None:
            yield Finding(card.key, "claim", "辟谣卡要有说法 claim 和结论 verdict")
    else:
        yield from _required_of_advice(card)


def _required_of_advice(card: Card) -> Iterator[Finding]:
    if len(card.steps) not in STEPS:
        yield Finding(card.key, "steps", "写3到7步，一步一个动作")
    if not card.never:
        yield Finding(card.key, "never", "至少写一条千万不要做的事")
    if card.kind is CardKind.FRAUD and not card.red_flags:
        yield Finding(card.key, "red_flags", "防骗卡要写骗子的特征")
    if card.kind is CardKind.EMERGENCY and not re.search(r"1(?:10|19|20)", card.answer):
        yield Finding(card.key, "answer", "急事卡的第一句要说打哪个电话")


def _required_of_directory(card: Card) -> Iterator[Finding]:
    if not card.regions:
        yield Finding(card.key, "regions", "本地信息要写是哪个地区的")
    if card.valid_until is None:
        yield Finding(card.key, "valid_until", "本地信息会变，要写用到哪天")
    if not any(find_numbers(card.answer)):
        yield Finding(card.key, "answer", "要写电话；没有电话，就写打12345问")
    facts = [fact for source in card.sources for fact in source.supports]
    places = [fact.removeprefix(ADDRESS) for fact in facts if fact.startswith(ADDRESS)]
    if not any(place in card.answer for place in places):
        yield Finding(card.key, "answer", f"要写地址，和来源 supports 里的“{ADDRESS}…”一样")


def _invented(card: Card) -> Iterator[Finding]:
    if card.is_example:
        yield Finding(card.key, "example", "写了“示例”，或者用了0000的号码，是编的，不能发布")


def _lengths(card: Card) -> Iterator[Finding]:
    if len(card.answer) > ANSWER_CHARACTERS:
        yield Finding(
            card.key, "answer", f"{len(card.answer)}字，最多{ANSWER_CHARACTERS}字，要能一口气读完"
        )
    for part, line in spoken_lines(card):
        if part in {"steps", "never", "red_flags"} and len(line) > LINE_CHARACTERS:
            yield Finding(card.key, part, f"太长（{len(line)}字），一条只说一件事：{line[:20]}…")


def _reading_ease(card: Card) -> Iterator[Finding]:
    if card.kind is CardKind.DIRECTORY:
        return  # names, addresses and hours: nobody may make them shorter or plainer
    told: set[str] = set()  # explained, or found already: once in a card is enough
    for part, line in spoken_lines(card):
        for clause in long_clauses(line):
            yield Finding(
                card.key, part, f"{len(clause)}字没有停顿，用逗号或句号断开：{clause[:20]}…"
            )
        for sentence in long_sentences(line):
            yield Finding(card.key, part, f"一句{len(sentence)}字，分成两句：{sentence[:20]}…")
        for jargon, explained in terms_in(line):
            if not explained and jargon.term not in told:
                said = f"“{jargon.term}”老人听不懂，换成或加括号写上：{jargon.plain[0]}"
                yield Finding(card.key, part, said)
            told.add(jargon.term)


def _harm(card: Card) -> Iterator[Finding]:
    for part, line in spoken_lines(card):
        if _DOSE.search(line):
            yield Finding(card.key, part, f"不能写药量：{line[:30]}")
        if _MIX.search(line):
            yield Finding(card.key, part, f"不能写农药配比：{line[:30]}")
        if _STOP_DRUG.search(line):
            yield Finding(card.key, part, f"不能叫人停药：{line[:30]}")
        for word in _BANNED:
            if word in line and not re.search(rf"[“‘「][^”’」]*{word}", line):
                yield Finding(card.key, part, f"不能说“{word}”")


def _phones(card: Card) -> Iterator[Finding]:
    # The number of a local place is a local fact: its own source carries it, not the register.
    local = card.kind is CardKind.DIRECTORY
    facts = [fact for source in card.sources for fact in source.supports] if local else []
    own = {number for fact in facts for number in find_numbers(fact)}
    for part, line in spoken_lines(card):
        for number in find_numbers(line):
            if number in load_hotlines() or number in own:
                continue
            if local:
                yield Finding(card.key, part, f"电话{number}没有出现在它自己来源的 supports 里")
            else:
                yield Finding(card.key, part, f"电话{number}不在热线登记表 hotlines.yaml 里")


def _number_lock(card: Card) -> Iterator[Finding]:
    known = set(load_hotlines())
    for source in card.sources:
        known.update(_NUMBER.findall(" ".join((source.title, source.edition, *source.supports))))
    for part, line in spoken_lines(card):
        for number in _NUMBER.findall(_hotline_pattern().sub("", line)):
            if number not in known:
                yield Finding(card.key, part, f"数字{number}没有出现在任何来源的 supports 里")


@cache
def _hotline_pattern() -> re.Pattern[str]:
    # Whole numbers only: 0571-88120119 holds three hotlines' digits and is none of them.
    numbers = "|".join(re.escape(number) for number in sorted(load_hotlines(), key=len)[::-1])
    return re.compile(rf"(?<!\d)(?:{numbers})(?!\d)")


def _duplicate_keys(cards: Sequence[Card]) -> Iterator[Finding]:
    seen: set[str] = set()
    for card in cards:
        if card.key in seen:
            yield Finding(card.key, "key", "两张卡用了同一个 key")
        seen.add(card.key)


def _links(cards: Sequence[Card]) -> Iterator[Finding]:
    keys = {card.key for card in cards}
    for card in cards:
        for key in card.related:
            if key not in keys or key == card.key:
                yield Finding(card.key, "related", f"没有这张卡：{key}")
        for near in card.not_asks:
            if near.card and (near.card not in keys or near.card == card.key):
                yield Finding(card.key, "not_asks", f"没有这张卡：{near.card}")


def _contested_asks(cards: Sequence[Card]) -> Iterator[Finding]:
    owners: dict[str, list[str]] = defaultdict(list)
    for card in cards:
        for ask in {fold(ask) for ask in card.asks}:
            owners[ask].append(card.key)
    for ask, keys in owners.items():
        if len(keys) > 1:
            yield Finding(keys[1], "asks", f"“{ask}”也写在 {keys[0]} 里，只能归一张卡")


def _near_duplicates(cards: Sequence[Card]) -> Iterator[Finding]:
    # Two places of one street and one exchange differ in a few characters, rightly.
    spoken = [card for card in cards if card.kind is not CardKind.DIRECTORY]
    for i, card in enumerate(spoken):
        for other in spoken[:i]:
            if fuzz.ratio(card.answer, other.answer, score_cutoff=NEAR_DUPLICATE):
                yield Finding(
                    card.key, "answer", f"和 {other.key} 的回答几乎一样，合成一张或写清区别"
                )


def _registered(cards: Sequence[Card]) -> Iterator[Finding]:
    known = set(load_register().values())
    for card in cards:
        for source in card.sources if card.kind is not CardKind.DIRECTORY else ():
            if document_of(source) not in known:
                message = f"来源“{source.title}”还没登记，运行 python -m knowledge.sources"
                yield Finding(card.key, "sources", message)


def fold(ask: str) -> str:
    """A question without blanks, punctuation and capitals: equal when folded, equal when heard."""
    return _ASK_NOISE.sub("", ask).lower()


CARD_RULES: tuple[Callable[[Card], Iterable[Finding]], ...] = (
    _required,
    _invented,
    _lengths,
    _reading_ease,
    _harm,
    _phones,
    _number_lock,
)
PACK_RULES: tuple[Callable[[Sequence[Card]], Iterable[Finding]], ...] = (
    _duplicate_keys,
    _links,
    _contested_asks,
    _near_duplicates,
    _registered,
)

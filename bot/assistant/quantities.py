"""Quantities: every number in a text with its unit, however it is written.

一百四十 and 140, 半小时 and 30 分钟, 每年 and 一年, 3成 and 30% are one and the same. A number that
no unit follows (a telephone number, a year) is kept as its digits.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from retrieval.text import clean

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "俩": 2,
    "幺": 1,
}
_PLACES = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10_000, "亿": 100_000_000}

# A unit, what it is counted as, and how many of those it is.
_UNITS: dict[str, tuple[str, float]] = {
    "秒": ("秒", 1), "秒钟": ("秒", 1),
    "分钟": ("秒", 60), "分": ("秒", 60), "刻钟": ("秒", 900),
    "小时": ("秒", 3600), "个小时": ("秒", 3600), "个钟头": ("秒", 3600), "钟头": ("秒", 3600),
    "天": ("天", 1), "日": ("天", 1), "周": ("天", 7), "个星期": ("天", 7), "星期": ("天", 7),
    "个礼拜": ("天", 7), "礼拜": ("天", 7),
    "个月": ("月", 1), "月": ("月份", 1), "年": ("年", 1), "周年": ("年", 1),
    "岁": ("岁", 1), "周岁": ("岁", 1),
    "度": ("度", 1), "摄氏度": ("度", 1), "℃": ("度", 1), "°c": ("度", 1),
    "毫升": ("毫升", 1), "ml": ("毫升", 1), "升": ("毫升", 1000),
    "毫克": ("毫克", 1), "mg": ("毫克", 1), "克": ("毫克", 1000), "g": ("毫克", 1000),
    "两": ("毫克", 50_000), "斤": ("毫克", 500_000), "公斤": ("毫克", 1_000_000),
    "千克": ("毫克", 1_000_000), "kg": ("毫克", 1_000_000), "吨": ("毫克", 1e9),
    "毫米": ("毫米", 1), "厘米": ("毫米", 10), "cm": ("毫米", 10), "米": ("毫米", 1000),
    "公里": ("毫米", 1e6), "千米": ("毫米", 1e6), "里": ("毫米", 5e5), "亩": ("亩", 1),
    "%": ("%", 1), "成": ("%", 10), "倍": ("倍", 1),
    "元": ("元", 1), "块": ("元", 1), "块钱": ("元", 1), "元钱": ("元", 1), "角": ("元", 0.1),
    "万元": ("元", 10_000), "毛": ("元", 0.1),
    "级": ("级", 1), "类": ("级", 1), "期": ("期", 1), "点": ("点", 1), "点钟": ("点", 1),
    "毫米汞柱": ("汞柱", 1), "伏": ("伏", 1), "千瓦": ("千瓦", 1),
}  # fmt: skip
# Counting words: 打一针 and 打一次 are one and the same, so the word is not kept.
_COUNTS = "次回片粒颗支个针人下滴勺杯瓶袋样条项门家户头只株棵口顿批套张把层遍步趟轮碗包盒"

_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=len, reverse=True))
_HAN_NUMBER = r"[零〇一二三四五六七八九十百千万亿两]+"
_QUANTITY = re.compile(
    rf"(?P<percent>百分之(?P<share>{_HAN_NUMBER}|\d+(?:\.\d+)?))"
    rf"|(?P<half>半(?:个)?(?P<half_unit>小时|钟头|天|年|月|斤))"
    rf"|(?P<every>每(?:个)?(?P<every_unit>年|月|天|周|星期|小时))"
    rf"|(?P<number>\d+(?:\.\d+)?)(?P<group>[百千万亿]*)(?P<and_half>多|余|来)?"
    rf"(?P<unit>{_UNIT})?(?P<after_half>半)?"
    rf"|(?P<han>{_HAN_NUMBER})(?P<han_more>多|余|来)?(?P<han_unit>{_UNIT}|[{_COUNTS}])"
)
# Words with a numeral in them that count nothing.
_IDIOMS = re.compile(
    r"一(?:定|样|起|般|直|下子|点[儿都也]?|些|旦|方面|会儿|律|边|块儿|口气|心|切|共|身|头|面|手|家人)"
    r"|万一|统一|唯一|第一时间|三七|十分(?!钟)|千万|百姓|四周|四肢|五官|七窍|三轮|四轮|二手|一级市"
)


@dataclass(frozen=True)
class Quantity:
    """A value in its base unit (秒, 天, 毫克, 元 …); unit "" for digits that nothing follows."""

    value: float
    unit: str
    written: str = ""

    def same(self, other: Quantity) -> bool:
        """Whether both are one quantity; a bare number is only ever the same bare number."""
        return math.isclose(self.value, other.value) and self.unit == other.unit


def read_numeral(text: str) -> float | None:
    """The value of a Chinese numeral (一百四十, 两万, 一二三 as 123); None when it is none."""
    if not text or any(c not in _DIGITS and c not in _PLACES and c not in _GROUPS for c in text):
        return None
    if all(c in _DIGITS for c in text):
        return float("".join(str(_DIGITS[c]) for c in text))
    total = section = digit = 0.0
    last_place = 1.0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
            if c in "零〇":
                last_place = 10.0
        elif c in _PLACES:
            section += (digit or 1.0) * _PLACES[c]
            digit, last_place = 0.0, _PLACES[c]
        else:
            total = (total + section + digit) * _GROUPS[c]
            section = digit = 0.0
            last_place = _GROUPS[c]
    # 一百四 is 140: a last digit without its place stands one place lower.
    short = digit and last_place > _PLACES["十"] and text[-1] in _DIGITS and text[-2] not in "零〇"
    return total + section + (digit * last_place / 10 if short else digit)


def find_quantities(text: str) -> tuple[Quantity, ...]:
    """Every quantity of a text in order; total: any str is accepted."""
    plain = _IDIOMS.sub(lambda m: "＿" * len(m.group()), clean(text))
    found: list[Quantity] = []
    for match in _QUANTITY.finditer(plain):
        found.extend(_read(match))
    return tuple(found)


def _read(match: re.Match[str]) -> list[Quantity]:
    written = match.group()
    if match["percent"]:
        share = match["share"]
        value = float(share) if share[0].isdigit() else read_numeral(share)
        return [] if value is None else [Quantity(value, "%", written)]
    if match["half"]:
        return [_of(0.5, _time(match["half_unit"]), written)]
    if match["every"]:
        return [_of(1.0, _time(match["every_unit"]), written)]
    return [_digits(match)] if match["number"] else _numeral(match)


def _digits(match: re.Match[str]) -> Quantity:
    value = float(match["number"])
    for c in match["group"] or "":
        value *= _PLACES.get(c) or _GROUPS[c]
    unit = match["unit"] or ""
    if match["after_half"] and unit:
        value += 0.5
    return _of(value, unit, match.group())


def _numeral(match: re.Match[str]) -> list[Quantity]:
    value, unit = read_numeral(match["han"]), match["han_unit"]
    # One of something is seldom a number that anybody could get wrong.
    if value is None or (unit in _COUNTS and value <= 1):
        return []
    return [_of(value, "" if unit in _COUNTS else unit, match.group())]


def _time(unit: str) -> str:
    return "个月" if unit == "月" else unit


def _of(value: float, unit: str, written: str) -> Quantity:
    if not unit:
        return Quantity(value, "", written)
    name, factor = _UNITS[unit]
    return Quantity(value * factor, name, written)

"""What people type instead of tapping: digits, 有用, 继续看, 查看结果, 转人工, 删除我的数据."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from bot.messages import Action, Tap
from bot.people import Context

USEFUL_DIGIT = "8"
USELESS_DIGIT = "9"
_CHINESE_DIGITS = {"一": "1", "二": "2", "三": "3", "四": "4", "八": "8", "九": "9"}
_MARKS = re.compile(r"[\s.。,，、!！)）(（]+")
_WORDS = {
    "有用": Tap(Action.RATE, value=1),
    "没用": Tap(Action.RATE, value=0),
    "没有用": Tap(Action.RATE, value=0),
    "继续看": Tap(Action.MORE),
    "继续": Tap(Action.MORE),
    "下一页": Tap(Action.MORE),
    "查看结果": Tap(Action.COLLECT),
    "看结果": Tap(Action.COLLECT),
    "转人工": Tap(Action.HUMAN),
    "人工": Tap(Action.HUMAN),
    "找人工": Tap(Action.HUMAN),
    "人工客服": Tap(Action.HUMAN),
    "人工服务": Tap(Action.HUMAN),
    "找志愿者": Tap(Action.HUMAN),
    "我要找人说": Tap(Action.HUMAN),
    "删除我的数据": Tap(Action.FORGET),
    "删除我的资料": Tap(Action.FORGET),
    "确认删除": Tap(Action.FORGET, value=1),
}


@dataclass(frozen=True)
class Typed:
    """A tap, or the typed words that mean the same; `turn` is empty when none was named."""

    action: Action
    turn: str
    value: int


def read_typed(text: str, tap: Tap | None, context: Context) -> Typed | None:
    """The command a message is, or None when it is a question.

    A lone digit counts only while something is on offer under it, so that "3" to a stranger is
    not taken for a command it cannot be.
    """
    if tap is not None:
        return Typed(tap.action, tap.turn, tap.value)
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text[:20]))
    plain = _CHINESE_DIGITS.get(plain, plain)
    if plain in _WORDS:
        known = _WORDS[plain]
        return Typed(known.action, known.turn, known.value)
    if len(plain) == 1 and plain.isascii() and plain.isdigit():
        if context.rateable and plain in {USEFUL_DIGIT, USELESS_DIGIT}:
            return Typed(Action.RATE, "", int(plain == USEFUL_DIGIT))
        if context.offers:
            return Typed(Action.ASK, "", int(plain))
    return None

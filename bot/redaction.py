"""Hides phone, ID and bank numbers before anything is stored or logged."""

from __future__ import annotations

import re

# 18-digit resident ID (GB 11643: six of place, eight of birth, three of order, a check digit or X).
_IDENTITY = re.compile(
    r"(?<![0-9a-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx](?![0-9a-z])",
    re.IGNORECASE,
)
# Bank cards have 16 to 19 digits (ISO/IEC 7812), often typed in groups.
_BANK = re.compile(r"(?<!\d)\d(?:[ -]?\d){14,18}(?!\d)")
# Mobile numbers: 11 digits from 13 to 19, perhaps after +86, perhaps in groups.
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)")
# Fixed lines: area code 0xx or 0xxx, then 7 or 8 digits.
_FIXED = re.compile(r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋－　Ｘｘ", "0123456789+- Xx")

# Numbers from abroad: kept apart, for nobody's bank or police calls from there.
_ABROAD = re.compile(r"(?<![\d+])(?:\+(?!86)|00(?!86))[1-9]\d{0,2}[ -]?\d(?:[ -]?\d){5,12}(?!\d)")

_CHINESE = re.compile(r"[\u3400-\u9fff]")

RULES = (
    ("[境外号码]", _ABROAD),
    ("[身份证号]", _IDENTITY),
    ("[银行卡号]", _BANK),
    ("[手机号]", _MOBILE),
    ("[电话号码]", _FIXED),
)


def redact(text: str) -> str:
    """Text with personal numbers replaced by what they were; hotlines such as 12345 stay.

    Every digit run of 15 to 19 is hidden even when its check digit is wrong: a mistyped card
    number is still somebody's. Idempotent.
    """
    hidden = text.translate(_FULL_WIDTH)
    for label, pattern in RULES:
        hidden = pattern.sub(label, hidden)
    return hidden


def has_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return _CHINESE.search(text) is not None

"""Spreadsheet cells as people fill them, made one form: text, phone numbers, dates, hours."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from openpyxl.utils.datetime import WINDOWS_EPOCH, from_excel

# What openpyxl gives for a cell; a CSV file gives text only.
Cell = str | int | float | bool | date | datetime | time | timedelta | None

YEARS = range(2000, 2101)
LABEL_CHARACTERS = 8
SHOWN = 20
NOTHING = frozenset({"", "无", "没有", "暂无", "-", "/"})

_SERIAL = range(36526, 73416)  # Excel's day numbers of 2000 to 2100
_EXCEL_ERROR = re.compile(r"#(?:REF|VALUE|N/A|NAME|DIV/0|NULL|NUM|SPILL|CALC)[!?]?.*")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_DASHES = re.compile(r"\s*[-‐-―−－ー]+\s*")
_PART_END = re.compile(r"[、，,;；/|\n]")
_DAY = r"(\d{4})(?:[-/.年]\s*(\d{1,2})[-/.月]\s*(\d{1,2})日?|(\d{2})(\d{2}))"
_DATE = re.compile(_DAY + r"(?:\s+0?0:00(?::00)?)?")
_CLOCK = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?:[:：]00)?(?!\d)")
_BETWEEN_CLOCKS = re.compile(r"(?<=[点半分])\s*(?:[-‐-―−－ー~～至]+)\s*(?=\d)")
# Area codes: 010 and 02x have three digits, the others four; a number typed as a number has lost
# its first 0. Extensions: 转8001, or -801 (three digits at least: 88888888-9 means two lines).
_PHONE = re.compile(
    r"(?<!\d)(?:\+?86[ -]?)?(?:"
    r"(?P<mobile>1[3-9]\d[ -]?\d{4}[ -]?\d{4})"
    r"|(?P<free>[48]00[ -]?\d{3,4}[ -]?\d{3,4})"
    r"|\(?(?P<area>0?(?:10|2\d)|0[03-9]\d\d|[3-9]\d\d)\)?[ -]?(?P<local>\d{3,4} ?\d{4})"
    r"(?:(?: ?转 ?)(?P<through>\d{1,6})|-(?P<extension>\d{3,6}))?"
    r"|(?P<short>1(?:10|14|19|20|22)|1[02]\d{3}|9[56]\d{3,4})"
    r")(?!\d)"
)


class CellError(ValueError):
    """A cell that cannot be used; the message says in plain Chinese what to mend."""


def read_text(cell: Cell, newline: str = "") -> str:
    """A cell as one line of clean text; full-width letters and digits become plain ones."""
    if isinstance(cell, str):
        text = _clean(cell, newline)
        if _EXCEL_ERROR.fullmatch(text):
            raise CellError(f"这一格是表格的出错标记{text[:SHOWN]}，改成要写的字")
        return text
    if isinstance(cell, date | time | timedelta):
        raise CellError("被表格当成日期或时间了，把这一格设成“文本”，再写一遍")
    if isinstance(cell, bool):
        raise CellError("这一格是“真/假”，改成要写的字")
    return "" if cell is None else _number(cell)


def read_phones(cell: Cell) -> tuple[str, ...]:
    """The phone numbers of a cell, each as 0571-1234567 with its label if it has one."""
    text = unicodedata.normalize("NFKC", read_text(cell, newline="、"))
    if text in NOTHING:
        return ()
    if _SCIENTIFIC.fullmatch(text):
        raise CellError("被表格写成了科学计数，把这一格设成“文本”，再写一遍号码")
    parts = [_DASHES.sub("-", part).strip() for part in _PART_END.split(text)]
    return tuple(dict.fromkeys(phone for part in parts if part for phone in _phones_of(part)))


def read_date(cell: Cell, epoch: datetime = WINDOWS_EPOCH) -> date | None:
    """The day of a cell, None when empty; day numbers count from the workbook's epoch."""
    if isinstance(cell, datetime):
        found: date | None = cell.date()
    elif isinstance(cell, date):
        found = cell
    else:
        text = unicodedata.normalize("NFKC", read_text(cell))
        if not text:
            return None
        found = _serial_day(text, epoch) or _written_day(text)
    if found is None or found.year not in YEARS:
        raise CellError(f"“{_shown(cell)}”不是日子，写成2026-01-31这样，要有年月日")
    return found


def read_hours(cell: Cell) -> str:
    """Opening hours for the ear: 周一至周五 8:00-17:30 becomes 周一至周五8点到17点半."""
    if isinstance(cell, time):
        return _clock(cell.hour, cell.minute)
    if isinstance(cell, float) and not cell.is_integer():
        raise CellError("被表格当成数了，把这一格设成“文本”，写成8:00-17:30这样")
    text = read_text(cell, newline="；")
    spoken = _CLOCK.sub(lambda m: _clock(int(m.group(1)), int(m.group(2))), text)
    return _BETWEEN_CLOCKS.sub("到", spoken)


def _clean(text: str, newline: str) -> str:
    lines = [line.strip() for line in re.split(r"[\r\n\u2028\u2029\v\f]+", text)]
    joined = newline.join(line for line in lines if line)
    plain = "".join(_plain(char) for char in joined)
    # Blanks beside Chinese characters are typing, not words.
    return re.sub(r"(?<=[^\x00-\x7f]) +| +(?=[^\x00-\x7f])", "", re.sub(r"\s+", " ", plain)).strip()


def _plain(char: str) -> str:
    if "！" <= char <= "～" and (narrow := unicodedata.normalize("NFKC", char)).isalnum():
        return narrow
    if char.isspace():
        return " "
    return "" if unicodedata.category(char)[0] == "C" else char


def _number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        raise CellError("这一格不是数，改成要写的字")
    return str(int(value)) if value == int(value) else repr(value)


def _shown(cell: Cell) -> str:
    return str(cell)[:SHOWN]


def _phones_of(part: str) -> Iterator[str]:
    found = list(_PHONE.finditer(part))
    rest = _PHONE.sub("", part)
    if any(char.isdigit() for char in rest) or not found:
        if not found and re.search(r"(?<!\d)[2-9]\d{6,7}(?!\d)", part):
            raise CellError(f"“{part[:SHOWN]}”缺区号，手机打不通，写成“区号-号码”")
        raise CellError(f"“{part[:SHOWN]}”看不懂，一个号码写全，几个号码用顿号隔开")
    label = re.sub(r"[\s():：（）\[\]【】-]+", "", rest)
    if len(label) > LABEL_CHARACTERS:
        raise CellError(f"“{part[:SHOWN]}”里说明太长，写到“做什么”那一列")
    yield from ((label if len(found) == 1 else "") + _phone(match) for match in found)


def _phone(match: re.Match[str]) -> str:
    digits = {name: re.sub(r"\D", "", value or "") for name, value in match.groupdict().items()}
    if digits["area"]:
        area = digits["area"] if digits["area"][0] == "0" else f"0{digits['area']}"
        through = digits["through"] or digits["extension"]
        return f"{area}-{digits['local']}" + (f"转{through}" if through else "")
    if digits["free"]:
        return "-".join((digits["free"][:3], digits["free"][3:6], digits["free"][6:]))
    return digits["mobile"] or digits["short"]


def _serial_day(text: str, epoch: datetime) -> date | None:
    if not re.fullmatch(r"\d{5}(?:\.0+)?", text) or int(float(text)) not in _SERIAL:
        return None
    found = from_excel(int(float(text)), epoch)
    return found.date() if isinstance(found, datetime) else None


def _written_day(text: str) -> date | None:
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    year, month, day = (int(group) for group in match.groups() if group)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _clock(hour: int, minute: int) -> str:
    half = 30
    if minute == half:
        return f"{hour}点半"
    return f"{hour}点{minute}分" if minute else f"{hour}点"

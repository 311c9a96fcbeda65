"""One row of a directory spreadsheet: a local place, read cell by cell; every mistake is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TypeVar

from openpyxl.utils.datetime import WINDOWS_EPOCH
from pydantic import BaseModel, ConfigDict

from knowledge.cells import Cell, CellError, read_date, read_hours, read_phones, read_text
from knowledge.yamlfile import load_yaml

CATEGORIES = Path(__file__).parent / "directory.yaml"
# Each column and how many characters it may have.
COLUMNS = {
    "类别": 20,
    "名称": 40,
    "地区": 30,
    "地址": 60,
    "电话": 100,
    "开放时间": 60,
    "做什么": 80,
    "怎么去": 100,
    "别名": 100,
    "来源单位": 60,
    "来源标题": 100,
    "来源日期": 20,
    "有效期至": 20,
    "看到原文": 4,
}
REQUIRED = ("类别", "名称", "地区", "地址", "来源单位", "来源标题", "来源日期")
VALID_DAYS = 365  # how long a row holds that does not say until when

_LIST = re.compile(r"[、，,;；/|]+")
_LOCALITY = re.compile(r"[^省市县区州盟旗镇乡村]+(?:自治[区州县旗]|街道|[省市县区州盟旗镇乡村])$")
_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9]")
_YES_NO = {"": False, "否": False, "没有": False, "是": True, "看到": True}
_Value = TypeVar("_Value")


class Category(BaseModel):
    """A kind of place: what the column may say, how residents ask, where else to turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    also: tuple[str, ...] = ()
    asks: tuple[str, ...]
    sole: tuple[str, ...] = ()
    not_asks: tuple[str, ...]
    hours: str = "开放时间"
    seek_help: str


@dataclass(frozen=True)
class Problem:
    """What to mend, in which row and column, as people see them in the table."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"第{self.row}行 {self.column}：{self.message}"


class RowError(ValueError):
    """A row that cannot become a card; it says everything that is wrong in it."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("；".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Place:
    """A local place as its row tells it."""

    row: int
    category: Category
    name: str
    region: str
    address: str
    phones: tuple[str, ...]
    hours: str
    does: str
    way: str
    aliases: tuple[str, ...]
    issuer: str
    title: str
    day: date  # when the source said so
    until: date
    seen: bool  # whether somebody read the source itself

    @property
    def locality(self) -> str:
        """The last part of the region, as people say it: 示例县 of 示例省示例市示例县."""
        match = _LOCALITY.search(self.region)
        return match.group() if match else self.region


@cache
def load_categories() -> Mapping[str, Category]:
    """Categories by everything that the column 类别 may say."""
    found = [Category.model_validate(row) for row in load_yaml(CATEGORIES.read_text("utf-8"))]
    return {word: category for category in found for word in (category.name, *category.also)}


def read_place(
    number: int, row: Mapping[str, Cell], today: date, epoch: datetime = WINDOWS_EPOCH
) -> Place:
    """The place of a row of cells by column; raises RowError with all that is wrong."""
    reading = _Reading(number, row)
    text = {name: reading.take(name, read) or "" for name, read in _WORDS.items()}
    phones = reading.take("电话", read_phones) or ()
    day = reading.take("来源日期", lambda cell: read_date(cell, epoch))
    until = reading.take("有效期至", lambda cell: read_date(cell, epoch))
    category = load_categories().get(text["类别"])
    if text["类别"] and category is None:
        names = "、".join(dict.fromkeys(c.name for c in load_categories().values()))
        reading.wrong("类别", f"没有“{text['类别']}”这一类，从这些里选：{names}")
    if text["名称"] and not _WORD.search(text["名称"]):
        reading.wrong("名称", "没有字")
    if text["看到原文"] not in _YES_NO:
        reading.wrong("看到原文", "只写“是”或“否”")
    until = _until(reading, day, until, today)
    if reading.problems or category is None or day is None or until is None:
        raise RowError(reading.problems)
    return Place(
        row=number,
        category=category,
        name=text["名称"],
        region=text["地区"],
        address=text["地址"],
        phones=phones,
        hours=text["开放时间"],
        does=text["做什么"],
        way=text["怎么去"],
        aliases=tuple(dict.fromkeys(a for a in _LIST.split(text["别名"]) if _WORD.search(a))),
        issuer=text["来源单位"],
        title=text["来源标题"],
        day=day,
        until=until,
        seen=_YES_NO[text["看到原文"]],
    )


class _Reading:
    """A row being read: the cells, and what was found wrong so far."""

    def __init__(self, number: int, row: Mapping[str, Cell]) -> None:
        self._number = number
        self._row = row
        self.problems: list[Problem] = []

    def wrong(self, column: str, message: str) -> None:
        if all(problem.column != column for problem in self.problems):
            self.problems.append(Problem(self._number, column, message))

    def take(self, column: str, read: Callable[[Cell], _Value]) -> _Value | None:
        try:
            value = read(self._row.get(column))
        except CellError as error:
            self.wrong(column, str(error))
            return None
        if column in REQUIRED and not value:
            self.wrong(column, "没有填")
        if isinstance(value, str) and len(value) > COLUMNS[column]:
            self.wrong(column, f"太长（{len(value)}字），最多{COLUMNS[column]}字")
        return value


def _lines(cell: Cell) -> str:
    return _unstopped(read_text(cell, newline="；"))


def _unstopped(text: str) -> str:
    return text.rstrip("。；，、,;. ")


# How to read the columns that hold words.
_WORDS: Mapping[str, Callable[[Cell], str]] = {
    "类别": read_text,
    "名称": read_text,
    "地区": read_text,
    "地址": lambda cell: _unstopped(read_text(cell)),
    "开放时间": lambda cell: _unstopped(read_hours(cell)),
    "做什么": _lines,
    "怎么去": _lines,
    "别名": lambda cell: read_text(cell, newline="、"),
    "来源单位": read_text,
    "来源标题": read_text,
    "看到原文": read_text,
}


def _until(reading: _Reading, day: date | None, until: date | None, today: date) -> date | None:
    if day is None:
        return until
    if day > today:
        reading.wrong("来源日期", f"{day}还没到")
    if until is None:
        until = day + timedelta(VALID_DAYS)
        if until < today:
            reading.wrong("来源日期", "是一年以前的了，打电话核对一遍，写上核对的日子")
    elif until < today:
        reading.wrong("有效期至", f"{until}已经过了，核对一遍，写上新的日子")
    elif until < day:
        reading.wrong("有效期至", f"比来源日期{day}还早")
    return until

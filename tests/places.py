"""Local places as rows of a spreadsheet. Their numbers cannot exist: none begins with 0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

import knowledge
from knowledge.card import Card
from knowledge.directory import Imported, import_places
from knowledge.place import COLUMNS
from knowledge.spreadsheet import Sheet

TODAY = date(2026, 11, 25)
EXAMPLE = Path(knowledge.__file__).parent / "examples" / "directory.csv"
HOSPITAL = {
    "类别": "医院",
    "名称": "甲县人民医院",
    "地区": "乙省丙市甲县",
    "地址": "甲县东街1号",
    "电话": "0571-0000001",
    "开放时间": "8:00-17:30",
    "做什么": "看病、体检",
    "怎么去": "坐1路车",
    "别名": "县医院",
    "来源单位": "甲县卫生健康局",
    "来源标题": "医疗机构名单",
    "来源日期": "2026-11-01",
    "有效期至": "2027-10-31",
    "看到原文": "是",
}
STATION = {
    **HOSPITAL,
    "类别": "农技站",
    "名称": "甲县农业技术推广站",
    "地址": "甲县西街2号",
    "电话": "0571-0000002",
    "别名": "",
}


def sheet_of(
    *rows: dict[str, Any],
    columns: tuple[str, ...] = tuple(COLUMNS),
    name: str = "",
    first: int = 2,
) -> Sheet:
    """Rows as a sheet; the header stands above row `first`."""
    body = tuple(
        (n, tuple(row.get(column) for column in columns)) for n, row in enumerate(rows, first)
    )
    return Sheet(name, ((first - 1, columns), *body))


def imported(*rows: dict[str, Any]) -> Imported:
    """What the import makes of these rows."""
    return import_places([sheet_of(*rows)], TODAY)


def card_of(**changes: Any) -> Card:
    """The hospital's card, with any cell changed."""
    found = imported({**HOSPITAL, **changes})
    assert [str(problem) for problem in found.problems] == []
    return found.cards[0]


def save_workbook(
    path: Path,
    *rows: dict[str, Any],
    change: Callable[[Worksheet], None] = lambda _: None,
) -> Path:
    """Rows below a header in a real .xlsx file; `change` is what else a person did to the sheet."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([row.get(column) for column in COLUMNS])
    change(sheet)
    book.save(path)
    return path

"""A spreadsheet file (.xlsx or .csv) as rows of cells: the edge where files are read.

Files come from strangers' computers, so sizes are checked before anything is unpacked, macros are
refused, and whatever a broken file makes the reader raise becomes one plain sentence.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils.cell import column_index_from_string as column_number
from openpyxl.utils.cell import coordinate_from_string
from openpyxl.utils.datetime import WINDOWS_EPOCH

from knowledge.cells import Cell

FILE_BYTES = 10_000_000
UNPACKED_BYTES = 30_000_000
ROWS = 5_000
COLUMNS = 60
ENCODINGS = ("utf-8-sig", "gb18030")

_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")  # the old .xls, and any file with a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_MACROS = "xl/vbaProject.bin"
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}\d{1,7}):([A-Z]{1,3}\d{1,7})"')
_SAVE_AS = "用表格软件打开，另存为 .xlsx 再试"


class SpreadsheetError(ValueError):
    """A file that cannot be used as a table; the message says in Chinese what to do."""


@dataclass(frozen=True)
class Sheet:
    """One sheet: rows that are not blank, with their numbers as people see them, from 1."""

    name: str
    rows: tuple[tuple[int, tuple[Cell, ...]], ...]
    epoch: datetime = WINDOWS_EPOCH


def read_sheets(path: Path) -> tuple[Sheet, ...]:
    """The visible sheets of a file; raises SpreadsheetError, or OSError when it is not there."""
    if path.stat().st_size > FILE_BYTES:
        raise SpreadsheetError(f"文件太大，最多{FILE_BYTES // 1_000_000}兆；只留表格，图片删掉")
    raw = path.read_bytes()
    if not raw.strip():
        raise SpreadsheetError("文件是空的")
    if raw.startswith(_OLE):
        if _ENCRYPTED in raw:
            raise SpreadsheetError("文件加了密码，去掉密码，另存一份再试")
        raise SpreadsheetError(f"这是老的 .xls 格式，{_SAVE_AS}")
    return _read_workbook(raw) if raw.startswith(_ZIP) else (_read_csv(raw),)


def _read_workbook(raw: bytes) -> tuple[Sheet, ...]:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _check_parts(archive)
            return tuple(_sheets_of(raw, archive))
    except SpreadsheetError:
        raise
    except Exception as error:  # a broken file makes zipfile and openpyxl raise anything
        raise SpreadsheetError(f"文件坏了，打不开；{_SAVE_AS}") from error


def _check_parts(archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    if _MACROS in names:
        raise SpreadsheetError("文件里有宏（小程序），不收；另存为不带宏的 .xlsx 再试")
    if "xl/workbook.xml" not in names:
        raise SpreadsheetError(f"这不是表格文件；{_SAVE_AS}")
    # zipfile never unpacks more of a part than is stated here.
    if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES:
        raise SpreadsheetError("表格展开以后太大；只留要导入的一张表，图片和空行删掉")


def _sheets_of(raw: bytes, archive: zipfile.ZipFile) -> Iterator[Sheet]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl does not keep
        # Values as last computed; the whole workbook in memory would let a merged range fill it.
        book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()  # what a file says of its own size may be wrong
                rows = _not_blank(_values(sheet))
                merged = _merged_ranges(archive, sheet)
                yield Sheet(sheet.title, _fill_down(rows, merged), book.epoch)
        book.close()


def _values(sheet: Any) -> Iterator[tuple[Cell, ...]]:
    yield from sheet.iter_rows(max_col=COLUMNS, values_only=True)


def _read_csv(raw: bytes) -> Sheet:
    text = _decoded(raw)
    heads = text.splitlines()[:20]
    delimiter = max(",\t;", key=lambda mark: sum(head.count(mark) for head in heads))
    try:
        rows = _not_blank(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise SpreadsheetError(f"CSV 写坏了（多半是引号没成对）；{_SAVE_AS}") from error
    return Sheet("", rows)


def _decoded(raw: bytes) -> str:
    if raw.startswith(_UTF16):
        raise SpreadsheetError("文字编码不对，另存为“CSV UTF-8”或 .xlsx 再试")
    for encoding in ENCODINGS:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise SpreadsheetError("看不懂这个文件，只认 .xlsx 和 .csv")


def _not_blank(rows: Iterable[Iterable[Cell]]) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    kept = []
    for number, row in enumerate(rows, 1):
        cells = tuple(row)[:COLUMNS]
        if any(cell is not None and str(cell).strip() for cell in cells):
            kept.append((number, cells))
            if len(kept) > ROWS:
                raise SpreadsheetError(f"行太多，一次最多{ROWS}行；分成几个文件")
    return tuple(kept)


def _merged_ranges(archive: zipfile.ZipFile, sheet: Any) -> list[tuple[int, int, int]]:
    """(column from 0, first row, last row) of each range merged downwards."""
    part = archive.read(sheet._worksheet_path)  # read-only sheets do not tell what is merged
    ranges = []
    for first, last in _MERGED.findall(part):
        letters, top = coordinate_from_string(first.decode())
        _, bottom = coordinate_from_string(last.decode())
        if bottom > top and (column := column_number(letters)) <= COLUMNS:
            ranges.append((column - 1, top, bottom))
    return ranges


def _fill_down(
    rows: tuple[tuple[int, tuple[Cell, ...]], ...], merged: list[tuple[int, int, int]]
) -> tuple[tuple[int, tuple[Cell, ...]], ...]:
    """Give every row of a range merged downwards the value that people see beside it."""
    by_number = {number: list(cells) for number, cells in rows}
    for column, top, bottom in merged[:ROWS]:
        value = (
            by_number[top][column] if top in by_number and column < len(by_number[top]) else None
        )
        for number in range(top + 1, min(bottom, top + ROWS) + 1):
            if number in by_number and column < len(by_number[number]):
                by_number[number][column] = value
    return tuple((number, tuple(cells)) for number, cells in by_number.items())

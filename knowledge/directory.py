"""A spreadsheet of local places -> directory cards: where the county hospital is, and its number.

First row: 县区, 类别, 名称, 地址, 电话, 开放时间, 能办什么, 怎么去, 核对日期, 核对人, in any
order. 类别 is a name in directory.toml: 医院, 农技站, 派出所, 博物馆, 科普基地, 科技小院,
科普活动站, 课程. 核对人 is the body that checked the row: residents see it as the source.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pypinyin import lazy_pinyin

from knowledge.card import Card, CardKind, Evidence, Line, NotAsk, Source
from knowledge.cardfile import CardFileError
from knowledge.hotline import load_hotlines
from knowledge.lint import ANSWER_CHARACTERS, lint_card

TEMPLATES = Path(__file__).parent / "directory.toml"
EXAMPLE = Path(__file__).parent / "example_directory.csv"
EXAMPLE_WORD = "示例"  # a county or place whose name starts so is invented
EXAMPLE_MARK = "（示例，不是真的）"
# An example is never in force, so that no way of publishing it can show it to a resident.
EXAMPLE_UNTIL = date(2000, 1, 1)
TABLE_BYTES = 5 * 1024 * 1024
UNPACKED_BYTES = 50 * 1024 * 1024  # an .xlsx is a zip: a small one may hold gigabytes
TABLE_ROWS = 2000
YEAR = timedelta(days=365)
PLACES = 20  # on one card: more is not read to the end
WHOLE_LINES = 3  # up to so many places, what each is for and the way there are said too
SHOWN_PROBLEMS = 20
MACROS = "带宏的表格不收，另存为 .xlsx 再导入"
BROKEN_CELLS = {"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"}
SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")

_PHONE = re.compile(r"0\d{2,3}-?\d{7,8}(?:-\d{1,6})?|1[3-9]\d{9}|[48]00-?\d{3,4}-?\d{3,4}|\d{7,8}")
_AREA = re.compile(r"\((0\d{2,3})\)[ -]*(?=\d)|(?<!\d)(0\d{2,3})[ ]+(?=\d)")
_PHONE_GAP = re.compile(r"[、，,;；/\s]+")
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00(?::00)?)?")
_DASH = re.compile(r" ?[-‐‑–—−转] ?")  # 转802 is an extension
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]+")
_SUFFIX = re.compile(r"(?<=..)[县区市旗]$")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a table; `row` counts as Excel does, 0 when no single row is to blame."""

    row: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"第{self.row}行" if self.row else ""
        where += f"“{self.column}”" if self.column else ""
        return f"{where}：{self.message}" if where else self.message


class DirectoryError(CardFileError):
    """A table that cannot become cards, or cards that may not be published; every problem of it."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        lines = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
        if len(problems) > SHOWN_PROBLEMS:
            lines.append(f"……一共{len(problems)}处")
        super().__init__(name, "\n".join(lines))
        self.problems = tuple(problems)


def _cell(most: int, least: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most)


class DirectoryRow(BaseModel):
    """One place, as its row in the table says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int  # of the row, as Excel counts
    county: Annotated[str, _cell(20)] = Field(alias="县区")
    category: Annotated[str, _cell(20)] = Field(alias="类别")
    name: Annotated[str, _cell(30)] = Field(alias="名称")
    address: Annotated[str, _cell(50)] = Field(alias="地址")
    phone: Annotated[str, _cell(40, least=0)] = Field(alias="电话")
    hours: Annotated[str, _cell(40, least=0)] = Field(alias="开放时间")
    use: Annotated[str, _cell(50, least=0)] = Field(alias="能办什么")
    way: Annotated[str, _cell(50, least=0)] = Field(alias="怎么去")
    checked: date = Field(alias="核对日期")
    checker: Annotated[str, _cell(40)] = Field(alias="核对人")

    @field_validator("county")
    @classmethod
    def _county(cls, value: str) -> str:
        if not re.fullmatch(r"[\u3400-\u9fff]+", value):
            raise ValueError("只写汉字的县区名，如 示范县")
        return value

    @field_validator("category")
    @classmethod
    def _category(cls, value: str) -> str:
        names = load_categories()
        if value not in names:
            raise ValueError(f"没有“{value}”这一类，只能写：{'、'.join(names)}")
        return value

    @field_validator("phone")
    @classmethod
    def _phone(cls, value: str) -> str:
        plain = _AREA.sub(r"\1\2-", _DASH.sub("-", unicodedata.normalize("NFKC", value)))
        numbers = [number for number in _PHONE_GAP.split(plain) if number]
        for number in numbers:
            if not _PHONE.fullmatch(number) and number not in load_hotlines():
                raise ValueError(
                    f"看不懂电话“{number}”，写成 区号-号码；开头的0丢了就把这一列设成文本再填"
                )
        return "、".join(numbers)

    @field_validator("checked", mode="before")
    @classmethod
    def _checked(cls, value: str) -> date:
        match = _DATE.fullmatch(unicodedata.normalize("NFKC", value))
        if not value or not match:
            raise ValueError("写成 2026-11-01 这样的日期")
        try:
            return date(*map(int, match.groups()))
        except ValueError:
            raise ValueError(f"没有{value}这一天") from None

    @property
    def example(self) -> bool:
        """Whether the row is invented, to show how a table is filled in."""
        named = self.county.startswith(EXAMPLE_WORD) or self.name.startswith(EXAMPLE_WORD)
        return named or any(EXAMPLE_MARK in str(value) for value in self.model_dump().values())


COLUMNS = tuple(field.alias for field in DirectoryRow.model_fields.values() if field.alias)


class Category(BaseModel):
    """The words around one 类别; see directory.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    slug: str
    name: Line
    unit: Line
    title: Line
    asks: tuple[Line, ...] = Field(min_length=8)
    place_ask: Line
    not_asks: tuple[Line, ...] = Field(min_length=2)
    seek_help: Line


@cache
def load_categories(path: Path = TEMPLATES) -> dict[str, Category]:
    """Every 类别 by its name; read once."""
    sections = tomllib.loads(path.read_text("utf-8")).items()
    found = (Category(slug=slug, **section) for slug, section in sections)
    return {category.name: category for category in found}


def read_directory(path: Path, today: date) -> tuple[DirectoryRow, ...]:
    """Read a table's rows; raises DirectoryError with every problem, by row and column."""
    cells = _read_cells(path)
    header = cells[0] if cells else []
    problems = list(_header_problems(header))
    if problems:
        raise DirectoryError(path.name, problems)
    rows: list[DirectoryRow] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(cells[1:], 2):
        if any(line):
            row, found = _row(number, header, line, today)
            problems += found
            rows += [row] if row else []
            first = seen.setdefault((row.county, row.category, row.name), number) if row else number
            if first != number:
                problems.append(Problem(number, "名称", f"和第{first}行重复"))
    if not rows and not problems:
        problems = [Problem(0, "", "表里只有列名，没有内容")]
    if problems:
        raise DirectoryError(path.name, sorted(problems, key=lambda p: p.row))
    return tuple(rows)


def make_cards(
    rows: Iterable[DirectoryRow], slugs: Mapping[str, str] | None = None, name: str = "表格"
) -> list[Card]:
    """One card for each 县区 and 类别, in the table's order; raises DirectoryError.

    `slugs` names counties in keys where their pinyin will not do: two may sound alike.
    """
    groups: dict[tuple[str, str], list[DirectoryRow]] = defaultdict(list)
    for row in rows:
        groups[row.county, row.category].append(row)
    problems = []
    for (county, category), group in groups.items():
        if len(group) > PLACES:
            message = f"{county}的{category}多于{PLACES}处，按乡镇分开写县区"
            problems.append(Problem(group[PLACES].number, "类别", message))
    slug_of: dict[str, str] = {}
    for county in dict.fromkeys(county for county, _ in groups):
        slug = (slugs or {}).get(county) or "".join(lazy_pinyin(county, errors="ignore"))
        if not SLUG.fullmatch(slug) or slug in slug_of.values():
            message = f"{county}的键名 {slug} 用不了或和别的县区一样，用 --slug {county}=拼音 另起"
            problems.append(Problem(0, "县区", message))
        slug_of[county] = slug
    if problems:
        raise DirectoryError(name, problems)
    return [_card(slug_of[county], group) for (county, _), group in groups.items()]


def is_example(card: Card) -> bool:
    """Whether a card came from rows that are invented."""
    named = any(region.startswith(EXAMPLE_WORD) for region in card.regions)
    return card.kind is CardKind.DIRECTORY and (named or card.valid_until == EXAMPLE_UNTIL)


def publishing_problems(cards: Iterable[Card], today: date) -> list[Problem]:
    """Why these cards may not be published yet; empty when they may."""
    found = []
    for card in cards:
        if is_example(card):
            found.append(Problem(0, "", f"{card.key} 是示例，不是真的，不能发布"))
        elif today > card.review_due:
            found.append(Problem(0, "", f"{card.key} 核对满一年了，重新核对再发布"))
        found += [Problem(0, "", str(finding)) for finding in lint_card(card)]
    return found


def _read_cells(path: Path) -> list[list[str]]:
    """Every row as plain text, blank ones too, so that places in the list are row numbers."""
    kind = path.suffix.lower()
    if kind == ".xlsm":
        raise _unreadable(path, MACROS)
    if kind not in {".xlsx", ".csv"}:
        raise _unreadable(path, "只收 .xlsx 和 .csv，另存为其中一种再导入")
    if path.stat().st_size > TABLE_BYTES:
        raise _unreadable(path, "超过5MB，分成几个表再导入")
    data = path.read_bytes()
    lines = _csv_rows(path, data) if kind == ".csv" else _xlsx_rows(path, data)
    found = [[_SPACE.sub(" ", _text(value)).strip() for value in line] for line in lines]
    if sum(map(any, found)) > TABLE_ROWS + 1:
        raise _unreadable(path, f"多于{TABLE_ROWS}行，分成几个表再导入")
    return found


def _csv_rows(path: Path, data: bytes) -> Sequence[Sequence[object]]:
    for encoding in ("utf-8-sig", "gb18030"):  # GB18030 reads all that Excel's GBK writes
        try:
            text = io.StringIO(data.decode(encoding), newline="")
            return list(csv.reader(text, strict=True))
        except UnicodeDecodeError:
            continue
        except csv.Error as error:
            raise _unreadable(path, f"CSV 的引号或逗号不对（{error}）") from error
    raise _unreadable(path, "不是 UTF-8 或 GBK 的文字，用 Excel 另存为 .xlsx 再导入")


def _xlsx_rows(path: Path, data: bytes) -> Sequence[Sequence[object]]:
    from openpyxl import load_workbook  # noqa: PLC0415 - every other command does without it

    refused = "解开后太大，只留下要导入的那张表"
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
        if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
            refused = MACROS
        elif sum(part.file_size for part in parts) <= UNPACKED_BYTES:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # openpyxl remarks, in English, on styles
                book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
                return list(book.worksheets[0].iter_rows(values_only=True))
    except Exception as error:  # a broken workbook raises whatever openpyxl tripped over
        raise _unreadable(path, "打不开，不是完好的 .xlsx（也可能加了密码）") from error
    raise _unreadable(path, refused)


def _text(value: object) -> str:
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _unreadable(path: Path, message: str) -> DirectoryError:
    return DirectoryError(path.name, [Problem(0, "", message)])


def _header_problems(header: Sequence[str]) -> Iterable[Problem]:
    for column in COLUMNS:
        if column not in header:
            yield Problem(1, column, f"第一行要有这一列；要有的列：{'、'.join(COLUMNS)}")
    for column in dict.fromkeys(filter(None, header)):
        if column not in COLUMNS:
            yield Problem(1, column, "不认识这一列，删掉它再导入")
        elif header.count(column) > 1:
            yield Problem(1, column, "这一列写了两次")


def _row(
    number: int, header: Sequence[str], line: Sequence[str], today: date
) -> tuple[DirectoryRow | None, list[Problem]]:
    width = len(header)
    values: dict[str, Any] = dict(zip(header, [*line, *[""] * width], strict=False))
    unnamed = [value for i, value in enumerate(line) if value and (i >= width or not header[i])]
    if unnamed:
        return None, [Problem(number, "", f"“{unnamed[0][:20]}”上面没有列名")]
    values.pop("", None)
    broken = [column for column, value in values.items() if value in BROKEN_CELLS]
    if broken:
        return None, [Problem(number, column, "单元格里是错误值，重新填") for column in broken]
    try:
        row = DirectoryRow.model_validate({**values, "number": number})
    except ValidationError as error:
        return None, [Problem(number, str(e["loc"][0]), _message(e)) for e in error.errors()]
    if row.checked > today:
        return None, [Problem(number, "核对日期", f"{row.checked}还没到")]
    return row, []


def _message(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_too_short":
        return "不能空着"
    if kind == "string_too_long":
        return f"太长了，最多{context['max_length']}字"
    return str(context.get("error", error["msg"]))


def _card(slug: str, rows: Sequence[DirectoryRow]) -> Card:
    county, category = rows[0].county, load_categories()[rows[0].category]
    places = {"县区": county, "短名": _SUFFIX.sub("", county)}
    asks = [ask.format_map(places) for ask in category.asks]
    asks += [category.place_ask.format_map({"名称": row.name}) for row in rows]
    reviewed = min(row.checked for row in rows)
    total = f"{county}登记的{category.name}共{len(rows)}{category.unit}"
    checkers = dict.fromkeys(row.checker for row in rows)
    sources = []
    for checker in checkers:
        theirs = [row for row in rows if row.checker == checker]
        source = Source(
            issuer=checker,
            title=f"{county}{category.name}名录（逐条核对）",
            edition=min(row.checked for row in theirs).isoformat(),
            evidence=Evidence.PRIMARY,
            supports=(total, *(_line(row, whole=True) for row in theirs)),
        )
        sources.append(source)
    return Card(
        key=f"directory.{slug}.{category.slug}",
        kind=CardKind.DIRECTORY,
        title=category.title.format_map(places),
        regions=(county,),
        asks=tuple(dict.fromkeys(asks)),
        not_asks=tuple(NotAsk(ask=ask.format_map(places)) for ask in category.not_asks),
        answer=_answer(rows, total),
        steps=tuple(_line(row, whole=len(rows) <= WHOLE_LINES) for row in rows),
        seek_help=category.seek_help,
        sources=tuple(sources),
        valid_until=EXAMPLE_UNTIL if any(row.example for row in rows) else None,
        reviewed=reviewed,
        review_due=reviewed + YEAR,
        owner="、".join(checkers),
        details="\n".join(f"- {_line(row, whole=True)}" for row in rows),
    )


def _line(row: DirectoryRow, whole: bool) -> str:
    parts = [row.address, f"电话{row.phone}" if row.phone else "电话没有登记"]
    parts.append(f"开放时间{row.hours}" if row.hours else "开放时间没有登记")
    if whole:
        parts += [f"能办{row.use}"] if row.use else []
        parts += [f"怎么去：{row.way}"] if row.way else []
    return f"{row.name}：{'；'.join(part.rstrip('。；') for part in parts)}。"


def _answer(rows: Sequence[DirectoryRow], total: str) -> str:
    first, names = rows[0], [row.name for row in rows]
    if len(rows) == 1:
        place = f"{first.name}在{first.address.rstrip('。')}"
        phone = f"{place}，电话{first.phone}" if first.phone else place
        hours = f"{phone}，开放时间{first.hours.rstrip('。')}" if first.hours else phone
        fitting = [f"{hours}。", f"{phone}。", f"{place}。"]
    else:
        fewer = ("、".join(names[:count]) + "等" for count in range(len(names) - 1, 0, -1))
        told = ["、".join(names), *fewer]
        fitting = [f"{total}：{some}。地址电话看下面，去之前先打电话问一声。" for some in told]
    return next(text for text in fitting if len(text) <= ANSWER_CHARACTERS)

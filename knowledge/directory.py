"""Local places from a spreadsheet: each row becomes a directory card, or says what to mend in it.

A row is one place. Its key comes from its region and name alone, so importing the same file again
changes nothing, and a new phone number is a new revision of the same card. What residents are told
is what the row says: no number, address or hour comes from anywhere else.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pypinyin import lazy_pinyin

from knowledge.card import Card, CardKind, Evidence, NotAsk, Source
from knowledge.cells import Cell
from knowledge.lint import ANSWER_CHARACTERS, fold, lint_card
from knowledge.place import COLUMNS, REQUIRED, Place, Problem, RowError, read_place
from knowledge.spreadsheet import Sheet, SpreadsheetError

HEADER_ROWS = 10  # a title and some notes may stand above the header
HEADER_MATCHES = 3
REVIEW_DAYS_BEFORE_END = 30
SLUG_CHARACTERS = 40

_HEADER_NOISE = re.compile(r"[*＊:：\s]|[（(].*?[）)]")
_BRACKETED = re.compile(r"[（(\[【].*?[）)\]】]")
_BRACKET = re.compile(r"[（()）\[\]【】]")


@dataclass(frozen=True)
class Imported:
    """What a file gave: a card for each good row, and what to mend in the others."""

    cards: tuple[Card, ...]
    problems: tuple[Problem, ...]
    unused: tuple[str, ...]  # columns that nothing was taken from


def import_places(sheets: Sequence[Sheet], today: date) -> Imported:
    """The directory cards of a file; raises SpreadsheetError when it has no usable header."""
    sheet, header_row, columns, unused = _find_table(sheets)
    places, problems = _read_places(sheet, header_row, columns, today)
    places, clashes = _without_clashes(places)
    cards, refused = [], []
    for place, card in zip(places, _cards_of(places), strict=True):
        if len(card.answer) > ANSWER_CHARACTERS:
            said = f"名称、地址、电话合起来最多{ANSWER_CHARACTERS}字，要能一口气读完"
            refused.append(Problem(place.row, "地址", said))
            continue
        found = [finding for finding in lint_card(card) if finding.part != "example"]
        refused += [Problem(place.row, "卡片", finding.message) for finding in found]
        cards += [] if found else [card]
    everything = sorted([*problems, *clashes, *refused], key=lambda problem: problem.row)
    return Imported(tuple(cards), tuple(everything), unused)


def _find_table(
    sheets: Sequence[Sheet],
) -> tuple[Sheet, int, Mapping[str, int], tuple[str, ...]]:
    """The one sheet with a header: (sheet, row of the header, column of each name, unused)."""
    found = [
        (sheet, number, [_header(cell) for cell in cells])
        for sheet in sheets
        for number, cells in sheet.rows[:HEADER_ROWS]
        if len(set(COLUMNS) & {_header(cell) for cell in cells}) >= HEADER_MATCHES
    ]
    if not found:
        raise SpreadsheetError(f"没有找到表头。第一行写上这些列：{'、'.join(COLUMNS)}")
    if len({sheet.name for sheet, _, _ in found}) > 1:
        names = "、".join(dict.fromkeys(sheet.name for sheet, _, _ in found))
        raise SpreadsheetError(f"有几张表都有表头（{names}），一次只导入一张，分成几个文件")
    sheet, number, header = found[0]
    if missing := [name for name in REQUIRED if name not in header]:
        raise SpreadsheetError(f"第{number}行表头缺：{'、'.join(missing)}")
    if twice := [name for name in COLUMNS if header.count(name) > 1]:
        raise SpreadsheetError(f"第{number}行表头写了两遍：{'、'.join(twice)}")
    columns = {name: header.index(name) for name in COLUMNS if name in header}
    return sheet, number, columns, tuple(n for n in header if n and n not in COLUMNS)


def _header(cell: Cell) -> str:
    return _HEADER_NOISE.sub("", cell) if isinstance(cell, str) else ""


def _read_places(
    sheet: Sheet, header_row: int, columns: Mapping[str, int], today: date
) -> tuple[list[Place], list[Problem]]:
    places: list[Place] = []
    problems: list[Problem] = []
    for number, cells in sheet.rows:
        if number <= header_row:
            continue
        row = {name: cells[i] for name, i in columns.items() if i < len(cells)}
        try:
            places.append(read_place(number, row, today, sheet.epoch))
        except RowError as error:
            problems += error.problems
    return places, problems


def _without_clashes(places: Iterable[Place]) -> tuple[list[Place], list[Problem]]:
    """The places without those that another row already is, or whose nickname it already has."""
    kept: list[Place] = []
    problems: list[Problem] = []
    keys: dict[str, int] = {}
    nicknames: dict[str, int] = {}
    for place in places:
        if (first := keys.setdefault(_key(place), place.row)) != place.row:
            said = f"和第{first}行是同一家（地区和名称一样），合成一行"
            problems.append(Problem(place.row, "名称", said))
            continue
        held = {a: nicknames[fold(a)] for a in place.aliases if fold(a) in nicknames}
        if held:
            said = "；".join(f"“{a}”第{row}行已经用了，只能归一家" for a, row in held.items())
            problems.append(Problem(place.row, "别名", said))
            continue
        nicknames.update({fold(alias): place.row for alias in place.aliases})
        kept.append(place)
    return kept, problems


def _cards_of(places: Sequence[Place]) -> list[Card]:
    counts = Counter(name for place in places for name in {fold(n) for n in _names(place)})
    kinds = Counter((place.region, place.category.name) for place in places)
    asks = {
        place.row: list(_asks(place, _called(place, counts), kinds[_kind(place)] == 1))
        for place in places
    }
    claims = Counter(ask for mine in asks.values() for ask in {fold(ask) for ask in mine})
    return [
        _card(place, [ask for ask in asks[place.row] if claims[fold(ask)] == 1 or ask == first])
        for place in places
        for first in asks[place.row][:1]
    ]


def _kind(place: Place) -> tuple[str, str]:
    return place.region, place.category.name


def _names(place: Place) -> Iterator[str]:
    """What a place may be called, the most usual first, the most exact last; then nicknames."""
    said = _BRACKETED.sub("", place.name) or place.name
    flat = _BRACKET.sub("", place.name)
    for name in (said, flat):
        if place.locality not in name:
            yield f"{place.locality}{name}"
        yield name
        yield f"{place.region}{name}"
    short = said.removeprefix(place.region).removeprefix(place.locality)
    if len(short) > 2:  # noqa: PLR2004 - "医院" alone is no name
        yield short
    yield from place.aliases


def _called(place: Place, counts: Mapping[str, int]) -> list[str]:
    """The names that only this place has; the first one is clear even by itself."""
    own = [name for name in dict.fromkeys(_names(place)) if counts[fold(name)] == 1]
    own = own or [f"{place.region}{_BRACKET.sub('', place.name)}"]
    said = _BRACKETED.sub("", place.name) or place.name
    wanted = {own[0], said, said.removeprefix(place.region).removeprefix(place.locality)}
    return [name for name in own if name in wanted or name in place.aliases]


def _asks(place: Place, called: Sequence[str], sole: bool) -> Iterator[str]:
    first = called[0]
    yield f"{first}在哪里" + ("，电话多少" if place.phones else "")
    for name in called:
        yield f"{name}在哪"
        if place.phones:
            yield f"{name}电话是多少"
        if name == first:
            yield f"{name}怎么走"
            yield f"{name}的地址"
            if place.hours:
                yield f"{name}几点有人"
    blanks = {"name": first, "place": place.locality}
    patterns = place.category.asks + (place.category.sole if sole else ())
    yield from (pattern.format(**blanks) for pattern in patterns)


def _card(place: Place, asks: Iterable[str]) -> Card:
    answer, details = _said(place)
    blanks = {"name": _BRACKETED.sub("", place.name) or place.name, "place": place.locality}
    return Card(
        key=_key(place),
        kind=CardKind.DIRECTORY,
        title=f"{_full_name(place)}在哪、怎么联系",
        regions=(place.region,),
        asks=tuple({fold(ask): ask for ask in asks}.values()),
        not_asks=tuple(NotAsk(ask=ask.format(**blanks)) for ask in place.category.not_asks),
        answer=answer,
        seek_help=place.category.seek_help,
        sources=(
            Source(
                issuer=place.issuer,
                title=place.title,
                edition=place.day.isoformat(),
                evidence=Evidence.PRIMARY if place.seen else Evidence.SECONDARY,
                supports=tuple(_facts(place)),
            ),
        ),
        valid_until=place.until,
        reviewed=place.day,
        review_due=max(place.day, place.until - timedelta(REVIEW_DAYS_BEFORE_END)),
        owner=place.issuer,
        details=details,
    )


def _said(place: Place) -> tuple[str, str]:
    """What is said in one breath, and the rest, a line each."""
    answer = f"{_full_name(place)}在{place.address}。"
    answer += (
        f"电话：{'、'.join(place.phones)}。"
        if place.phones
        else "没有登记电话，去之前打12345问一问。"
    )
    rest = []
    for label, text in ((place.category.hours, place.hours), ("做什么", place.does)):
        if text and len(answer) + len(label) + len(text) + 2 <= ANSWER_CHARACTERS:
            answer += f"{label}：{text}。"
        elif text:
            rest.append(f"{label}：{text}。")
    return answer, "\n".join([*rest, *([f"怎么去：{place.way}。"] if place.way else [])])


def _full_name(place: Place) -> str:
    known = place.locality in place.name or place.locality in place.address
    return place.name if known else f"{place.locality}{place.name}"


def _facts(place: Place) -> Iterator[str]:
    yield f"名称：{place.name}（{place.region}）"
    yield f"地址：{place.address}"
    for label, text in (
        ("电话", "、".join(place.phones)),
        (place.category.hours, place.hours),
        ("做什么", place.does),
        ("怎么去", place.way),
    ):
        if text:
            yield f"{label}：{text}"


def _key(place: Place) -> str:
    same = f"{fold(place.region)}\0{fold(place.name)}"
    digest = hashlib.blake2b(same.encode("utf-8"), digest_size=3).hexdigest()
    name = _BRACKETED.sub("", place.name).removeprefix(place.region)
    slug = "-".join(part for part in (_slug(name), digest) if part)
    return f"directory.{_slug(place.region) or digest}.{slug}"


def _slug(text: str) -> str:
    # Sound by sound: a whole phrase's sound depends on the dictionary, and a key may never change.
    sounds = "".join(lazy_pinyin(char)[0] for char in text)
    return re.sub(r"[^a-z0-9]", "", sounds.lower())[:SLUG_CHARACTERS]

"""docx and xlsx: zip files of XML, opened with care; macros are refused, images never looked at."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, ParseError

import openpyxl
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from knowledge.importing.blocks import (
    MOST_BLOCKS,
    Block,
    BlockKind,
    ImportFault,
    ImportFileError,
    block,
)

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MOST_ENTRIES = 2000
_MOST_BYTES = 300_000_000  # unpacked; a book of text has a few million
_MOST_RATIO = 200  # unpacked to packed, of one entry; text packs to a tenth
_RATIO_FROM_BYTES = 10_000_000
_MOST_ROWS = 3000
# What a spoiled zip, its streams and its XML raise; all of it is one thing to who brought it.
_BROKEN = (
    *(ParseError, DefusedXmlException, zipfile.BadZipFile, zlib.error),
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError),
)
_ZIP_MAGIC, _OLE_MAGIC = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"


def open_package(path: Path) -> zipfile.ZipFile:
    """A zip that is what it says; raises ImportFileError for bombs, macros and encryption."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic == _OLE_MAGIC:
        raise ImportFileError(ImportFault.ENCRYPTED)  # or a format of before 2007
    if magic != _ZIP_MAGIC:
        raise ImportFileError(ImportFault.BROKEN)
    try:
        package = zipfile.ZipFile(path)
        entries = package.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise ImportFileError(ImportFault.BROKEN) from error
    if any("vbaproject" in e.filename.lower() for e in entries):
        raise ImportFileError(ImportFault.MACROS)
    if any(e.flag_bits & 1 for e in entries):
        raise ImportFileError(ImportFault.ENCRYPTED)
    total = sum(e.file_size for e in entries)
    swollen = any(
        e.file_size > _RATIO_FROM_BYTES and e.file_size > _MOST_RATIO * max(e.compress_size, 1)
        for e in entries
    )
    if len(entries) > _MOST_ENTRIES or total > _MOST_BYTES or swollen:
        raise ImportFileError(ImportFault.BOMB)
    return package


def read_docx(path: Path) -> list[Block]:
    """Paragraphs of a Word file; styles and numbering tell headings and items."""
    with open_package(path) as package:
        try:
            with package.open("word/document.xml") as document:
                return _collect(_paragraphs(document))
        except KeyError as error:
            raise ImportFileError(ImportFault.BROKEN) from error
        except _BROKEN as error:
            raise ImportFileError(ImportFault.BROKEN) from error


def read_xlsx(path: Path) -> list[Block]:
    """A heading for each sheet, a paragraph for each row."""
    open_package(path).close()
    found: list[Block] = []
    try:
        with path.open("rb") as file:  # by its content: the path that we made has no suffix
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            for sheet in book.worksheets:
                rows = [
                    made
                    for row in sheet.iter_rows(max_row=_MOST_ROWS, values_only=True)
                    if (made := block(BlockKind.TEXT, _joined(row)))
                ]
                title = block(BlockKind.HEADING, sheet.title)
                if rows and title:
                    found += [title, *rows]
            book.close()
    except Exception as error:  # openpyxl raises of every kind for broken books
        raise ImportFileError(ImportFault.BROKEN) from error
    return found[:MOST_BLOCKS]


def _paragraphs(document: IO[bytes]) -> Iterator[Block | None]:
    for _, element in iterparse(document, events=("end",), forbid_dtd=True):
        if element.tag != f"{_W}p":
            continue
        text = "".join(_texts(element))
        style = element.find(f"{_W}pPr/{_W}pStyle")
        name = (style.get(f"{_W}val") or "").lower() if style is not None else ""
        numbered = element.find(f"{_W}pPr/{_W}numPr") is not None
        heading = name.startswith(("heading", "title", "标题")) or name.isdigit()
        kind = BlockKind.HEADING if heading else BlockKind.ITEM if numbered else BlockKind.TEXT
        yield block(kind, text)
        element.clear()


def _joined(row: Iterable[object]) -> str:
    return "｜".join(str(cell) for cell in row if cell is not None)


def _texts(paragraph: Element) -> Iterator[str]:
    for node in paragraph.iter():
        if node.tag == f"{_W}t" and node.text:
            yield node.text
        elif node.tag in {f"{_W}tab", f"{_W}br"}:
            yield " "


def _collect(found: Iterator[Block | None]) -> list[Block]:
    kept = []
    for one in found:
        if one:
            kept.append(one)
        if len(kept) >= MOST_BLOCKS:
            break
    return kept

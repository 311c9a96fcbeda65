"""pdf, html and plain text."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pypdf

from knowledge.importing.blocks import (
    MOST_BLOCKS,
    Block,
    BlockKind,
    ImportFault,
    ImportFileError,
    block,
    blocks_of_lines,
)

_MOST_PAGES = 300
_ENCODINGS = ("utf-8-sig", "gb18030")
_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "object"})
_BREAKS = frozenset(
    {
        *("p", "div", "section", "article", "li", "ul", "ol", "table", "tr", "td", "th", "br"),
        *("blockquote", "figure", "hr", "pre", "h1", "h2", "h3", "h4", "h5", "h6"),
    }
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def read_pdf(path: Path) -> list[Block]:
    """The text of a PDF, a paragraph a line; a scan has none, and says so."""
    with path.open("rb") as file:
        if b"%PDF" not in file.read(1024):
            raise ImportFileError(ImportFault.BROKEN)
    try:
        pages = _pages(path)
    except ImportFileError:
        raise
    except Exception as error:  # pypdf lets many kinds through for files made to break it
        raise ImportFileError(ImportFault.BROKEN) from error
    return blocks_of_lines("\n".join(pages))


def _pages(path: Path) -> list[str]:
    document = pypdf.PdfReader(path)
    if document.is_encrypted and not document.decrypt(""):
        raise ImportFileError(ImportFault.ENCRYPTED)
    return [page.extract_text() or "" for page in document.pages[:_MOST_PAGES]]


def read_html(path: Path) -> list[Block]:
    """What a browser would show as text; nothing is fetched and nothing is run."""
    parser = _Parser()
    try:
        parser.feed(read_text(path))
        parser.close()
    except (ValueError, AssertionError, RecursionError) as error:
        raise ImportFileError(ImportFault.BROKEN) from error
    parser.end_block()
    return parser.found[:MOST_BLOCKS]


def read_lines(path: Path) -> list[Block]:
    """Markdown, or an article that was pasted."""
    return blocks_of_lines(read_text(path))


def read_text(path: Path) -> str:
    """Text in UTF-8 or the Chinese national encoding; raises ImportFileError for anything else."""
    raw = path.read_bytes()
    if b"\x00" in raw[:4096]:
        raise ImportFileError(ImportFault.BROKEN)
    for encoding in _ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ImportFileError(ImportFault.BROKEN)


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Block] = []
        self._words: list[str] = []
        self._kind = BlockKind.TEXT
        self._skipping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs  # no address of an image or a link is followed
        if tag in _SKIPPED:
            self._skipping += 1
        elif tag in _BREAKS:
            self.end_block()
            if tag in _HEADINGS:
                self._kind = BlockKind.HEADING
            elif tag == "li":
                self._kind = BlockKind.ITEM

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipping = max(0, self._skipping - 1)
        elif tag in _BREAKS:
            self.end_block()

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self._words.append(data)

    def end_block(self) -> None:
        """What was gathered is one block."""
        made = block(self._kind, "".join(self._words))
        if made:
            self.found.append(made)
        self._words, self._kind = [], BlockKind.TEXT

"""Cutting long text where a person would pause: pure functions that every channel shares."""

from __future__ import annotations

from collections.abc import Callable

# Where to cut, best first: a paragraph, a line, the end of a sentence, a pause.
_BREAKS = ("\n\n", "\n", "。！？!?…", "；;，,、 ")


def utf8_bytes(text: str) -> int:
    """Length in UTF-8 bytes (WeChat counts these)."""
    return len(text.encode("utf-8", "surrogatepass"))


def utf16_units(text: str) -> int:
    """Length in UTF-16 code units (Telegram counts these)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split_text(text: str, limit: int, measure: Callable[[str], int] = utf8_bytes) -> list[str]:
    """Cut text into pages of at most `limit`, each ending at the latest good pause.

    No character is lost but white space at the cuts; a page is never empty.
    Raises ValueError when the limit cannot hold one character.
    """
    pages: list[str] = []
    rest = text.strip()
    while measure(rest) > limit:
        end = _longest_prefix(rest, limit, measure)
        cut = _pause_before(rest, end)
        pages.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    if rest:
        pages.append(rest)
    return [page for page in pages if page]


def _longest_prefix(text: str, limit: int, measure: Callable[[str], int]) -> int:
    low, high = 0, min(len(text), limit)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    if low == 0:
        raise ValueError("limit is smaller than one character")
    return low


def _pause_before(text: str, end: int) -> int:
    # A cut in the first half would waste the page, so weaker pauses are taken instead.
    for marks in _BREAKS:
        positions = (
            [text.rfind(marks, end // 2, end)]
            if "\n" in marks
            else [text.rfind(mark, end // 2, end) for mark in marks]
        )
        best = max(positions)
        if best >= 0:
            return best + (len(marks) if "\n" in marks else 1)
    return end

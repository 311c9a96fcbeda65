"""Blocks become draft cards: what can be read is taken, what cannot is left to be written.

Nothing is made up: a part that the file does not have holds a placeholder that lint refuses.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.card import Card, CardKind, Evidence, Source
from knowledge.importing.blocks import Block, BlockKind

MISSING = "待补"
DRAFT_DAYS = 180
MOST_DRAFTS = 60
MOST_ITEMS = 7
TITLE_CHARACTERS = 40
ANSWER_CHARACTERS = 120
_QUESTION = re.compile(r"[？?]$|怎么|如何|能不能|可不可以|要不要|是不是|什么|为何|哪些|多少|几")
_NEVER = re.compile(r"^(?:不要|切勿|禁止|严禁|不得|不能|不可|别|勿|切忌|请勿)")
_HELP = re.compile(r"(?:拨打|打|致电|联系|就医|医院|急诊).{0,12}|12\d{3}|1[12][0-9](?!\d)")
_URL = re.compile(r"https?://[^\s，。；）)》]+")
_DATE = re.compile(r"(20\d{2})\s*(?:年|-|/|\.)\s*(\d{1,2})\s*(?:月|-|/|\.)\s*(\d{1,2})\s*日?")
_ISSUER = re.compile(
    r"(?:来源|作者|发布(?:单位|机构)|编辑|供稿|出处)[:：]\s*([^\s，。；|｜]{2,30})"
)
_SENTENCE = re.compile(r"[^。！？!?]+[。！？!?]?")


@dataclass(frozen=True)
class FoundSource:
    """What a file says of where it comes from; "" for what it does not say."""

    issuer: str
    title: str
    edition: str
    url: str


@dataclass(frozen=True)
class DryRun:
    """What an import would make: shown first, and nothing lands without a click."""

    name: str
    drafts: tuple[Card, ...]
    passages: tuple[str, ...]
    source: FoundSource


def draft_cards(blocks: Sequence[Block], name: str, owner: str, today: date) -> DryRun:
    """One draft for each heading with something under it, or one for a text without headings."""
    source = find_source(blocks, name)
    sections = [s for s in _sections(blocks, source.title) if s[1]][:MOST_DRAFTS]
    drafts = tuple(
        _draft(title, under, source, owner, today, number)
        for number, (title, under) in enumerate(sections)
    )
    return DryRun(name, drafts, tuple(b.text for b in blocks), source)


def find_source(blocks: Sequence[Block], name: str) -> FoundSource:
    """Issuer, title, date and address, where the text has them."""
    text = "\n".join(block.text for block in blocks)
    heading = next((b.text for b in blocks if b.kind is BlockKind.HEADING), "")
    issuer, moment, url = _ISSUER.search(text), _DATE.search(text), _URL.search(text)
    edition = f"{moment[1]}-{int(moment[2]):02d}-{int(moment[3]):02d}" if moment else ""
    stem = re.sub(r"\.[A-Za-z0-9]{2,5}$", "", re.split(r"[\\/]", name)[-1])
    title = heading or stem or MISSING
    return FoundSource(
        issuer[1] if issuer else "", title[:TITLE_CHARACTERS], edition, url[0] if url else ""
    )


def _sections(blocks: Sequence[Block], title: str) -> list[tuple[str, list[Block]]]:
    sections: list[tuple[str, list[Block]]] = []
    for block in blocks:
        if block.kind is BlockKind.HEADING:
            sections.append((block.text, []))
        elif sections:
            sections[-1][1].append(block)
        else:
            sections.append((title, [block]))
    return sections


def _draft(
    heading: str, under: Sequence[Block], source: FoundSource, owner: str, today: date, number: int
) -> Card:
    title = re.sub(r"^[一二三四五六七八九十\d]{1,3}[、.．)）]\s*", "", heading)[:TITLE_CHARACTERS]
    items = [b.text for b in under if b.kind is BlockKind.ITEM]
    never = [text for text in items if _NEVER.match(text)][:MOST_ITEMS]
    steps = [text for text in items if text not in never][:MOST_ITEMS]
    prose = [b.text for b in under if b.kind is BlockKind.TEXT]
    sentences = [s.strip() for text in prose for s in _SENTENCE.findall(text) if s.strip()]
    asks = [title] if _QUESTION.search(title) else []
    asks += [s for s in sentences if s.endswith(("？", "?"))][:6]
    answer = _first_words(sentences)
    helps = [s for s in sentences if _HELP.search(s) and s not in answer]
    digest = hashlib.sha256(f"{title}\0{number}\0{source.title}".encode()).hexdigest()[:8]
    return Card(
        key=f"import.{digest}",
        kind=CardKind.ADVICE,
        title=title or MISSING,
        asks=tuple(dict.fromkeys(asks)) or (title or MISSING,),
        answer=answer or MISSING,
        steps=tuple(steps),
        never=tuple(never),
        seek_help=helps[0][:60] if helps else "",
        details="\n".join(prose)[:4000],
        sources=(
            Source(
                issuer=source.issuer or MISSING,
                title=source.title or MISSING,
                edition=source.edition,
                url=source.url,
                evidence=Evidence.UNSEEN,
                supports=(MISSING,),
            ),
        ),
        unverified=(f"导入的草稿，来源和每句话都要人核对（{MISSING}）",),
        reviewed=today,
        review_due=today + timedelta(days=DRAFT_DAYS),
        owner=owner,
    )


def _first_words(sentences: Sequence[str]) -> str:
    answer = ""
    for sentence in sentences:
        if sentence.endswith(("？", "?")) or len(answer) + len(sentence) > ANSWER_CHARACTERS:
            if answer:
                break
            continue
        answer += sentence
    return answer

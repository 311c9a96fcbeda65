"""`kepubang cards import-directory`: local places from a spreadsheet, looked at, then drafts."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.cards import ACTOR, open_store
from knowledge.card import Card
from knowledge.store import CardStore, UnknownCardError


def import_directory(
    file: Annotated[Path, typer.Argument(help="表格文件：.xlsx 或 .csv", metavar="FILE")],
    save: Annotated[bool, typer.Option("--save", help="存成草稿；不写就只看不存")] = False,
) -> None:
    """导入本地信息表（医院、农技站、派出所等）：一行一张卡片。先看一遍，再加 --save 存成草稿。"""
    # openpyxl is slow to load, and no other command needs it.
    from knowledge.directory import import_places  # noqa: PLC0415
    from knowledge.spreadsheet import read_sheets  # noqa: PLC0415

    found = import_places(read_sheets(file), date.today())  # noqa: DTZ011 - the day here
    for card in found.cards:
        _show(card)
    for problem in found.problems:
        print(problem)
    if found.unused:
        print(f"没有用到的列：{'、'.join(found.unused)}")
    rows = len({problem.row for problem in found.problems})
    print(f"{len(found.cards)} 张卡片没问题，{rows} 行要改")
    if any(card.is_example for card in found.cards):
        print("写了“示例”、用了0000号码的卡片是编的，只能看，不能发布")
    if save:
        _save(open_store(), found.cards, file.name)
    else:
        print("还没有存。看过没错，加上 --save 存成草稿")
    if found.problems or not found.cards:
        raise typer.Exit(1)


def _show(card: Card) -> None:
    print(f"{card.key}\t{card.title}")
    for line in (card.answer, *card.details.splitlines(), card.seek_help):
        print(f"    {line}")
    print(f"    来源：{card.sources[0].issuer}：{card.sources[0].title}，{card.sources[0].edition}")
    print(f"    用到 {card.valid_until}；{card.review_due} 起要核对")


def _save(store: CardStore, cards: tuple[Card, ...], file: str) -> None:
    done: Counter[str] = Counter()
    for card in cards:
        done[_what_happens(store, card)] += 1
        store.save(card, ACTOR, f"import-directory {file}")
    print(f"存成草稿：新的 {done['new']} 张，改了的 {done['changed']} 张，没变的 {done['same']} 张")
    print("请另一个人打电话核对过，再发布：kepubang cards publish KEY")


def _what_happens(store: CardStore, card: Card) -> str:
    try:
        newest = store.get(card.key)
    except UnknownCardError:
        return "new"
    return "same" if newest.card.digest == card.digest else "changed"

"""`kepubang cards`: lint, import, export, publish, retire, list."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from bot.console.console_words import load_console_words
from bot.settings import Settings
from knowledge.__main__ import lint_folder
from knowledge.card import Evidence
from knowledge.cardfile import read_cards, render_card
from knowledge.coverage import FileCoverage, measure_coverage
from knowledge.database import open_database, sqlite_url
from knowledge.importing import FileReading, ImportFileError, draft_cards
from knowledge.reminders import SOON_DAYS, reminders_of
from knowledge.starterpack import PACK, load_pack
from knowledge.store import CardStore

app = typer.Typer(help="知识卡片：检查、导入、导出、发布、下架、列出。", no_args_is_help=True)
ACTOR = "command-line"
COLUMNS = (
    *("底稿", "主题", "卡片", "发布", "草稿"),
    *("见原文", "见转载", "公认未见", "没有卡片的主题", "只有草稿的主题"),
)


def open_engine() -> sa.Engine:
    """The database that the settings name."""
    settings = Settings()
    url = settings.database_url or sqlite_url(settings.data_dir.absolute() / "kepubang.db")
    return open_database(url)


def open_store() -> CardStore:
    """The card store that the settings name."""
    return CardStore(open_engine())


@app.command("lint")
def lint(folder: Annotated[Path, typer.Argument(help="卡片文件夹")] = PACK) -> None:
    """检查卡片文件，有问题就一条条列出来。"""
    count, findings = lint_folder(folder)
    for finding in findings:
        print(finding)
    print(f"{count} 张卡片，{len(findings)} 处要改")
    if findings:
        raise typer.Exit(1)


@app.command("import")
def import_cards(
    folder: Annotated[Path | None, typer.Argument(help="卡片文件夹；不写就是自带的卡片包")] = None,
    publish: Annotated[bool, typer.Option(help="卡片包里改过的直接发布，不等审核")] = False,
) -> None:
    """导入卡片：自带的卡片包直接发布；别的文件夹进来是草稿。"""
    store = open_store()
    if folder is None:
        loaded = load_pack(store, update=publish)
        print(f"新增或更新 {loaded.added} 张，发布 {loaded.published} 张，草稿 {loaded.drafts} 张")
        if loaded.waiting:
            print(f"{loaded.waiting} 张和这里的不一样，没有动：到后台“审核”里的“卡片包更新”看")
        return
    saved = [
        store.save(card, ACTOR, f"import {folder.name}") for card in read_cards(folder).values()
    ]
    print(f"导入 {len(saved)} 张，都是草稿；发布请用：kepubang cards publish KEY")


@app.command("draft")
def draft(
    file: Annotated[Path, typer.Argument(help="docx、pdf、xlsx、html、md、txt、csv")],
    save: Annotated[bool, typer.Option(help="存成草稿；不写就只看一看")] = False,
) -> None:
    """看一个文件能变成哪些草稿卡片。"""
    settings = Settings()
    reading = FileReading(settings.import_megabytes * 1_000_000, settings.import_seconds)
    try:
        blocks = reading.read(file, file.name)
    except (ImportFileError, OSError) as error:
        fault = error.fault.value if isinstance(error, ImportFileError) else "broken"
        typer.echo(load_console_words().say("import_faults", fault), err=True)
        raise typer.Exit(1) from None
    run = draft_cards(blocks, file.name, ACTOR, datetime.now().astimezone().date())
    store = open_store() if save else None
    for card in run.drafts:
        print(f"{card.key}\t{card.title}\t{card.answer}")
        if store:
            store.save(card, ACTOR, file.name)
    print(f"{len(run.drafts)} 张草稿，出处：{run.source.title} {run.source.issuer}")


@app.command("export")
def export(folder: Annotated[Path, typer.Argument(help="导出到哪个文件夹")]) -> None:
    """把每张卡片的最新一版写成 Markdown 文件。"""
    store = open_store()
    rows = store.rows()
    for row in rows:
        card = store.get(row.key).card
        path = folder / card.topic / f"{card.key.split('.', 1)[1]}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(render_card(card), "utf-8")
    print(f"导出 {len(rows)} 张到 {folder}")


@app.command("publish")
def publish(keys: Annotated[list[str], typer.Argument(help="卡片的 key，可以写几个")]) -> None:
    """发布卡片的最新一版；正在运行的服务一秒内就用上。"""
    store = open_store()
    for key in keys:
        revision = store.publish(key, ACTOR)
        print(f"已发布 {key} 第 {revision.number} 版")


@app.command("retire")
def retire(
    keys: Annotated[list[str], typer.Argument(help="卡片的 key，可以写几个")],
    reason: Annotated[str, typer.Option(help="为什么下架")] = "",
) -> None:
    """下架卡片；正在运行的服务马上不再使用。"""
    store = open_store()
    for key in keys:
        store.retire(key, ACTOR, reason)
        print(f"已下架 {key}")


@app.command("list")
def list_cards() -> None:
    """列出卡片：key、状态、最新版、发布版。"""
    for row in open_store().rows():
        published = f"发布第{row.published}版" if row.published else "未发布"
        print(f"{row.key}\t{row.status.value}\t最新第{row.latest}版\t{published}")


@app.command("due")
def due(
    days: Annotated[int, typer.Option(help="看多少天之内的")] = SOON_DAYS,
) -> None:
    """快到期、快到复核日的卡片，一行一张；给定时任务发提醒用，有就返回 1。"""
    cards = [revision.card for revision in open_store().published()]
    found = reminders_of(cards, datetime.now().astimezone().date(), days)
    for reminder in found:
        what = "之后不再用" if reminder.ends else "要复核"
        owner = reminder.card.owner or "没写谁管"
        print(f"{reminder.day} {what}\t{reminder.card.key}\t{reminder.card.title}\t{owner}")
    print(f"{days} 天之内 {len(found)} 张")
    if found:
        raise typer.Exit(1)


@app.command("coverage")
def coverage(folder: Annotated[Path, typer.Argument(help="卡片文件夹")] = PACK) -> None:
    """底稿的每个主题有没有卡片：发布几张、草稿几张、依据什么。"""
    rows = measure_coverage(list(read_cards(folder).values()))
    print(f"| {' | '.join(COLUMNS)} |")
    print("|---" * len(COLUMNS) + "|")
    for row in [*rows, _total(rows)]:
        seen = " | ".join(str(row.by_evidence.get(evidence, 0)) for evidence in Evidence)
        missing, drafts = "、".join(row.missing) or "无", "、".join(row.draft_only) or "无"
        print(
            f"| {row.file} | {row.themes} | {row.cards} | {row.published} | {row.drafts} "
            f"| {seen} | {missing} | {drafts} |"
        )
    if any(row.missing for row in rows):
        raise typer.Exit(1)


def _total(rows: list[FileCoverage]) -> FileCoverage:
    return FileCoverage(
        file="合计",
        themes=sum(row.themes for row in rows),
        cards=sum(row.cards for row in rows),
        published=sum(row.published for row in rows),
        drafts=sum(row.drafts for row in rows),
        by_evidence={e: sum(row.by_evidence.get(e, 0) for row in rows) for e in Evidence},
        missing=(),
        draft_only=(),
    )

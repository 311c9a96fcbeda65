"""`kepubang people`: handing a person what is kept of them, or deleting it."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bot.addresses import Addresses
from bot.commands.cards import open_engine
from bot.conversation import Conversations
from bot.delivery import Ledger
from bot.helpdesk import Helpdesk
from bot.privacy import Privacy

app = typer.Typer(help="一个人的数据：导出、删除。", no_args_is_help=True)
Number = Annotated[str, typer.Argument(help="他的一条回答、一张工单的编号，或者他自己的编号")]


@app.command("export")
def export(number: Number) -> None:
    """把存着的他的全部数据打印成 JSON。"""
    privacy, person = _find(number)
    print(json.dumps(privacy.export(person), ensure_ascii=False, indent=1, default=str))


@app.command("delete")
def delete(number: Number) -> None:
    """删掉他的全部数据，找不回来。"""
    privacy, person = _find(number)
    privacy.delete(person)
    print("已全部删除")


def _find(number: str) -> tuple[Privacy, str]:
    engine = open_engine()
    ledger = Ledger(engine, Addresses(engine, ""))
    privacy = Privacy(engine, Conversations(engine), Helpdesk(engine, ledger))
    person = privacy.person_of(number)
    if person is None:
        typer.echo("没有这个编号。看后台工单的网址，或者 kepubang tickets list。", err=True)
        raise typer.Exit(1)
    return privacy, person

"""`kepubang tickets`: what waits for a volunteer, and answering it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bot.commands.cards import open_engine
from bot.helpdesk import Helpdesk, Reason, UnknownTicketError
from bot.redaction import redact

app = typer.Typer(help="等志愿者看的问题：列出、回复。", no_args_is_help=True)
_NAMES = {Reason.ALERT: "要紧：可能想不开", Reason.UNCHECKED: "没人核实过的说法"}


@app.command("list")
def list_tickets() -> None:
    """列出还没回复的，要紧的在前。"""
    waiting = Helpdesk(open_engine()).waiting()
    for ticket in waiting:
        opened = datetime.fromtimestamp(ticket.opened_at).astimezone()
        print(f"{ticket.id}\t{_NAMES[ticket.reason]}\t{opened:%m-%d %H:%M}\t{ticket.question}")
    print(f"共 {len(waiting)} 条")


@app.command("answer")
def answer(
    ticket: Annotated[str, typer.Argument(help="列表里的编号")],
    text: Annotated[str, typer.Argument(help="告诉居民的话，写明依据")],
    by: Annotated[str, typer.Option(help="谁回复的")] = "志愿者",
) -> None:
    """回复一条；居民下次说话时就会看到。"""
    try:
        Helpdesk(open_engine()).answer(ticket, redact(text), by)
    except UnknownTicketError:
        typer.echo(f"没有等着回复的 {ticket}，先看列表：kepubang tickets list", err=True)
        raise typer.Exit(1) from None
    print(f"已回复 {ticket}")

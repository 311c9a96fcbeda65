"""`kepubang tickets`: what waits for a volunteer, and answering it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from bot.addresses import Addresses
from bot.commands.cards import open_engine
from bot.delivery import Ledger
from bot.helpdesk import Helpdesk, Reason, TicketTakenError, UnknownTicketError
from bot.redaction import redact
from bot.senders import senders_of
from bot.settings import Settings
from prompts import load_wording

app = typer.Typer(help="等志愿者看的问题：列出、回复。", no_args_is_help=True)
TERMINAL = "terminal"  # the login that signs what is done here
_NAMES = {
    Reason.ALERT: "要紧：可能想不开",
    Reason.ASKED: "要找人说",
    Reason.UNCHECKED: "没人核实过的说法",
    Reason.LOW_RATING: "说没用",
    Reason.ABSTAINED: "没有卡片能答",
}


@app.command("list")
def list_tickets() -> None:
    """列出还没回复的，要紧的在前。"""
    waiting = _helpdesk().waiting()
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
        helpdesk = _helpdesk()
        found = helpdesk.get(ticket)
        said = load_wording().say(
            "helpdesk.human", name=by, question=found.question[:40], answer=redact(text)
        )
        helpdesk.claim(ticket, TERMINAL)
        helpdesk.reply(ticket, TERMINAL, redact(text), said)
        helpdesk.resolve(ticket, TERMINAL)
    except TicketTakenError as error:
        typer.echo(f"{error.by} 已经接了这张工单，请到后台看", err=True)
        raise typer.Exit(1) from None
    except UnknownTicketError:
        typer.echo(f"没有等着回复的 {ticket}，先看列表：kepubang tickets list", err=True)
        raise typer.Exit(1) from None
    print(f"已回复 {ticket}")


def _helpdesk() -> Helpdesk:
    engine = open_engine()
    # Nothing is pushed or opened from here: the server that runs does, with its secret.
    ledger = Ledger(engine, Addresses(engine, ""))
    ledger.use(senders_of(Settings()))
    return Helpdesk(engine, ledger)

"""`kepubang screen`: is this message a scam."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.assistant.answer import Answer
from bot.commands.ask import BAR, read_batch, to_json
from bot.commands.progress import progress_bar
from bot.house import build_house
from bot.logging import set_up_logging
from bot.redaction import redact
from bot.settings import Settings


def screen(
    text: Annotated[str, typer.Argument(help="收到的短信、聊天或者电话里说的话")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="打印一个 JSON 对象")] = False,
    batch: Annotated[
        Path | None, typer.Option(help='JSONL 文件，每行 {"text": …}；按原顺序打印 JSONL')
    ] = None,
) -> None:
    """看一条消息像不像诈骗。"""
    set_up_logging("error")
    with progress_bar(BAR) as progress:
        house = build_house(Settings(), progress)
    try:
        for message in read_batch(batch) if batch is not None else [text]:
            answer = house.assistant.screen(redact(message))
            print(to_json(screened_json(message, answer)) if batch or as_json else answer.text)
    finally:
        house.close()


def screened_json(text: str, answer: Answer) -> dict[str, object]:
    """The contract's object for one screened message."""
    return {
        "text": text,
        "risk": answer.risk.value if answer.risk else None,
        "types": list(answer.types),
        "red_flags": [{"quote": flag.quote, "why": flag.why} for flag in answer.flags],
        "cards": [card.key for card in answer.cards],
    }

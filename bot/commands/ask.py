"""`kepubang ask` and `kepubang chat`: the assistant in a terminal."""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Annotated

import typer

from bot import asking
from bot.channels.terminal import show
from bot.commands.progress import progress_bar
from bot.house import build_house
from bot.logging import set_up_logging
from bot.messages import InboundMessage, MessageKind
from bot.settings import Settings
from bot.wording import channel_words

BAR = "第一次建索引"


def ask(
    text: Annotated[str, typer.Argument(help="要问的话")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="打印一个 JSON 对象")] = False,
    batch: Annotated[
        Path | None, typer.Option(help='JSONL 文件，每行 {"text": …}；按原顺序打印 JSONL')
    ] = None,
) -> None:
    """回答一个问题，或一批问题。"""
    set_up_logging("error")
    settings = Settings()
    with progress_bar(BAR) as progress:
        house = build_house(settings, progress)
    words, wait = channel_words(house.wording), settings.model_wait_seconds
    if batch is not None:
        for question in read_batch(batch):
            print(to_json(asking.ask(house.assistant, words, question, wait)))
        return
    found = asking.ask(house.assistant, words, text, wait)
    if as_json:
        print(to_json(found))
    else:
        reply = found["reply"]
        print("\n\n".join(reply) if isinstance(reply, list) else reply)


def chat() -> None:
    """在终端里聊天；输入空行结束。"""
    set_up_logging("error")
    with progress_bar(BAR) as progress:
        house = build_house(Settings(), progress)
    words = channel_words(house.wording)
    person = f"terminal-{uuid.uuid4()}"

    def say(text: str, kind: MessageKind = MessageKind.TEXT) -> None:
        message = InboundMessage("terminal", uuid.uuid4().hex, person, kind, text)
        reply = house.dialogue.respond(message)
        if reply is not None:
            print(f"\n{show(reply, words)}\n")

    say("", MessageKind.SUBSCRIBE)
    while True:
        try:
            line = input("您：").strip()
        except EOFError:
            return
        if not line:
            return
        say(line)


def to_json(found: dict[str, object]) -> str:
    """One line of JSON that any output can carry; lone surrogates are escaped."""
    line = json.dumps(found, ensure_ascii=False)
    try:
        line.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(found)
    return line


def read_batch(path: Path) -> list[str]:
    """The texts of a JSONL file (- is standard input); raises OSError naming a bad line."""
    source = sys.stdin if str(path) == "-" else path.open(encoding="utf-8", errors="replace")
    questions = []
    with source:
        for number, line in enumerate(source, 1):
            if not line.strip():
                continue
            try:
                questions.append(str(json.loads(line)["text"]))
            except (ValueError, KeyError, TypeError) as error:
                raise OSError(f"{path} line {number}: needs an object with text") from error
    return questions

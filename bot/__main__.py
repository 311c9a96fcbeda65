"""`kepubang`: the command line."""

from __future__ import annotations

import sys

import typer

from bot.commands import (
    ask,
    calendar,
    cards,
    directory,
    evaluate,
    people,
    screen,
    serve,
    tickets,
)

app = typer.Typer(
    help="科普帮：只照审核过的知识卡片回答，句句有来源。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve.serve)
app.command("telegram")(serve.telegram)
app.command("ask")(ask.ask)
app.command("screen")(screen.screen)
app.command("chat")(ask.chat)
app.command("calendar")(calendar.calendar)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(evaluate.bench, name="bench")
cards.app.command("import-directory")(directory.import_directory)
app.add_typer(cards.app, name="cards")
app.add_typer(tickets.app, name="tickets")
app.add_typer(people.app, name="people")


def main() -> None:
    """Run a command; an expected failure is one plain line and exit code 1."""
    try:
        app()
    except Exception as error:
        from bot.commands.failures import EXPECTED  # noqa: PLC0415 - imports every channel

        if not isinstance(error, EXPECTED):
            raise
        sys.stderr.write(f"kepubang: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

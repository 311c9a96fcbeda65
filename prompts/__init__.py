"""Fixed wording: load and render; a wrong placeholder fails at load, not at a resident."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from string import Formatter

REPLIES = Path(__file__).parent / "replies.toml"

# What each wording may and must fill in; every wording not listed takes nothing.
PLACEHOLDERS: dict[str, frozenset[str]] = {
    "welcome.first": frozenset({"retention_days"}),
    "welcome.first_line": frozenset({"retention_days"}),
    "answer.source_line": frozenset({"issuer", "title", "edition", "seen"}),
    "answer.source_brief": frozenset({"sources"}),
    "answer.reviewed": frozenset({"reviewed"}),
    "answer.overdue": frozenset({"hotline"}),
    "generated.cited": frozenset({"number", "title"}),
    "abstain.text": frozenset({"number", "name", "use"}),
    "abstain.follow_up": frozenset({"title", "focus", "number", "name", "use"}),
    "web.privacy": frozenset({"retention_days"}),
    "image.seen": frozenset({"words"}),
    "helpdesk.speaking": frozenset({"name"}),
    "helpdesk.human": frozenset({"name", "question", "answer"}),
    "recall.text": frozenset({"title", "answer"}),
    "loudspeaker.opening": frozenset({"title"}),
    "loudspeaker.again": frozenset({"first"}),
    "loudspeaker.source": frozenset({"issuer"}),
    "helpdesk.again": frozenset({"text"}),
    "helpdesk.published": frozenset({"question", "answer"}),
    "rating.sorry": frozenset({"number", "name"}),
}


class PromptError(ValueError):
    """A wording file that cannot be used; the message names the wording and the placeholder."""


class Wording:
    """The fixed sentences by `section.name`, each checked against PLACEHOLDERS."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, str] = {}
        self._lists: dict[str, tuple[str, ...]] = {}
        for section, entries in tomllib.loads(text).items():
            for name, value in entries.items():
                if isinstance(value, list):
                    self._lists[f"{section}.{name}"] = tuple(value)
                else:
                    self._lines[f"{section}.{name}"] = value.strip("\n")
        self._check()

    def say(self, name: str, /, **values: object) -> str:
        """The sentence with its placeholders filled; KeyError for an unknown name."""
        return self._lines[name].format(**values)

    def several(self, name: str) -> tuple[str, ...]:
        """A list of sentences."""
        return self._lists[name]

    def section(self, name: str) -> dict[str, str]:
        """Every sentence of a section that takes no placeholder, by its short name."""
        prefix = f"{name}."
        return {
            key.removeprefix(prefix): line
            for key, line in self._lines.items()
            if key.startswith(prefix) and key not in PLACEHOLDERS
        }

    def _check(self) -> None:
        for name, line in self._lines.items():
            found = {field for _, field, _, _ in Formatter().parse(line) if field is not None}
            wanted = PLACEHOLDERS.get(name, frozenset())
            if found != wanted:
                raise PromptError(f"{name}: has {sorted(found)}, should have {sorted(wanted)}")
        for name in PLACEHOLDERS:
            if name not in self._lines:
                raise PromptError(f"{name} is missing")
        for name, line in self._lines.items():
            if re.search(r"[ \t]+$", line, re.MULTILINE):
                raise PromptError(f"{name}: a line ends in a space")


@cache
def load_wording(path: Path = REPLIES) -> Wording:
    """Read the wording file once; raises PromptError when a placeholder is wrong."""
    return Wording(path.read_text("utf-8"))

"""The console's sentences that code picks; everything fixed stands in the templates."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import prompts

WORDS = Path(prompts.__file__).parent / "console.toml"


@dataclass(frozen=True)
class ConsoleWords:
    """Sentences by section and name."""

    sections: Mapping[str, Mapping[str, str]]

    def say(self, section: str, name: str) -> str:
        """A fixed word, such as the name of a role; the name itself when there is none."""
        return self.sections.get(section, {}).get(name, name)

    def done(self, name: str) -> str:
        """What was done; "" for a name that we never write, for it comes from an address."""
        return self.sections["done"].get(name, "")

    def problem(self, code: str, **values: object) -> str:
        """What is wrong and what to do; raises KeyError for a code without a sentence."""
        return self.sections["problem"][code].format(**values)


@cache
def load_console_words(path: Path = WORDS) -> ConsoleWords:
    """Read console.toml."""
    raw = tomllib.loads(path.read_text("utf-8"))
    return ConsoleWords({name: dict(section) for name, section in raw.items()})

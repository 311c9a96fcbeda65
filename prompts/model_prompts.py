"""The prompts for language models: Markdown with front matter, checked when they are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

import yaml

from prompts import PromptError

FOLDER = Path(__file__).parent
# What each prompt is given; a file that asks for less or more is not one we can fill.
PLACEHOLDERS: dict[str, frozenset[str]] = {
    "answer": frozenset({"passages", "question"}),
    "rewrite": frozenset({"before", "question"}),
}
_PARTS = ("system", "human")
_OPEN, _CLOSE = str.maketrans("<>{}", "〈〉｛｝"), "---\n"


@dataclass(frozen=True)
class Prompt:
    """What is sent to a model once, and by which version of which file."""

    system: str
    human: str
    version: str  # such as answer@1; stored with the answer


@dataclass(frozen=True)
class PromptTemplate:
    """One file of prompts/*.md."""

    name: str
    number: int
    system: str
    human: str

    @property
    def version(self) -> str:
        """The name and number that are stored with what the model said."""
        return f"{self.name}@{self.number}"

    def render(self, **values: str) -> Prompt:
        """Fill the placeholders; what is filled in cannot close the marks around it.

        Values are data, whoever wrote them: their angle brackets become others, so that no
        question or card can end its <问题> or <资料> and go on as if it were the prompt.
        """
        safe = {name: value.translate(_OPEN) for name, value in values.items()}
        return Prompt(self.system, self.human.format(**safe), self.version)


def parse_prompt(text: str, wanted: frozenset[str], where: str = "prompt") -> PromptTemplate:
    """Read a prompt file's text; raises PromptError naming what is wrong with it."""
    if not text.startswith(_CLOSE) or text.count(_CLOSE) < 2:  # noqa: PLR2004 - opens and closes
        raise PromptError(f"{where}: needs front matter between two lines of ---")
    _, front, body = text.split(_CLOSE, 2)
    head = yaml.safe_load(front)
    if not isinstance(head, dict) or not isinstance(head.get("version"), int):
        raise PromptError(f"{where}: front matter needs name, version (a number), placeholders")
    parts = _parts(body, where)
    if _fields(parts["system"]):
        raise PromptError(f"{where}: the system part takes no placeholders, only the human one")
    found, declared = _fields(parts["human"]), frozenset(head.get("placeholders", ()))
    if not found == declared == wanted:
        raise PromptError(
            f"{where}: has {sorted(found)}, declares {sorted(declared)}, gets {sorted(wanted)}"
        )
    return PromptTemplate(str(head.get("name")), head["version"], parts["system"], parts["human"])


@cache
def load_prompt(name: str, folder: Path = FOLDER) -> PromptTemplate:
    """The prompt of a name in PLACEHOLDERS, read once; raises PromptError."""
    text = (folder / f"{name}.md").read_text("utf-8")
    found = parse_prompt(text, PLACEHOLDERS[name], f"{name}.md")
    if found.name != name:
        raise PromptError(f"{name}.md: its front matter says name: {found.name}")
    return found


def _parts(body: str, where: str) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for line in body.splitlines():
        heading = line.removeprefix("# ")
        if line.startswith("# ") and heading in _PARTS:
            parts[heading] = []
        elif parts:
            parts[list(parts)[-1]].append(line)
    if tuple(parts) != _PARTS:
        raise PromptError(f"{where}: needs the parts # system and # human, in that order")
    return {name: "\n".join(lines).strip() for name, lines in parts.items()}


def _fields(text: str) -> frozenset[str]:
    return frozenset(field for _, field, _, _ in Formatter().parse(text) if field is not None)

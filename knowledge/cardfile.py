"""Card <-> Markdown with YAML front matter: the form in which people keep and send cards."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from knowledge.card import Card, Source
from knowledge.sources import Document, UnknownSourceError, document_of, load_register, resolve
from knowledge.yamlfile import dump_yaml, load_yaml

FENCE = "---"


class CardFileError(ValueError):
    """A card file that cannot be read; the message names the file and the part to mend."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


def parse_card(text: str, name: str = "card") -> Card:
    """Read one card from Markdown text; raises CardFileError saying what to mend."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != FENCE:
        raise CardFileError(name, "第一行应是 ---")
    try:
        end = next(i for i, line in enumerate(lines[1:], 1) if line.strip() == FENCE)
    except StopIteration:
        raise CardFileError(name, "没有找到结束的 ---") from None
    try:
        front = load_yaml("\n".join(lines[1:end]))
    except yaml.YAMLError as error:
        raise CardFileError(name, f"YAML 写错了：{error}") from error
    if not isinstance(front, dict):
        raise CardFileError(name, "--- 之间应是“名字: 内容”")
    details = "\n".join(lines[end + 1 :]).strip()
    try:
        sources = [resolve(entry, load_register()) for entry in front.get("sources") or []]
        return Card.model_validate({**front, "sources": sources, "details": details})
    except (UnknownSourceError, AttributeError, TypeError) as error:
        raise CardFileError(name, f"sources 写错了：{error}") from error
    except ValidationError as error:
        found = "；".join(f"{_where(e['loc'])}: {e['msg']}" for e in error.errors())
        raise CardFileError(name, found) from error


def render_card(card: Card) -> str:
    """Write a card as Markdown; parse_card(render_card(card)) == card."""
    front = {k: v for k, v in card.model_dump(mode="json").items() if v not in (None, "", [])}
    details = front.pop("details", "")
    ids = {document: name for name, document in load_register().items()}
    front["sources"] = [_render_source(source, ids) for source in card.sources]
    return f"{FENCE}\n{dump_yaml(front)}{FENCE}\n" + (f"\n{details}\n" if details else "")


def _render_source(source: Source, ids: Mapping[Document, str]) -> dict[str, Any]:
    """A source by its id when the register has it, else written out."""
    name = ids.get(document_of(source))
    if name is None:
        return {k: v for k, v in source.model_dump(mode="json").items() if v}
    return {"id": name, "supports": list(source.supports)}


def read_cards(folder: Path) -> dict[Path, Card]:
    """Read every *.md card below a folder, in path order; raises CardFileError."""
    cards: dict[Path, Card] = {}
    for path in sorted(folder.rglob("*.md")):
        if path.name == "README.md":
            continue
        cards[path] = parse_card(path.read_text(encoding="utf-8"), str(path))
    return cards


def _where(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location) or "card"

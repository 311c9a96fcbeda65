"""The source register: each document once, with how it was seen; cards name it by id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pypinyin import Style, lazy_pinyin

from knowledge.card import Evidence, Source
from knowledge.yamlfile import dump_yaml, load_yaml

REGISTER = Path(__file__).parent / "sources.yaml"
_HEADER = (
    "# The source register: every document that cards rest on, once. Cards name a source by id\n"
    "# and say in `supports` which facts it carries. evidence: primary = the document itself was\n"
    "# read, secondary = a reprint or report of it, unseen = commonly known, not read.\n"
    "# `python -m knowledge.sources` moves sources written out in card files into this register.\n"
)


class Document(BaseModel):
    """A source without what any one card takes from it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    title: str
    edition: str = ""
    url: str = ""
    evidence: Evidence


class UnknownSourceError(LookupError):
    """A card names a source id that the register does not have."""


@cache
def load_register(path: Path = REGISTER) -> Mapping[str, Document]:
    """Documents by id; raises ValueError when one id or one document stands twice."""
    rows = load_yaml(path.read_text("utf-8")) if path.exists() else []
    documents: dict[str, Document] = {}
    seen: set[Document] = set()
    for row in rows or []:
        name = row.pop("id")
        document = Document.model_validate(row)
        if name in documents or document in seen:
            raise ValueError(f"{path.name}: {name} stands twice")
        documents[name] = document
        seen.add(document)
    return documents


def resolve(entry: Mapping[str, object], register: Mapping[str, Document]) -> dict[str, object]:
    """A card file's source entry written out: {id, supports} or a source in full."""
    if "id" not in entry:
        return dict(entry)
    document = register.get(str(entry["id"]))
    if document is None:
        raise UnknownSourceError(f"没有这个来源：{entry['id']}（见 knowledge/sources.yaml）")
    rest = {key: value for key, value in entry.items() if key != "id"}
    return {**document.model_dump(mode="json"), **rest}


def document_of(source: Source) -> Document:
    """The register's side of a source."""
    return Document.model_validate(source.model_dump(exclude={"supports"}))


def add_documents(
    register: Mapping[str, Document], documents: Iterable[Document]
) -> dict[str, Document]:
    """The register with the documents it lacked, each under a new id."""
    grown = dict(register)
    known = set(grown.values())
    for document in documents:
        if document not in known:
            grown[_new_id(document, grown)] = document
            known.add(document)
    return grown


def write_register(register: Mapping[str, Document], path: Path = REGISTER) -> None:
    """Write the register in order of id."""
    rows = []
    for name in sorted(register):
        fields = register[name].model_dump(mode="json")
        rows.append({"id": name, **{k: v for k, v in fields.items() if v}})
    path.write_text(_HEADER + dump_yaml(rows), "utf-8")
    load_register.cache_clear()


def _new_id(document: Document, taken: Mapping[str, Document]) -> str:
    """Initials of the issuer's sound and the year: gjwsjkw-2024, then gjwsjkw-2024-2."""
    sounds = lazy_pinyin(document.issuer[:12], style=Style.FIRST_LETTER)
    initials = re.sub(r"[^a-z0-9]", "", "".join(sounds).lower())[:12] or "source"
    year = re.search(r"(?:19|20)\d{2}", f"{document.edition} {document.title}")
    base = f"{initials}-{year.group()}" if year else initials
    number = 1
    while (name := base if number == 1 else f"{base}-{number}") in taken:
        number += 1
    return name


def main() -> None:
    """Move every written-out source of the starter pack into the register."""
    from knowledge.cardfile import read_cards, render_card  # noqa: PLC0415 - it imports us
    from knowledge.starterpack import PACK  # noqa: PLC0415

    cards = read_cards(PACK)
    documents = [document_of(source) for card in cards.values() for source in card.sources]
    write_register(add_documents(load_register(), documents))
    for path, card in cards.items():
        path.write_text(render_card(card), "utf-8")


if __name__ == "__main__":
    main()

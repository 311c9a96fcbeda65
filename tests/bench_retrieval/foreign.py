"""Foreign corpora from Debian's Chinese manuals: a section is a passage, its heading the question.

`python -m tests.bench_retrieval.foreign FOLDER` downloads the packages with apt-get and writes
FOLDER/<name>/{corpus,queries,qrels}.jsonl in the form of `kepubang bench retrieval`. The heading is
taken out of its passage. The first two are for tuning, the others only to measure.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from knowledge.importing.blocks import BlockKind, ImportFileError
from knowledge.importing.pages import read_html

PACKAGES = {
    "manpages": "manpages-zh",
    "handbook": "debian-handbook",
    "office": "libreoffice-help-zh-cn",
    "kicad": "kicad-doc-zh",
    "machines": "linuxcnc-doc-zh-cn",
}
TUNING = ("manpages", "handbook")
PASSAGES, QUERIES = 1500, 300
LEAST_PASSAGE, MOST_PASSAGE, LEAST_QUERY = 40, 700, 4
_HAN = re.compile(r"[\u4e00-\u9fff]")
_NAME = re.compile(r"(?m)^\s*(?:NAME|NAME \(名称\)|名称|名字|\S{0,4}NAME\S*)\s*$")
_LEADING = re.compile(r"^[\d.\s]+|^第.{1,3}章\s*")


def main() -> None:
    """Make every corpus that its package can be had for."""
    folder = Path(sys.argv[1])
    for name, package in PACKAGES.items():
        if (folder / name / "qrels.jsonl").exists():
            continue
        with tempfile.TemporaryDirectory() as unpacked:
            try:
                _unpack(package, Path(unpacked))
            except (OSError, subprocess.CalledProcessError) as error:
                sys.stderr.write(f"{name}: {package} cannot be had ({error})\n")
                continue
            sections = _manual_pages if name == "manpages" else _html_sections
            count = _write(folder / name, list(sections(Path(unpacked))))
        sys.stderr.write(f"{name}: {count} passages\n")


def _unpack(package: str, folder: Path) -> None:
    subprocess.run(
        ["apt-get", "download", "-q", package], cwd=folder, check=True, capture_output=True
    )
    (file,) = folder.glob("*.deb")
    subprocess.run(["dpkg", "-x", str(file), str(folder / "root")], check=True)


def _html_sections(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*.html")):
        if "handbook" in str(path) and "zh-CN" not in str(path):
            continue
        try:
            blocks = read_html(path)
        except ImportFileError:
            continue
        heading, under = "", []
        for block in blocks:
            if block.kind is BlockKind.HEADING:
                yield heading, " ".join(under)
                heading, under = block.text, []
            else:
                under.append(block.text)
        yield heading, " ".join(under)


def _manual_pages(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("zh_CN/man*/*.gz")):
        try:
            text = gzip.decompress(path.read_bytes()).decode("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        plain = re.sub(r'^[.\'\\]\\?"?[A-Za-z]*|\\f.|\\-|"', " ", text, flags=re.M)
        parts = re.split(
            r"(?m)^\s*(?:NAME|NAME \(名称\)|名称|名字|\S{0,4}NAME\S*)\s*$", plain, maxsplit=1
        )
        if len(parts) < 2:
            continue
        lines = [line.strip() for line in parts[1].splitlines() if line.strip()]
        if lines and "-" in lines[0]:
            yield lines[0].split("-", 1)[1].strip(), " ".join(lines[1:])


def _write(folder: Path, sections: list[tuple[str, str]]) -> int:
    kept, seen = [], Counter(_question(heading) for heading, _ in sections)
    for heading, text in sections:
        question, passage = _question(heading), text.replace(heading, " ").strip()
        chinese = len(_HAN.findall(passage))
        if chinese >= LEAST_PASSAGE:
            asked = seen[question] == 1 and len(_HAN.findall(question)) >= LEAST_QUERY
            kept.append((question if asked else "", passage[:MOST_PASSAGE]))
    random.Random(7).shuffle(kept)
    kept = kept[:PASSAGES]
    asked = [i for i, (question, _) in enumerate(kept) if question][:QUERIES]
    folder.mkdir(parents=True, exist_ok=True)
    _lines(folder / "corpus.jsonl", ({"id": str(i), "text": t} for i, (_, t) in enumerate(kept)))
    _lines(folder / "queries.jsonl", ({"qid": str(i), "query": kept[i][0]} for i in asked))
    _lines(folder / "qrels.jsonl", ({"qid": str(i), "did": str(i), "rel": 1} for i in asked))
    return len(kept)


def _question(heading: str) -> str:
    return _LEADING.sub("", heading).strip()


def _lines(path: Path, rows: Iterator[dict[str, object]]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")


if __name__ == "__main__":
    main()

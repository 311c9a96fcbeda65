"""`python -m knowledge [FOLDER]`: lint a folder of card files, as `kepubang cards lint` does."""

import sys
from pathlib import Path

from knowledge.cardfile import CardFileError, parse_card
from knowledge.lint import Finding, lint_cards

STARTER_PACK = Path(__file__).parent / "cards"


def lint_folder(folder: Path) -> tuple[int, list[Finding]]:
    """Read and lint every card below a folder: (cards read, findings)."""
    cards, findings = [], []
    for path in sorted(folder.rglob("*.md")):
        try:
            cards.append(parse_card(path.read_text(encoding="utf-8"), str(path)))
        except CardFileError as error:
            findings.append(Finding(error.name, "file", error.reason))
    return len(cards), findings + lint_cards(cards)


def main() -> int:
    """Print each finding; exit 1 when there is any."""
    count, findings = lint_folder(Path(sys.argv[1]) if len(sys.argv) > 1 else STARTER_PACK)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    sys.stdout.write(f"{count} cards, {len(findings)} findings\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())

"""The reading process: `python -m knowledge.importing.worker FILE SUFFIX` prints JSON."""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from knowledge.importing.blocks import Block, ImportFault, ImportFileError
from knowledge.importing.office import read_docx, read_xlsx
from knowledge.importing.pages import read_html, read_lines, read_pdf
from knowledge.importing.reading import MEMORY_BYTES

_READERS: dict[str, Callable[[Path], list[Block]]] = {
    ".docx": read_docx,
    ".xlsx": read_xlsx,
    ".pdf": read_pdf,
    ".html": read_html,
    ".htm": read_html,
    ".md": read_lines,
    ".txt": read_lines,
    ".csv": read_lines,
}


def main() -> int:
    """Read one file; its blocks, or its fault, on standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    path, suffix = Path(sys.argv[1]), sys.argv[2]
    try:
        blocks = _READERS[suffix](path)
        said: dict[str, object] = {"blocks": [[b.kind.value, b.text] for b in blocks]}
    except ImportFileError as error:
        said = {"fault": error.fault.value}
    except (MemoryError, RecursionError):
        said = {"fault": ImportFault.BOMB.value}
    sys.stdout.write(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())

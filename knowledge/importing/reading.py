"""Reading in a process of its own: bounded in time and memory, whatever the file does."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from knowledge.importing.blocks import Block, BlockKind, ImportFault, ImportFileError

SUFFIXES = frozenset({".docx", ".xlsx", ".pdf", ".html", ".htm", ".md", ".txt", ".csv"})
_MACRO_SUFFIXES = frozenset({".docm", ".xlsm", ".dotm", ".xltm"})
MEMORY_BYTES = 1_500_000_000


@dataclass(frozen=True)
class FileReading:
    """Reads files into blocks within bounds of size (bytes) and time (seconds)."""

    most_bytes: int = 20_000_000
    most_seconds: float = 60.0

    def read(self, path: Path, name: str) -> list[Block]:
        """The blocks of a file whose name tells its kind; raises ImportFileError."""
        suffix = Path(name.replace("\\", "/")).suffix.lower()
        if suffix in _MACRO_SUFFIXES:
            raise ImportFileError(ImportFault.MACROS)
        if suffix not in SUFFIXES:
            raise ImportFileError(ImportFault.UNKNOWN_KIND)
        if path.stat().st_size > self.most_bytes:
            raise ImportFileError(ImportFault.TOO_LARGE)
        try:
            done = subprocess.run(  # noqa: S603 - our own module, on a path that we made
                [sys.executable, "-m", "knowledge.importing.worker", str(path), suffix],
                capture_output=True,
                timeout=self.most_seconds,
                check=False,
                cwd=Path(__file__).parents[2],
            )
        except subprocess.TimeoutExpired as error:
            raise ImportFileError(ImportFault.TOO_SLOW) from error
        try:
            found = json.loads(done.stdout)
        except ValueError as error:
            # Killed for its memory, or crashed: the file is to blame either way.
            raise ImportFileError(ImportFault.BROKEN) from error
        if "fault" in found:
            raise ImportFileError(ImportFault(found["fault"]))
        blocks = [Block(BlockKind(kind), text) for kind, text in found["blocks"]]
        if not blocks:
            raise ImportFileError(ImportFault.NO_TEXT)
        return blocks

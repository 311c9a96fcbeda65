"""Files that people bring: read in a process of their own, shown before anything lands."""

from knowledge.importing.blocks import Block, BlockKind, ImportFault, ImportFileError
from knowledge.importing.drafts import DryRun, FoundSource, draft_cards
from knowledge.importing.reading import FileReading

__all__ = [
    "Block",
    "BlockKind",
    "DryRun",
    "FileReading",
    "FoundSource",
    "ImportFault",
    "ImportFileError",
    "draft_cards",
]

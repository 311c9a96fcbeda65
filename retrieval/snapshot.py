"""Snapshot: a built index kept in a folder, so that a restart takes seconds.

SQL stays the only truth: a snapshot that is missing, old or broken costs time, nothing else.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from retrieval.index import PassageIndex
from retrieval.large_index import GROW_AT, LargeIndex
from retrieval.spelling import Speller

log = structlog.get_logger()
FORM = 2  # raise it when passages, tokens or sounds are made in another way
KEPT = 2  # snapshots kept: the newest, and the one before in case it is broken
_LIVE = "live-"
_VECTORS = "vectors.faiss"
_MANIFEST = "manifest.json"
_SPELLER = "speller.json"


@dataclass(frozen=True)
class Opened:
    """An index in a folder of its own, and the revision numbers it holds by card key."""

    index: PassageIndex
    numbers: Mapping[str, int]
    speller: Speller | None = None


class Snapshots:
    """Snapshots of one embedder's index under one folder; several processes may share it.

    A snapshot is never changed. A process works in a copy (links, for tantivy writes no file
    twice) and saves that copy as a new snapshot. Up to `exact_vectors` search is exact.
    """

    def __init__(self, folder: Path, fingerprint: str, exact_vectors: int = GROW_AT) -> None:
        self._folder = folder
        self._exact_vectors = exact_vectors
        self._fingerprint = fingerprint
        folder.mkdir(parents=True, exist_ok=True)
        self._remove_abandoned()
        self._live = Path(tempfile.mkdtemp(prefix=f"{_LIVE}{os.getpid()}-", dir=folder))

    def open(self) -> Opened:
        """The newest snapshot that can be read, or an empty index."""
        for folder in self._newest_first():
            try:
                return self._open(folder)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it, build anew
                log.warning("snapshot_unreadable", error=type(error).__name__)
                shutil.rmtree(folder, ignore_errors=True)
        return self.empty()

    def empty(self) -> Opened:
        """An index of nothing."""
        shutil.rmtree(self._live, ignore_errors=True)
        return Opened(PassageIndex(LargeIndex(self._exact_vectors), self._live), {})

    def save(self, index: PassageIndex, numbers: Mapping[str, int]) -> None:
        """Keep the index as it stands; a full disk is logged, for answering goes on."""
        making = Path(tempfile.mkdtemp(prefix=f"{_LIVE}{os.getpid()}-", dir=self._folder))
        try:
            if isinstance(index.vectors, LargeIndex):
                index.vectors.write(self._live / _VECTORS)
            _link(self._live, making)
            (making / _SPELLER).write_text(index.speller.as_json(), "utf-8")
            manifest = {"form": FORM, "embedder": self._fingerprint, "numbers": dict(numbers)}
            (making / _MANIFEST).write_text(json.dumps(manifest), "utf-8")
            names = [int(folder.name) for folder in self._newest_first()]
            making.rename(self._folder / f"{max(names, default=0) + 1:08d}")
        except OSError as error:
            log.warning("snapshot_not_saved", error=type(error).__name__)
            shutil.rmtree(making, ignore_errors=True)
        for old in self._newest_first()[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)

    def close(self) -> None:
        """Remove the working copy."""
        shutil.rmtree(self._live, ignore_errors=True)

    def _open(self, folder: Path) -> Opened:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
        if manifest["form"] != FORM or manifest["embedder"] != self._fingerprint:
            return self.empty()
        shutil.rmtree(self._live, ignore_errors=True)
        _link(folder, self._live)
        vectors = LargeIndex.read(self._live / _VECTORS, self._exact_vectors)
        speller = Speller.from_json((folder / _SPELLER).read_text("utf-8"))
        return Opened(PassageIndex(vectors, self._live), manifest["numbers"], speller)

    def _newest_first(self) -> list[Path]:
        return sorted((p for p in self._folder.iterdir() if p.name.isdigit()), reverse=True)

    def _remove_abandoned(self) -> None:
        for folder in self._folder.glob(f"{_LIVE}*"):
            owner = folder.name.removeprefix(_LIVE).split("-")[0]
            if owner.isdigit() and not _runs(int(owner)):
                shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and belongs to somebody else
        return True
    return True


def _link(source: Path, target: Path) -> None:
    """Copy vectors and tantivy's folders: links for what never changes, copies for the rest."""
    for path in [*source.glob("vectors.*"), *source.glob("*/*")]:
        if path.suffix == ".lock":
            continue
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".json" or path.name.startswith("."):
            shutil.copyfile(path, place)
            continue
        try:
            os.link(path, place)
        except OSError:  # another file system, or none that links
            shutil.copyfile(path, place)

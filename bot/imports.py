"""Files that were brought, being read or waiting to be looked at by who brought them."""

from __future__ import annotations

import json
import re
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import structlog

from knowledge.card import Card
from knowledge.importing import DryRun, FileReading, FoundSource, ImportFileError, draft_cards

log = structlog.get_logger()
KEPT_SECONDS = 86400.0
_TOKEN = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Brought:
    """What became of a file: still being read, not readable (`fault`), or a dry run."""

    name: str
    login: str
    fault: str = ""
    run: DryRun | None = None
    saved: bool = False

    @property
    def reading(self) -> bool:
        """Whether it is still being read."""
        return not self.fault and self.run is None


class Imports:
    """A folder with one small JSON file for each import; old ones are swept away."""

    def __init__(
        self, folder: Path, reading: FileReading, clock: Callable[[], float] = time.time
    ) -> None:
        self._folder = folder
        self._reading = reading
        self._clock = clock

    @property
    def most_bytes(self) -> int:
        """The largest file that is taken."""
        return self._reading.most_bytes

    def bring(self, content: bytes, name: str, login: str, today: date) -> str:
        """Begin to read a file; the token under which it is found."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._sweep()
        token = secrets.token_hex(12)
        # The name that came is shown and tells the kind; it never becomes a path.
        path = self._folder / f"{token}.file"
        path.write_bytes(content)
        self._write(token, Brought(name, login))
        threading.Thread(
            target=self._read, args=(token, path, name, login, today), daemon=True
        ).start()
        return token

    def find(self, token: str, login: str) -> Brought | None:
        """One's own import; None for anybody else's, an old or an invented token."""
        if not _TOKEN.fullmatch(token):
            return None
        try:
            raw = json.loads((self._folder / f"{token}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        run = raw["run"]
        found = Brought(
            raw["name"],
            raw["login"],
            raw["fault"],
            DryRun(
                run["name"],
                tuple(Card.model_validate(card) for card in run["drafts"]),
                tuple(run["passages"]),
                FoundSource(**run["source"]),
            )
            if run
            else None,
            raw["saved"],
        )
        return found if found.login == login else None

    def mark_saved(self, token: str, brought: Brought) -> None:
        """Its drafts have been saved: a second click saves nothing more."""
        self._write(token, Brought(brought.name, brought.login, "", brought.run, saved=True))

    def _read(self, token: str, path: Path, name: str, login: str, today: date) -> None:
        try:
            blocks = self._reading.read(path, name)
            done = Brought(name, login, run=draft_cards(blocks, name, login, today))
        except ImportFileError as error:
            done = Brought(name, login, fault=error.fault.value)
        except Exception as error:  # noqa: BLE001 - whoever waits must be told something
            log.warning("import_failed", error=type(error).__name__)
            done = Brought(name, login, fault="broken")
        finally:
            path.unlink(missing_ok=True)
        self._write(token, done)

    def _write(self, token: str, brought: Brought) -> None:
        run = brought.run
        said = {
            "name": brought.name,
            "login": brought.login,
            "fault": brought.fault,
            "saved": brought.saved,
            "run": run
            and {
                "name": run.name,
                "drafts": [card.model_dump(mode="json") for card in run.drafts],
                "passages": list(run.passages),
                "source": asdict(run.source),
            },
        }
        path = self._folder / f"{token}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
        fresh.replace(path)

    def _sweep(self) -> None:
        for path in self._folder.glob("*.*"):
            if self._clock() - path.stat().st_mtime > KEPT_SECONDS:
                path.unlink(missing_ok=True)

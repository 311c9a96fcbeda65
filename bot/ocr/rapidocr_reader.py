"""RapidOcrReader: pictures are read by one other process, started when the first one comes.

The models are in the wheel of `rapidocr`; nothing is downloaded, and no picture leaves the machine.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from importlib.util import find_spec
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Final

import structlog

from bot.images import IMAGE_BYTES, ImageError, ImageFault

log = structlog.get_logger()
_NEEDS: Final = ("rapidocr", "onnxruntime", "cv2", "PIL")
_END_SECONDS: Final = 2.0
# Fetching a picture (8 s) and reading it must end within the inbox's lease of 20 s.
READ_SECONDS: Final = 11.0
# Of the time for a picture, after which a long screenshot is answered by what was read so far.
_STRIPS_SHARE: Final = 0.45


class WorkerEndedError(Exception):
    """The reading process went away; `idly` when that was no picture's fault."""

    def __init__(self, idly: bool) -> None:
        super().__init__("the reading process ended")
        self.idly = idly


class RapidOcrReader:
    """An ImageReader. One picture at a time; the others wait, within their own `seconds`."""

    def __init__(self, seconds: float = READ_SECONDS) -> None:
        self._seconds = seconds
        self._turn = threading.Lock()
        self._process: BaseProcess | None = None
        self._wire: Connection | None = None

    @staticmethod
    def installed() -> bool:
        """Whether the extra `ocr` is there; imports nothing of it."""
        return all(find_spec(name) for name in _NEEDS)

    def read(self, image: bytes) -> str:
        """As ImageReader.read."""
        if len(image) > IMAGE_BYTES:
            raise ImageError(ImageFault.TOO_LARGE)
        give_up = time.monotonic() + self._seconds
        if not self._turn.acquire(timeout=self._seconds):
            raise ImageError(ImageFault.TOO_SLOW)
        try:
            words, fault = self._ask(image, give_up)
        finally:
            self._turn.release()
        if fault:
            raise ImageError(ImageFault(fault))
        return words

    def close(self) -> None:
        """As ImageReader.close; a picture in hand is given up."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ValueError):  # it was let go of meanwhile
                process.terminate()
        with self._turn:
            self._end()

    def _ask(self, image: bytes, give_up: float) -> tuple[str, str]:
        try:
            return self._exchange(image, give_up)
        except WorkerEndedError as ended:
            if not ended.idly:
                raise ImageError(ImageFault.UNREADABLE) from None
        try:
            return self._exchange(image, give_up)
        except WorkerEndedError:
            raise ImageError(ImageFault.UNREADABLE) from None

    def _exchange(self, image: bytes, give_up: float) -> tuple[str, str]:
        wire = self._started(give_up)
        try:
            wire.send_bytes(image)
            self._await(wire, give_up)
            words, fault = wire.recv()
        except (EOFError, OSError):
            raise WorkerEndedError(idly=self._end() == 0) from None
        return words, fault

    def _started(self, give_up: float) -> Connection:
        """The wire to a process that listens."""
        if self._process is not None and not self._process.is_alive():
            self._end()
        if self._wire is not None:
            return self._wire
        # Spawned, not forked: threads and models of this process must not be copied mid-thought.
        spawn = multiprocessing.get_context("spawn")
        self._wire, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_run, args=(theirs, self._seconds * _STRIPS_SHARE), name="ocr", daemon=True
        )
        self._process.start()
        theirs.close()
        try:
            self._await(self._wire, give_up)
            self._wire.recv_bytes()
        except (EOFError, OSError):
            code = self._end()
            log.error("ocr_did_not_start", exit_code=code)  # noqa: TRY400 - the code says it all
            raise ImageError(ImageFault.MISSING) from None
        return self._wire

    def _await(self, wire: Connection, give_up: float) -> None:
        if not wire.poll(max(0.0, give_up - time.monotonic())):
            log.warning("ocr_too_slow")
            self._end(wait_seconds=0.0)
            raise ImageError(ImageFault.TOO_SLOW)

    def _end(self, wait_seconds: float = _END_SECONDS) -> int | None:
        """Let go of the process; its exit code, 0 when it ended by itself."""
        process, wire, self._process, self._wire = self._process, self._wire, None, None
        if wire is not None:
            wire.close()
        if process is None:
            return None
        process.join(wait_seconds)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        return code


def _run(wire: Connection, strips_seconds: float) -> None:
    from bot.ocr.rapidocr_worker import run  # noqa: PLC0415 - Pillow is not for this process

    run(wire, strips_seconds)

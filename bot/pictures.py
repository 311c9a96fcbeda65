"""From a message with a picture to the words in it, a few at a time."""

from __future__ import annotations

import threading
import time

import structlog

from bot.images import ImageError, ImageFault, ImageLoader, ImageReader

log = structlog.get_logger()
SHOWN_CHARACTERS = 30
AT_ONCE = 4  # of a channel's 8 to 16 threads: questions in words must not wait behind pictures


def shortened(words: str) -> str:
    """The beginning of what was read, on one line, by which a person sees if it was read right."""
    line = " ".join(words.split())
    return line if len(line) <= SHOWN_CHARACTERS else line[:SHOWN_CHARACTERS] + "…"


class Pictures:
    """Fetches and reads pictures; without a reader every one is MISSING, and none is fetched."""

    def __init__(self, reader: ImageReader | None, at_once: int = AT_ONCE) -> None:
        self._reader = reader
        self._places = threading.BoundedSemaphore(at_once)

    def words(self, load: ImageLoader | None) -> str:
        """The words in a picture. Raises ImageError."""
        if self._reader is None or load is None:
            raise ImageError(ImageFault.MISSING)
        if not self._places.acquire(blocking=False):
            raise ImageError(ImageFault.TOO_SLOW)
        started = time.monotonic()
        outcome = "failed"
        try:
            image = load()
            words = self._reader.read(image)
            outcome = "read"
        except ImageError as error:
            outcome = error.fault.value
            raise
        finally:
            self._places.release()
            seconds = round(time.monotonic() - started, 2)
            log.info("picture", outcome=outcome, seconds=seconds)
        return words

"""A picture that a person sent: how it is fetched, how it is read, and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final, Protocol

IMAGE_BYTES: Final = 10 * 1024 * 1024


class ImageFault(StrEnum):
    """Why a picture was not read; prompts/replies.toml has a sentence for each under [image]."""

    MISSING = "missing"  # no engine here, or it is switched off
    UNREACHABLE = "unreachable"  # the channel could not, or would not, fetch it
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"  # no picture, a broken one, or of an unknown format
    ANIMATED = "animated"
    NO_TEXT = "no_text"
    TOO_SLOW = "too_slow"  # also when too many are being read


class ImageError(Exception):
    """A picture that was not read."""

    def __init__(self, fault: ImageFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


# Fetches the picture's bytes, at most IMAGE_BYTES and within seconds; blocks, raises ImageError.
ImageLoader = Callable[[], bytes]


class ImageReader(Protocol):
    """Reads the words in a picture, on this machine."""

    def read(self, image: bytes) -> str:
        """The words, line by line from the top; never empty. Blocks; raises ImageError."""
        ...

    def close(self) -> None:
        """Give back what reading needs; read may be called again."""
        ...

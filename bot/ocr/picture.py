"""Bytes from a stranger become upright pixels, or an ImageError; runs in the reading process.

The limits are on what a picture claims before it is decoded: a few kilobytes can claim gigabytes.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Final

from PIL import Image, ImageOps

from bot.images import IMAGE_BYTES, ImageError, ImageFault

MAX_PIXELS: Final = 50_000_000  # what the best phones take
STRIP_WIDTH: Final = 1080
STRIP_HEIGHT: Final = 1600
OVERLAP: Final = 160  # taller than a line of text, so that none is cut in both strips
STRIPS: Final = 8

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_ANIMATED: Final = {"PNG", "WEBP", "GIF"}  # a JPEG with several frames is one photo of a phone
_DRAFT_SIDE: Final = 3000  # a JPEG larger than this is decoded at a fraction of its size
_TALL: Final = 2.5  # times as high as wide, a picture is a long screenshot

Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def open_picture(data: bytes) -> Image.Image:
    """The picture as RGB, turned the way its camera says, on white. Raises ImageError."""
    if len(data) > IMAGE_BYTES:
        raise ImageError(ImageFault.TOO_LARGE)
    try:
        with warnings.catch_warnings():
            # Pillow warns of what is odd in a picture, and of what _check refuses anyway.
            warnings.simplefilter("ignore")
            return _opened(data)
    except ImageError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise ImageError(ImageFault.TOO_LARGE) from None
    except Exception:  # noqa: BLE001 - the decoders raise whatever broken bytes lead them to
        raise ImageError(ImageFault.UNREADABLE) from None


def strips(picture: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """A picture, or a long screenshot cut into overlapping strips, each with its top.

    An engine shrinks what is too large for it, which would leave a long screenshot illegible.
    """
    if picture.height <= picture.width * _TALL or picture.height <= STRIP_HEIGHT:
        yield 0, picture
        return
    if picture.width > STRIP_WIDTH:
        height = round(picture.height * STRIP_WIDTH / picture.width)
        picture = picture.resize((STRIP_WIDTH, height))
    step = STRIP_HEIGHT - OVERLAP
    for top in range(0, min(max(picture.height - OVERLAP, 1), STRIPS * step), step):
        yield top, picture.crop((0, top, picture.width, min(top + STRIP_HEIGHT, picture.height)))


def _opened(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
        _check(picture)
        picture.draft("RGB", (_DRAFT_SIDE, _DRAFT_SIDE))
        picture.load()
        upright = _turned(picture)
        if not upright.has_transparency_data:
            return upright.convert("RGB")
        paper = Image.new("RGBA", upright.size, "white")
        return Image.alpha_composite(paper, upright.convert("RGBA")).convert("RGB")


def _turned(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # noqa: BLE001 - what the camera wrote beside the picture is broken
        return picture


def _check(picture: Image.Image) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise ImageError(ImageFault.TOO_LARGE)
    if picture.format in _ANIMATED and getattr(picture, "is_animated", False):
        raise ImageError(ImageFault.ANIMATED)

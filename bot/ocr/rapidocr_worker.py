"""The reading process: pictures in, words or a fault out, until the other side hangs up.

A process of its own, because a picture comes from a stranger and the decoders are C: what crashes,
hangs or eats memory is this process, which is started anew.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Final

from bot.images import ImageError, ImageFault
from bot.ocr.lines import Piece, join_lines, straightened
from bot.ocr.picture import OVERLAP, open_picture, strips

READY: Final = b"ready"
ENOUGH_CHARACTERS: Final = 2000  # what is asked of the assistant at most
_IDLE_SECONDS: Final = 600.0  # then half a gigabyte is given back
_SURE: Final = 0.5  # below this the engine guesses

_Engine = Callable[..., object]


def run(wire: Connection, strips_seconds: float) -> None:
    """Read what comes over the wire. Sends READY, then per picture (words, fault).

    After `strips_seconds` a long screenshot is answered by what was read of it so far.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes us
    try:
        engine = _engine()
    except Exception:  # noqa: BLE001 - not installed, or not for this machine: told at each picture
        engine = None
    wire.send_bytes(READY)
    while wire.poll(_IDLE_SECONDS):
        try:
            data = wire.recv_bytes()
        except EOFError:
            return
        wire.send(_answer(engine, data, strips_seconds))


def _answer(engine: _Engine | None, data: bytes, strips_seconds: float) -> tuple[str, str]:
    try:
        if engine is None:
            raise ImageError(ImageFault.MISSING)  # noqa: TRY301 - one way out
        words = join_lines(_pieces(engine, data, strips_seconds))
        if not words:
            raise ImageError(ImageFault.NO_TEXT)  # noqa: TRY301
    except ImageError as error:
        return "", error.fault.value
    except Exception:  # noqa: BLE001 - the engine's own failure with this picture
        return "", ImageFault.UNREADABLE.value
    return words, ""


def _engine() -> _Engine:
    import cv2  # noqa: PLC0415 - only this process pays for them
    from rapidocr import RapidOCR  # noqa: PLC0415

    cv2.setNumThreads(1)
    # One thread: the machine's other cores answer the people who write.
    one = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", "Global.text_score": _SURE, **one})


def _pieces(engine: _Engine, data: bytes, strips_seconds: float) -> Iterator[Piece]:
    """What stands in each strip; of an overlap, each strip gives the half nearer to it."""
    import numpy as np  # noqa: PLC0415

    found_characters, started = 0, time.monotonic()
    picture = open_picture(data)
    parts = list(strips(picture))
    for number, (top, strip) in enumerate(parts):
        pixels = np.ascontiguousarray(np.asarray(strip)[:, :, ::-1])  # the engine wants BGR
        first = 0 if number == 0 else OVERLAP / 2
        last = strip.height - (0 if number == len(parts) - 1 else OVERLAP / 2)
        for piece in _found(engine(pixels), straighten=len(parts) == 1):
            if first <= piece.middle < last:
                found_characters += len(piece.text)
                yield Piece(
                    piece.text, piece.left, piece.top + top, piece.right, piece.bottom + top
                )
        slow = time.monotonic() - started > strips_seconds
        if slow or found_characters >= ENOUGH_CHARACTERS:
            return


def _found(result: object, straighten: bool) -> Iterator[Piece]:
    boxes, texts = getattr(result, "boxes", None), getattr(result, "txts", None)
    if boxes is None or texts is None:
        return
    corners = straightened(boxes.tolist()) if straighten else boxes.tolist()
    for box, text in zip(corners, texts, strict=True):
        if text.strip():
            across, down = [x for x, _ in box], [y for _, y in box]
            yield Piece(text, min(across), min(down), max(across), max(down))

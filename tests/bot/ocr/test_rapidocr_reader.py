"""The real engine on pictures made here, in its real process."""

import os
import signal
import threading
import time

import pytest

from bot.images import IMAGE_BYTES, ImageError, ImageFault
from bot.ocr.rapidocr_reader import RapidOcrReader, WorkerEndedError
from tests.pictures import (
    QUESTION,
    SCAM,
    animated_gif,
    blank,
    needs_font,
    needs_ocr,
    png,
    screenshot,
)

pytestmark = needs_ocr


@pytest.fixture(scope="module")
def reader():
    reader = RapidOcrReader(seconds=240)  # a long picture on two busy cores
    yield reader
    reader.close()


def read_fault(reader, data):
    with pytest.raises(ImageError) as caught:
        reader.read(data)
    return caught.value.fault


def plain(text):
    return "".join(text.split())


@needs_font
def test_a_screenshot_is_read_from_top_to_bottom_without_its_clock_and_title(reader):
    words = reader.read(png(screenshot(SCAM)))
    assert plain(words) == plain(SCAM)
    assert "\n" in words


@needs_font
def test_a_photo_taken_sideways_is_read(reader):
    from PIL import Image  # noqa: PLC0415 - only where the extra is

    exif = Image.Exif()
    exif[0x0112] = 6
    turned = screenshot(QUESTION).rotate(90, expand=True)
    assert QUESTION in reader.read(png(turned, "JPEG", exif=exif))


@needs_font
def test_a_tilted_photo_is_read_row_by_row(reader):
    tilted = screenshot(SCAM).rotate(12, expand=True, fillcolor="gray")
    assert plain(reader.read(png(tilted, "JPEG"))) == plain(SCAM)


@needs_font
def test_a_long_screenshot_is_read_to_its_end_and_nothing_twice(reader):
    long = screenshot("请看这条。", width=1080, size=40, height=4000)
    long.paste(screenshot(SCAM, width=1080, size=40, height=900), (0, 3000))
    words = plain(reader.read(png(long)))
    assert words.count("请看这条") == 1
    assert words.count(plain(SCAM)) == 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (lambda: png(blank()), ImageFault.NO_TEXT),
        (lambda: png(blank())[:150], ImageFault.UNREADABLE),
        (lambda: "只是文字".encode() * 50, ImageFault.UNREADABLE),
        (lambda: b"", ImageFault.UNREADABLE),
        (animated_gif, ImageFault.ANIMATED),
        (lambda: b"\0" * (IMAGE_BYTES + 1), ImageFault.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_says_why(reader, data, fault):
    assert read_fault(reader, data()) is fault


def test_a_reader_that_died_is_started_again(reader):
    assert read_fault(reader, png(blank())) is ImageFault.NO_TEXT
    os.kill(reader._process.pid, signal.SIGKILL)
    reader._process.join()
    assert read_fault(reader, png(blank())) is ImageFault.NO_TEXT


def test_a_picture_that_kills_the_reader_is_unreadable_and_the_next_is_read(reader):
    read_fault(reader, png(blank()))
    os.kill(reader._process.pid, signal.SIGSTOP)  # as if at work
    faults = []
    asking = threading.Thread(target=lambda: faults.append(read_fault(reader, png(blank()))))
    asking.start()
    time.sleep(0.2)
    os.kill(reader._process.pid, signal.SIGKILL)
    asking.join()
    assert faults == [ImageFault.UNREADABLE]
    assert read_fault(reader, png(blank())) is ImageFault.NO_TEXT


def test_a_reader_that_hangs_is_given_up_and_started_again():
    reader = RapidOcrReader(seconds=60)
    try:
        read_fault(reader, png(blank()))
        hung = reader._process
        os.kill(hung.pid, signal.SIGSTOP)
        reader._seconds = 0.3
        assert read_fault(reader, png(blank())) is ImageFault.TOO_SLOW
        reader._seconds = 60
        assert read_fault(reader, png(blank())) is ImageFault.NO_TEXT
    finally:
        reader.close()


def test_a_reader_that_went_idle_just_now_is_asked_again(reader, monkeypatch):
    exchange, calls = reader._exchange, []

    def gone_at_first(image, give_up):
        calls.append(image)
        if len(calls) == 1:
            raise WorkerEndedError(idly=True)
        return exchange(image, give_up)

    monkeypatch.setattr(reader, "_exchange", gone_at_first)
    assert read_fault(reader, png(blank())) is ImageFault.NO_TEXT
    assert len(calls) == 2


def test_who_waits_too_long_for_the_others_is_told_so(reader):
    with reader._turn:
        reader._seconds = 0.05
        assert read_fault(reader, png(blank())) is ImageFault.TOO_SLOW
    reader._seconds = 60


def test_close_ends_the_process_and_reading_starts_another():
    reader = RapidOcrReader(seconds=60)
    reader.close()
    read_fault(reader, png(blank()))
    process = reader._process.pid
    reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    reader.close()

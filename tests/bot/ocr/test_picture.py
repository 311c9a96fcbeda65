import io
import struct
import zlib

import pytest

from bot.images import IMAGE_BYTES, ImageError, ImageFault

pytest.importorskip("PIL", reason="the extra ocr is not installed")
from PIL import Image, ImageDraw

from bot.ocr import picture as opening
from bot.ocr.picture import OVERLAP, STRIP_HEIGHT, open_picture, strips
from tests.pictures import animated_gif, blank, png


def fault(data: bytes) -> ImageFault:
    with pytest.raises(ImageError) as caught:
        open_picture(data)
    return caught.value.fault


def claiming(width: int, height: int) -> bytes:
    """A PNG of a few bytes that claims to be as large as this."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = b"IDAT" + zlib.compress(b"")
    parts = [
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (header, body, b"IEND")
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_each_kind_is_read_as_rgb():
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP"):
        picture = open_picture(png(blank(), kind))
        assert (picture.mode, picture.size) == ("RGB", (400, 300))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        "这是一个改名的文本文件".encode() * 100,
        png(blank())[:200],
        png(blank(), "JPEG")[:900],
        b"\x89PNG\r\n\x1a\n",
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        png(blank(), "TIFF"),
    ],
)
def test_what_is_no_whole_picture_is_unreadable(data):
    assert fault(data) is ImageFault.UNREADABLE


def test_more_bytes_or_more_pixels_than_a_phone_makes_are_too_large():
    assert fault(b"\0" * (IMAGE_BYTES + 1)) is ImageFault.TOO_LARGE
    for side in (8_000, 12_000, 60_000):
        assert fault(claiming(side, side)) is ImageFault.TOO_LARGE


def test_what_moves_is_not_read():
    assert fault(animated_gif()) is ImageFault.ANIMATED
    frames = [blank(), blank().rotate(3)]
    for kind in ("PNG", "WEBP"):
        moving = png(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
        assert fault(moving) is ImageFault.ANIMATED


def test_a_camera_held_upright_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    assert open_picture(png(blank(), "JPEG", exif=exif)).size == (300, 400)


def test_a_transparent_ground_is_white_paper():
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    ImageDraw.Draw(clear).point((3, 3), (0, 0, 0, 255))
    picture = open_picture(png(clear))
    assert (picture.getpixel((3, 3)), picture.getpixel((9, 9))) == ((0, 0, 0), (255, 255, 255))


def test_a_broken_orientation_does_not_matter():
    out = io.BytesIO()
    blank().save(out, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    assert open_picture(out.getvalue()).mode == "RGB"


def test_only_a_long_screenshot_is_cut_and_its_strips_overlap():
    assert [top for top, _ in strips(blank(1000, 2400))] == [0]
    found = list(strips(blank(1080, 6000)))
    assert [top for top, _ in found] == [n * (STRIP_HEIGHT - OVERLAP) for n in range(5)]
    assert found[-1][0] + found[-1][1].height == 6000
    assert len(list(strips(blank(100, 60_000)))) == opening.STRIPS
    assert {strip.width for _, strip in strips(blank(1440, 8000))} == {opening.STRIP_WIDTH}

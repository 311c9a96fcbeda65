"""Pictures as people forward them, made here; and whether this machine can read them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from bot.ocr.rapidocr_reader import RapidOcrReader

SCAM = (
    "【京东金融】尊敬的客户，您的白条账户异常，影响个人征信，请立即添加客服微信jd8812，"
    "或点击 http://jd-bt.top/a8 注销，否则将冻结您的银行卡。"
)
QUESTION = "秸秆能不能烧"
FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
NAMES = ("NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallback*.ttf")
INK = "#111111"


def chinese_font() -> Path | None:
    return next((f for d in FOLDERS for name in NAMES for f in d.rglob(name)), None)


needs_ocr = pytest.mark.skipif(
    not RapidOcrReader.installed(), reason="the extra ocr is not installed: pip install '.[ocr]'"
)
needs_font = pytest.mark.skipif(
    chinese_font() is None, reason="no Chinese font: apt-get install fonts-noto-cjk"
)


def png(picture: Any, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def screenshot(text: str, width: int = 750, size: int = 34, top: int = 200, height: int = 0) -> Any:
    """A phone's screen: a clock, a title, and one bubble of text."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only where the extra is

    per_row = (width - 120) // size
    rows = [text[i : i + per_row] for i in range(0, len(text), per_row)]
    tall = height or max(1000, top + 100 + len(rows) * size * 3 // 2)
    picture = Image.new("RGB", (width, tall), "#ededed")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.truetype(str(chinese_font()), size)
    draw.text((40, 20), "10:32", font=font, fill=INK)
    draw.text((width // 2 - 60, 90), "短信", font=font, fill=INK)
    box = (30, top - 20, width - 30, top + 20 + len(rows) * size * 3 // 2)
    draw.rounded_rectangle(box, 20, fill="white")
    for number, row in enumerate(rows):
        draw.text((50, top + number * size * 3 // 2), row, font=font, fill=INK)
    return picture


def blank(width: int = 400, height: int = 300) -> Any:
    from PIL import Image  # noqa: PLC0415

    return Image.new("RGB", (width, height), "#88aacc")


def animated_gif() -> bytes:
    frames = [blank(), blank().rotate(1, fillcolor="red")]
    return png(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)

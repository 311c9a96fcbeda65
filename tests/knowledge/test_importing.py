"""Files that people bring: what is read of them, and what gets nowhere."""

import contextlib
import io
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge.importing import FileReading, ImportFault, ImportFileError, draft_cards
from knowledge.importing.blocks import BlockKind
from knowledge.importing.office import read_docx
from knowledge.importing.pages import read_html, read_pdf
from knowledge.lint import lint_card

TODAY = date(2026, 11, 27)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(*paragraphs: tuple[str, str], extra: dict[str, bytes] | None = None) -> bytes:
    """A Word file: (style, text); style "" for plain."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        if style
        else f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
        for style, text in paragraphs
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(
            "word/document.xml", f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
        )
        for name, content in (extra or {}).items():
            package.writestr(name, content)
    return file.getvalue()


def pdf(text: str) -> bytes:
    """The smallest PDF with a line of text (WinAnsi)."""
    stream = f"BT /F1 12 Tf 20 100 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n"
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start
    return bytes(out)


ARTICLE = docx(
    ("Heading1", "冬天烧炉子怎么防煤气中毒"),
    ("", "来源：某市疾控中心 2025年11月3日"),
    ("", "烧炉子要装烟囱，接到屋外。头晕恶心马上开窗出去。拨打120。"),
    ("", "1. 烟囱每年掏一次。"),
    ("", "2. 装一个报警器。"),
    ("", "3. 不要在屋里烧炭盆。"),
)


def read(tmp_path, content, name, **bounds):
    path = tmp_path / "brought"
    path.write_bytes(content)
    return FileReading(**bounds).read(path, name)


def fault(tmp_path, content, name, **bounds):
    with pytest.raises(ImportFileError) as refused:
        read(tmp_path, content, name, **bounds)
    return refused.value.fault


def test_a_word_file_becomes_a_draft_that_lint_holds_back(tmp_path):
    run = draft_cards(read(tmp_path, ARTICLE, "防煤气.docx"), "防煤气.docx", "li", TODAY)
    (card,) = run.drafts
    assert card.title == "冬天烧炉子怎么防煤气中毒"
    assert card.asks == ("冬天烧炉子怎么防煤气中毒",)
    assert card.steps == ("烟囱每年掏一次。", "装一个报警器。")
    assert card.never == ("不要在屋里烧炭盆。",)
    assert "烧炉子要装烟囱" in card.answer
    assert run.source.issuer == "某市疾控中心"
    assert run.source.edition == "2025-11-03"
    assert card.unverified
    assert lint_card(card)


def test_every_heading_with_something_under_it_is_a_draft(tmp_path):
    text = "# 总题\n\n# 一、怎么量血压\n坐好再量。\n# 二、怎么吃盐\n- 少放盐\n- 不要吃咸菜\n"
    run = draft_cards(read(tmp_path, text.encode(), "a.md"), "a.md", "li", TODAY)
    assert [c.title for c in run.drafts] == ["怎么量血压", "怎么吃盐"]
    assert run.drafts[1].never == ("不要吃咸菜",)
    assert run.drafts[1].answer == "待补"


def test_sheets_pages_and_pdfs_are_read(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "电话"
    book.active.append(["卫生院", "12345", None])
    file = io.BytesIO()
    book.save(file)
    sheet = read(tmp_path, file.getvalue(), "a.xlsx")
    assert [b.text for b in sheet] == ["电话", "卫生院｜12345"]
    page = (
        "<html><script>bad()</script><h2>量血压</h2><p>坐好<b>再量</b>。"
        "<img src='http://a.example/x.png'><ul><li>歇五分钟</li></ul></html>"
    )
    blocks = read(tmp_path, page.encode(), "a.html")
    assert [(b.kind, b.text) for b in blocks] == [
        (BlockKind.HEADING, "量血压"),
        (BlockKind.TEXT, "坐好再量。"),
        (BlockKind.ITEM, "歇五分钟"),
    ]
    assert [b.text for b in read(tmp_path, pdf("Call 120"), "a.pdf")] == ["Call 120"]
    assert read(tmp_path, "坐好再量".encode("gb18030"), "a.txt")[0].text == "坐好再量"


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"x", "a.exe", ImportFault.UNKNOWN_KIND),
        (b"x", "../../etc/passwd", ImportFault.UNKNOWN_KIND),
        (b"x", "a.docm", ImportFault.MACROS),
        (docx(("", "x"), extra={"word/vbaProject.bin": b"x"}), "a.docx", ImportFault.MACROS),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "a.docx", ImportFault.ENCRYPTED),
        (b"not a zip", "a.docx", ImportFault.BROKEN),
        (docx(("", "x"))[:60], "a.docx", ImportFault.BROKEN),
        (docx(("", "x"), extra={"big": b"0" * 50_000_000}), "a.docx", ImportFault.BOMB),
        (b"%PDF-1.4 broken", "a.pdf", ImportFault.BROKEN),
        (pdf(""), "a.pdf", ImportFault.NO_TEXT),
        (b"a\x00b", "a.txt", ImportFault.BROKEN),
        (b"", "a.md", ImportFault.NO_TEXT),
    ],
)
def test_what_cannot_or_must_not_be_read_says_why(tmp_path, content, name, why):
    assert fault(tmp_path, content, name) is why


def test_a_file_that_is_too_large_is_not_opened(tmp_path):
    assert fault(tmp_path, b"x" * 2000, "a.md", most_bytes=1000) is ImportFault.TOO_LARGE


def test_reading_ends_in_time(tmp_path):
    assert fault(tmp_path, b"x", "a.md", most_seconds=0.001) is ImportFault.TOO_SLOW


def test_entities_are_not_expanded(tmp_path):
    bomb = f'<!DOCTYPE x [<!ENTITY a "aaaa">]><w:document xmlns:w="{W}">&a;</w:document>'
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("word/document.xml", bomb)
    assert fault(tmp_path, file.getvalue(), "a.docx") is ImportFault.BROKEN


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.integers(0, len(ARTICLE)))
def test_whatever_is_in_a_file_it_is_read_or_refused(tmp_path, noise, cut):
    spoiled = ARTICLE[:cut] + noise + ARTICLE[cut + len(noise) :]
    for reader, content in ((read_docx, spoiled), (read_pdf, b"%PDF" + noise), (read_html, noise)):
        path = tmp_path / "spoiled"
        path.write_bytes(content)
        # Anything else that it raises fails the test.
        with contextlib.suppress(ImportFileError):
            reader(path)

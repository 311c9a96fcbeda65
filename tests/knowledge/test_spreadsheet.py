import contextlib
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from knowledge import spreadsheet
from knowledge.spreadsheet import SpreadsheetError, read_sheets


@pytest.fixture
def book(tmp_path):
    """A small workbook, and a way to save it."""
    workbook = Workbook()
    workbook.active.append(["名称", "电话"])
    workbook.active.append(["医院", "0000-0000001"])

    def save(name: str = "table.xlsx"):
        path = tmp_path / name
        workbook.save(path)
        return path

    return workbook, save


def rewrite(path, change) -> None:
    """Write a zip anew, its parts changed by `change(parts)`."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def test_rows_keep_their_numbers_and_blank_ones_are_left_out(book):
    workbook, save = book
    workbook.active["A5"] = "派出所"
    workbook.active["A6"] = "  "
    (sheet,) = read_sheets(save())
    assert [number for number, _ in sheet.rows] == [1, 2, 5]
    assert sheet.rows[1][1][:2] == ("医院", "0000-0000001")


def test_hidden_sheets_are_left_out(book):
    workbook, save = book
    workbook.create_sheet("旧表").sheet_state = "hidden"
    workbook.create_sheet("说明").append(["怎么填"])
    assert [sheet.name for sheet in read_sheets(save())] == ["Sheet", "说明"]


def test_a_range_merged_downwards_gives_every_row_its_value(book):
    workbook, save = book
    workbook.active.append(["卫生院", "0000-0000002"])
    workbook.active.append(["村卫生室", "0000-0000003"])
    for row, name in enumerate(["地区", "示例县", None, None], 1):
        workbook.active.cell(row, 3, name)
    workbook.active.merge_cells("C2:C4")
    (sheet,) = read_sheets(save())
    assert [cells[2] for _, cells in sheet.rows] == ["地区", "示例县", "示例县", "示例县"]


def test_a_range_merged_over_the_whole_sheet_is_no_trouble(book):
    _, save = book
    path = save()

    def merge_all(parts):
        name = "xl/worksheets/sheet1.xml"
        merged = b'</sheetData><mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        parts[name] = parts[name].replace(b"</sheetData>", merged)

    rewrite(path, merge_all)
    (sheet,) = read_sheets(path)
    assert [cells[0] for _, cells in sheet.rows] == ["名称", "名称"]


def test_a_cell_far_out_does_not_make_the_table_large(book):
    workbook, save = book
    workbook.active["XFD1048576"] = "x"
    (sheet,) = read_sheets(save())
    assert len(sheet.rows) == 2
    assert all(len(cells) <= spreadsheet.COLUMNS for _, cells in sheet.rows)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("mark", [",", "\t", ";"])
def test_a_csv_is_read_in_the_encodings_people_have(tmp_path, encoding, mark):
    path = tmp_path / "table.csv"
    path.write_bytes(f'名称{mark}电话\r\n"医{mark}院\n东区"{mark}0000-0000001\r\n'.encode(encoding))
    (sheet,) = read_sheets(path)
    assert sheet.rows == (
        (1, ("名称", "电话")),
        (2, (f"医{mark}院\n东区", "0000-0000001")),
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "空的"),
        (b" \r\n ", "空的"),
        (spreadsheet._OLE + b"\0" * 600, "老的"),
        (spreadsheet._OLE + "EncryptedPackage".encode("utf-16-le"), "密码"),
        ("名称,电话".encode("utf-16"), "编码"),
        (b"%PDF-1.7\xff\xfe\x00", "只认"),
        (b"PK\x03\x04 broken", "坏了"),
        (b"a,b\n" + b'"' + b"x" * 200_000, "引号"),
    ],
)
def test_what_is_no_table_says_what_to_do(tmp_path, raw, says):
    path = tmp_path / "table.xlsx"
    path.write_bytes(raw)
    with pytest.raises(SpreadsheetError, match=says):
        read_sheets(path)


@pytest.mark.parametrize("name", ["table.xlsm", "table.xlsx"])
def test_macros_are_refused_whatever_the_file_is_called(book, name):
    _, save = book
    path = save(name)
    rewrite(path, lambda parts: parts.update({"xl/vbaProject.bin": b"macro"}))
    with pytest.raises(SpreadsheetError, match="宏"):
        read_sheets(path)


def test_a_zip_that_is_no_workbook_says_so(tmp_path):
    path = tmp_path / "table.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(SpreadsheetError, match="不是表格"):
        read_sheets(path)


def test_200_megabytes_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "table.xlsx"
    with path.open("wb") as file:
        file.truncate(200_000_000)
    monkeypatch.setattr("pathlib.Path.read_bytes", lambda _: pytest.fail("read"))
    with pytest.raises(SpreadsheetError, match="最多10兆"):
        read_sheets(path)


def test_a_zip_bomb_is_refused_unpacked(book, monkeypatch):
    _, save = book
    path = save()
    rewrite(path, lambda parts: parts.update({"xl/media/image1.png": b"\0" * 40_000_000}))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(spreadsheet, "load_workbook", lambda *_, **__: pytest.fail("unpacked"))
    with pytest.raises(SpreadsheetError, match="展开以后太大"):
        read_sheets(path)


def test_a_part_that_lies_about_its_size_is_a_broken_file(book):
    _, save = book
    path = save()
    size = 40_000_000
    part = "xl/worksheets/sheet1.xml"
    rewrite(path, lambda parts: parts.update({part: parts[part].ljust(size)}))
    raw = path.read_bytes()
    path.write_bytes(raw.replace(size.to_bytes(4, "little"), (500).to_bytes(4, "little")))
    with pytest.raises(SpreadsheetError, match="坏了"):
        read_sheets(path)


def test_too_many_rows_are_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("名称,电话\n" + "医院,1\n" * spreadsheet.ROWS, "utf-8")
    with pytest.raises(SpreadsheetError, match="最多5000行"):
        read_sheets(path)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match=r"none\.xlsx"):
        read_sheets(tmp_path / "none.xlsx")


@given(raw=st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_clear_error(raw, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "table.csv"
    for body in (raw, b"PK\x03\x04" + raw, spreadsheet._OLE + raw):
        path.write_bytes(body)
        with contextlib.suppress(SpreadsheetError):
            read_sheets(path)


@given(cuts=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_workbook_is_a_table_or_a_clear_error(cuts, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "table.xlsx"
    workbook = Workbook()
    workbook.active.append(["名称", "电话"])
    workbook.save(path)
    raw = bytearray(path.read_bytes())
    for place, value in cuts:
        raw[int(place * (len(raw) - 1))] = value
    path.write_bytes(raw)
    with contextlib.suppress(SpreadsheetError):
        read_sheets(path)

import contextlib
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, to_excel

from knowledge.cells import CellError, read_date, read_hours, read_phones, read_text
from knowledge.hotline import find_numbers
from tests.samples import CELLS, midnight


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("0571-1234567", ["0571-1234567"]),
        ("０５７１－１２３４５６７", ["0571-1234567"]),
        ("0571 — 1234567", ["0571-1234567"]),
        ("（0571）1234567", ["0571-1234567"]),
        ("057112345678", ["0571-12345678"]),
        (57112345678.0, ["0571-12345678"]),  # a number has lost its first 0
        (1012345678, ["010-12345678"]),
        (13800000000.0, ["13800000000"]),
        ("138 0000 0000", ["13800000000"]),
        ("+86 138-0000-0000", ["13800000000"]),
        ("4001234567", ["400-123-4567"]),
        ("0571-1234567转801", ["0571-1234567转801"]),
        ("0571-1234567-801", ["0571-1234567转801"]),
        ("急诊：0571-1234567、办公室（0571-1234568）", ["急诊0571-1234567", "办公室0571-1234568"]),
        ("0571-1234567 0571-1234568", ["0571-1234567", "0571-1234568"]),
        ("0571-1234567\n13800000000", ["0571-1234567", "13800000000"]),
        ("0571-1234567；0571-1234567", ["0571-1234567"]),
        ("12345", ["12345"]),
        (110, ["110"]),
        ("0000-0000000", ["0000-0000000"]),
        ("暂无", []),
        (None, []),
    ],
)
def test_phone_numbers_come_out_in_one_form(cell, phones):
    assert list(read_phones(cell)) == phones


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("1234567", "看不懂"),
        ("7654321", "缺区号"),
        (87654321, "缺区号"),
        ("5.7112E+10", "科学计数"),
        ("0571-1234567/68", "写全"),
        ("0571-1234567-8", "写全"),
        ("0571-123", "看不懂"),
        ("138000000001", "看不懂"),
        ("张主任", "看不懂"),
        ("工作日上午找办公室里的值班人员0571-1234567", "说明太长"),
        (True, "真/假"),
        (midnight(2026, 1, 5), "当成日期"),
        ("#REF!", "出错标记"),
        (float("nan"), "不是数"),
    ],
)
def test_a_number_that_cannot_be_dialled_says_why(cell, says):
    with pytest.raises(CellError, match=says):
        read_phones(cell)


@pytest.mark.parametrize("text", ["0571-1234567", "138 0000 0000", "4001234567", "12345"])
def test_every_number_that_is_read_is_one_that_lint_finds(text):
    (phone,) = read_phones(text)
    assert list(find_numbers(f"电话：{phone}。")) == [phone]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-1-5",
        "2026/01/05",
        "2026.1.5",
        "2026年1月5日",
        "２０２６－１－５",
        "20260105",
        20260105,
        "2026-01-05 00:00:00",
        datetime.combine(date(2026, 1, 5), time(9, 30)),
        date(2026, 1, 5),
        int(to_excel(midnight(2026, 1, 5))),
        float(to_excel(midnight(2026, 1, 5))),
    ],
)
def test_a_day_is_read_however_it_is_written(cell):
    assert read_date(cell) == date(2026, 1, 5)


def test_a_day_number_counts_from_the_workbooks_own_epoch():
    day = midnight(2026, 1, 5)
    number = int(to_excel(day, CALENDAR_MAC_1904))
    assert read_date(number, CALENDAR_MAC_1904) == day.date()
    assert read_date(number, CALENDAR_WINDOWS_1900) != day.date()


@pytest.mark.parametrize(
    "cell", ["2026年1月", "2026", "2026-13-1", "2026-2-30", "去年", 0.5, 7, date(1900, 1, 5), "1.5"]
)
def test_what_is_no_whole_day_is_refused(cell):
    with pytest.raises(CellError, match="年月日"):
        read_date(cell)


@pytest.mark.parametrize(
    ("cell", "hours"),
    [
        ("周一至周五 8:00-17:30", "周一至周五8点到17点半"),
        ("8：00—11：30，14:00~17:15", "8点到11点半，14点到17点15分"),
        ("08:00-12:00\n13:00-17:00", "8点到12点；13点到17点"),
        (time(8, 30), "8点半"),
        ("全天", "全天"),
        ("24小时", "24小时"),
    ],
)
def test_hours_are_for_the_ear(cell, hours):
    assert read_hours(cell) == hours


@pytest.mark.parametrize("cell", [date(2026, 8, 17), 0.3541, timedelta(hours=8)])
def test_hours_that_excel_took_for_something_else_are_refused(cell):
    with pytest.raises(CellError, match="文本"):
        read_hours(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("　示例县 人民\n医院 ", "示例县人民医院"),
        ("Ａ１２楼，东（北）门", "A12楼，东（北）门"),
        ("a  b", "a b"),
        ("坏\ud800\x00\u200b字", "坏字"),
        (301.0, "301"),
        (None, ""),
    ],
)
def test_text_is_made_clean(cell, text):
    assert read_text(cell) == text


@given(CELLS)
def test_any_cell_is_read_or_refused_in_chinese(cell):
    for read in (read_text, read_phones, read_hours, read_date):
        with contextlib.suppress(CellError):
            read(cell)


@given(st.integers(2000, 2099).flatmap(lambda y: st.dates(date(y, 1, 1), date(y, 12, 31))))
def test_a_day_written_in_any_way_is_the_same_day(day):
    forms = [day, day.isoformat(), f"{day:%Y/%m/%d}", f"{day.year}年{day.month}月{day.day}日"]
    assert {read_date(form) for form in [*forms, int(to_excel(day))]} == {day}

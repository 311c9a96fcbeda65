import pytest

from bot.ocr.lines import Piece, join_lines, straightened


def piece(text: str, left: float, top: float, width: float = 100, height: float = 20) -> Piece:
    return Piece(text, left, top, left + width, top + height)


def test_nothing_found_is_no_text():
    assert join_lines([]) == ""


def test_rows_go_from_top_to_bottom_and_left_to_right():
    pieces = [piece("下", 0, 100), piece("右", 200, 3), piece("左", 0, 0), piece("中", 0, 40)]
    assert join_lines(pieces) == "左 右\n中\n下"


def test_a_tilted_page_is_made_level():
    tilted = [[(0, 0), (98, 20), (94, 40), (-4, 20)], [(-10, 50), (88, 70), (84, 90), (-14, 70)]]
    for box in straightened(tilted):
        assert box[0][1] == pytest.approx(box[1][1], abs=0.01)
    assert straightened([]) == []


def test_a_number_that_wraps_stays_one_number():
    pieces = [piece("卡号62220212", 0, 0, 200), piece("345678901，谢谢", 0, 26, 150)]
    assert join_lines(pieces) == "卡号62220212345678901，谢谢"


def test_numbers_far_apart_stay_apart():
    assert join_lines([piece("95588", 0, 0), piece("10086", 0, 80)]) == "95588\n10086"


@pytest.mark.parametrize(
    "text",
    ["10:32", "下午 3:05", "昨天22:10", "87%", "5G", "HD", "< 短信", "短信/彩信", "发送", "返回"],
)
def test_a_screens_furniture_is_left_out(text):
    assert join_lines([piece(text, 0, 0), piece("妈，转我五千", 0, 80)]) == "妈，转我五千"


@pytest.mark.parametrize("text", ["135/85", "8点到12点停水", "验证码 4821", "返回款项", "微信号"])
def test_what_a_message_says_is_no_furniture(text):
    assert join_lines([piece(text, 0, 0)]) == text

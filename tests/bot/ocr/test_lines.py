from bot.ocr.lines import Piece, join_lines


def piece(text: str, left: float, top: float, width: float = 100, height: float = 20) -> Piece:
    return Piece(text, left, top, left + width, top + height)


def test_nothing_found_is_no_text():
    assert join_lines([]) == ""


def test_rows_go_from_top_to_bottom_and_left_to_right():
    pieces = [piece("下", 0, 100), piece("右", 200, 3), piece("左", 0, 0), piece("中", 0, 40)]
    assert join_lines(pieces) == "左 右\n中\n下"


def test_a_number_that_wraps_stays_one_number():
    pieces = [piece("卡号62220212", 0, 0, 200), piece("345678901，谢谢", 0, 26, 150)]
    assert join_lines(pieces) == "卡号62220212345678901，谢谢"


def test_numbers_far_apart_stay_apart():
    assert join_lines([piece("10:32", 0, 0), piece("10086", 0, 80)]) == "10:32\n10086"

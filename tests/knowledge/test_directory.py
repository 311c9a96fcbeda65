"""Local places from a spreadsheet, with real .xlsx files."""

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.datetime import to_excel

from knowledge.card import CardKind, Evidence
from knowledge.cardfile import parse_card, render_card
from knowledge.directory import import_places
from knowledge.lint import fold, lint_card, lint_cards
from knowledge.place import COLUMNS, REQUIRED, RowError, load_categories, read_place
from knowledge.spreadsheet import Sheet, SpreadsheetError, read_sheets
from knowledge.store import CardStore
from tests.places import HOSPITAL, STATION, TODAY, card_of, imported, save_workbook, sheet_of
from tests.samples import CELLS, make_card, midnight


def problems(*rows) -> list[str]:
    return [str(problem) for problem in imported(*rows).problems]


@pytest.fixture
def workbook(tmp_path):
    """Rows as a person saves them in a workbook, read back from disk."""

    def read(*rows, change=lambda sheet: None):
        path = save_workbook(tmp_path / "table.xlsx", *rows, change=change)
        return import_places(read_sheets(path), TODAY)

    return read


def test_a_row_becomes_a_card_that_says_where_phone_and_hours_in_one_breath():
    card = card_of()
    assert card.kind is CardKind.DIRECTORY
    assert card.answer == (
        "甲县人民医院在甲县东街1号。电话：0571-0000001。看病时间：8点到17点半。做什么：看病、体检。"
    )
    assert card.details == "怎么去：坐1路车。"
    assert "120" in card.seek_help
    assert card.regions == ("乙省丙市甲县",)
    assert (card.valid_until, card.review_due) == (date(2027, 10, 31), date(2027, 10, 1))
    (source,) = card.sources
    assert (source.issuer, source.title, source.edition) == (
        "甲县卫生健康局",
        "医疗机构名单",
        "2026-11-01",
    )
    assert source.evidence is Evidence.PRIMARY


def test_what_nobody_says_was_read_is_not_passed_off_as_read():
    assert card_of(看到原文="").sources[0].evidence is Evidence.SECONDARY


def test_the_asks_are_how_people_say_it():
    card = card_of()
    assert card.asks[0] == "甲县人民医院在哪里，电话多少"
    assert {
        "县医院在哪",
        "人民医院电话是多少",
        "想去甲县人民医院看病",
        "甲县看病去哪家医院",
    } <= set(card.asks)
    assert len({fold(ask) for ask in card.asks}) == len(card.asks) >= 6
    assert len(card.not_asks) == 2


def test_an_imported_card_reads_back_from_a_file_and_has_no_findings():
    found = imported(HOSPITAL, STATION)
    assert lint_cards(found.cards) == []
    for card in found.cards:
        assert parse_card(render_card(card)) == card


@pytest.mark.parametrize("name", sorted(c.name for c in set(load_categories().values())))
def test_every_category_gives_a_card_without_findings(name):
    barest = {column: HOSPITAL[column] for column in REQUIRED}
    for row in (HOSPITAL, barest):
        found = imported({**row, "类别": name, "名称": f"甲县{name}"})
        assert found.problems == ()
        assert "电话" in found.cards[0].answer


def test_no_word_stands_for_two_categories():
    categories = {c.name: c for c in load_categories().values()}
    words = [word for c in categories.values() for word in (c.name, *c.also)]
    assert len(words) == len(set(words))


def test_without_a_phone_it_says_whom_to_ask():
    card = card_of(电话="", 开放时间="")
    assert "没有登记电话，去之前打12345问一问" in card.answer
    assert not any("电话" in ask and "挂号" not in ask for ask in card.asks)


def test_what_does_not_fit_one_breath_is_told_below():
    card = card_of(做什么="看" * 79)
    assert len(card.answer) <= 120
    assert f"做什么：{'看' * 79}。" in card.details.splitlines()


def test_every_number_it_says_is_in_its_own_source():
    card = card_of(电话="急诊0571-0000001转801、13800000000", 名称="甲县301医院")
    assert lint_card(card) == []
    assert "13800000000" in card.answer
    without = card.sources[0].model_copy(update={"supports": ("地址：甲县东街1号",)})
    found = {
        finding.message for finding in lint_card(card.model_copy(update={"sources": (without,)}))
    }
    assert "电话13800000000没有出现在它自己来源的 supports 里" in found
    assert "数字801没有出现在任何来源的 supports 里" in found


def test_a_number_that_holds_a_hotlines_digits_is_one_number():
    assert "0571-88120119" in card_of(电话="0571-88120119").answer


def test_a_local_number_is_allowed_in_a_directory_card_only():
    sources = [s.model_dump() for s in card_of().sources]
    advice = make_card(seek_help="打0571-0000001问。", sources=sources)
    assert [f.part for f in lint_card(advice)] == ["seek_help"]


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"regions": ()}, "regions"),
        ({"valid_until": None}, "valid_until"),
        ({"answer": "甲县人民医院在甲县东街1号。"}, "answer"),
        ({"answer": "甲县人民医院电话0571-0000001。"}, "answer"),
        ({"details": "司机电话13900000000。"}, "details"),
        ({"details": "每天吃2片。"}, "details"),
    ],
)
def test_lint_knows_what_a_directory_card_must_have(change, part):
    card = card_of().model_copy(update=change)
    assert part in {finding.part for finding in lint_card(card)}


def test_the_same_file_gives_the_same_cards_in_any_order_of_rows():
    once, again = imported(HOSPITAL, STATION), imported(STATION, HOSPITAL)
    assert {c.digest for c in once.cards} == {c.digest for c in again.cards}


def test_a_new_number_is_a_new_revision_of_the_same_card(sqlite_engine):
    store = CardStore(sqlite_engine)
    for phone in ("0571-0000001", "0571-0000001", "0571-0000009"):
        store.save(card_of(电话=phone), "li")
    assert [(row.latest, row.published) for row in store.rows()] == [(2, None)]


def test_keys_do_not_depend_on_how_a_cell_is_typed_and_tell_places_apart():
    assert card_of(名称="　甲县 人民医院").key == card_of().key
    assert card_of().key.startswith("directory.yishengbingshijiaxian.")
    others = [
        card_of(名称="甲县仁民医院"),
        card_of(地区="乙省丙市丁县"),
        card_of(名称="甲县人民医院（东院）"),
    ]
    assert len({card.key for card in (card_of(), *others)}) == 4


def test_two_places_of_one_name_are_asked_for_by_their_own_region():
    rows = [
        {**HOSPITAL, "类别": "科普活动站", "名称": "科普活动站", "地区": region, "别名": ""}
        for region in ("甲县城关镇东街村", "甲县城关镇西街村", "丁县城关镇西街村")
    ]
    found = imported(*rows)
    assert found.problems == ()
    assert [c.asks[0] for c in found.cards] == [
        "东街村科普活动站在哪里，电话多少",
        "甲县城关镇西街村科普活动站在哪里，电话多少",
        "丁县城关镇西街村科普活动站在哪里，电话多少",
    ]
    assert found.cards[0].title.startswith("东街村科普活动站")
    assert lint_cards(found.cards) == []


def test_two_campuses_are_two_cards():
    found = imported(*({**HOSPITAL, "名称": f"甲县医院（{n}院）", "别名": ""} for n in "东西"))
    assert [c.asks[0] for c in found.cards] == [
        "甲县医院东院在哪里，电话多少",
        "甲县医院西院在哪里，电话多少",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"电话": "7654321"}, "第2行 电话：“7654321”缺区号"),
        ({"电话": "5.7E+10"}, "第2行 电话：被表格写成了科学计数"),
        ({"类别": "饭店"}, "第2行 类别：没有“饭店”这一类，从这些里选：医院、卫生院"),
        ({"名称": " "}, "第2行 名称：没有填"),
        ({"名称": "……"}, "第2行 名称：没有字"),
        ({"地址": "街" * 61}, "第2行 地址：太长（61字），最多60字"),
        ({"来源日期": "去年"}, "第2行 来源日期：“去年”不是日子"),
        ({"来源日期": "2026-12-01"}, "第2行 来源日期：2026-12-01还没到"),
        ({"来源日期": "2024-12-01", "有效期至": ""}, "第2行 来源日期：是一年以前的了"),
        ({"有效期至": "2026-11-24"}, "第2行 有效期至：2026-11-24已经过了"),
        ({"看到原文": "也许"}, "第2行 看到原文：只写“是”或“否”"),
        ({"做什么": "祖传秘方，包治百病"}, "第2行 卡片：不能说“包治”"),
        (
            {"地址": "街" * 60, "名称": "院" * 40, "电话": "0571-0000001、0571-0000002"},
            "第2行 地址：名称、地址、电话合起来最多120字",
        ),
    ],
)
def test_a_bad_row_names_its_row_and_column(change, says):
    found = problems({**HOSPITAL, **change})
    assert any(problem.startswith(says) for problem in found), found


def test_a_row_tells_all_its_mistakes_and_the_others_go_on():
    found = imported({**HOSPITAL, "电话": "1", "地址": "", "来源日期": "x"}, STATION)
    assert [(p.row, p.column) for p in found.problems] == [
        (2, "地址"),
        (2, "电话"),
        (2, "来源日期"),
    ]
    assert len(found.cards) == 1


def test_the_same_place_twice_and_one_nickname_for_two_are_named():
    assert problems(HOSPITAL, HOSPITAL) == [
        "第3行 名称：和第2行是同一家（地区和名称一样），合成一行"
    ]
    assert problems(HOSPITAL, {**STATION, "别名": "站、县医院"}) == [
        "第3行 别名：“县医院”第2行已经用了，只能归一家"
    ]


def test_an_undated_row_holds_for_a_year():
    assert card_of(有效期至="").valid_until == date(2027, 11, 1)


def test_the_header_may_stand_below_a_title_with_marks_in_any_order():
    columns = ("序号", "名称*", "类别（必填）", *(c for c in COLUMNS if c not in {"名称", "类别"}))
    row = {**HOSPITAL, "名称*": "甲县人民医院", "类别（必填）": "医院", "序号": 1}
    sheet = sheet_of(row, columns=columns, first=4)
    titled = Sheet("", ((1, ("甲县科普资源一览表",)), *sheet.rows))
    found = import_places([Sheet("说明", ((1, ("怎么填",)),)), titled], TODAY)
    assert [c.digest for c in found.cards] == [card_of().digest]
    assert found.unused == ("序号",)


@pytest.mark.parametrize(
    ("sheets", "says"),
    [
        ([], "没有找到表头"),
        ([Sheet("", ((1, ("姓名", "年龄")),))], "没有找到表头。第一行写上这些列：类别、名称"),
        ([sheet_of(columns=("类别", "名称", "地区", "电话"))], "第1行表头缺：地址、来源单位"),
        ([sheet_of(columns=(*COLUMNS, "电话"))], "第1行表头写了两遍：电话"),
        ([sheet_of(name="一"), sheet_of(name="二")], "有几张表都有表头（一、二）"),
    ],
)
def test_a_table_without_a_usable_header_says_so(sheets, says):
    with pytest.raises(SpreadsheetError, match=says):
        import_places(sheets, TODAY)


def test_what_excel_makes_of_cells_comes_out_right(workbook):
    typed = {
        **HOSPITAL,
        "电话": 57112345678.0,
        "来源日期": midnight(2026, 11, 1),
        "有效期至": int(to_excel(midnight(2027, 10, 31))),
    }
    found = workbook(typed)
    assert [c.digest for c in found.cards] == [card_of(电话="0571-12345678").digest]


def test_a_merged_region_belongs_to_every_row_it_spans(workbook):
    def merge(sheet):
        column = list(COLUMNS).index("地区") + 1
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)

    found = workbook(HOSPITAL, {**STATION, "地区": None}, change=merge)
    assert [c.digest for c in found.cards] == [c.digest for c in imported(HOSPITAL, STATION).cards]


def test_a_range_merged_sideways_leaves_the_second_cell_empty(workbook):
    found = workbook(HOSPITAL, change=lambda sheet: sheet.merge_cells("C2:D2"))
    assert [str(p) for p in found.problems] == ["第2行 地址：没有填"]


def test_a_header_alone_gives_nothing(workbook):
    assert workbook() == imported()
    assert imported().cards == ()


@given(row=st.dictionaries(st.sampled_from(list(COLUMNS)), CELLS))
def test_any_row_is_a_place_or_a_row_error(row):
    with contextlib.suppress(RowError):
        assert read_place(7, row, TODAY).row == 7


WORDS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x9FFF, blacklist_categories=("Cs",)),
    max_size=20,
)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {
                "类别": st.sampled_from(list(load_categories())),
                "名称": WORDS,
                "地区": st.sampled_from(["甲县", "乙县东村", "丙省"]),
                "地址": WORDS,
                "电话": st.sampled_from(["0571-0000001", "13800000000", "", "无", 57112345678.0]),
                "做什么": WORDS,
                "别名": WORDS,
            }
        ).map(lambda changes: {**HOSPITAL, **changes}),
        max_size=4,
    )
)
def test_any_table_gives_clean_cards_or_problems_and_twice_the_same(rows):
    found = imported(*rows)
    assert found == imported(*rows)
    assert len(found.cards) + len({problem.row for problem in found.problems}) == len(rows)
    assert {finding.part for finding in lint_cards(found.cards)} <= {"example"}

"""A spreadsheet of local places, from the command line to what a resident is told."""

import csv
from datetime import date

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.assistant.answer import AnswerVerdict
from bot.assistant.composer import Composer
from knowledge.card import Revision
from knowledge.place import COLUMNS
from knowledge.spreadsheet import read_sheets
from knowledge.store import ExampleCardError
from prompts import load_wording
from tests.places import EXAMPLE, HOSPITAL, STATION, TODAY, card_of, imported, save_workbook
from tests.samples import make_card

RUN = CliRunner()


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write rows to a real .xlsx file; the command line keeps its data beside it."""
    monkeypatch.setenv("KEPUBANG_DATA_DIR", str(tmp_path / "data"))

    def write(*rows) -> str:
        return str(save_workbook(tmp_path / "places.xlsx", *rows))

    return write


def current(row) -> dict[str, object]:
    """The row, with dates that hold on the day the test runs."""
    today = date.today()  # noqa: DTZ011 - the command takes the day here
    return {**row, "来源日期": today, "有效期至": today.replace(year=today.year + 1, day=1)}


def run(*arguments: str, code: int = 0) -> str:
    result = RUN.invoke(app, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout


def test_looking_shows_cards_and_mistakes_and_saves_nothing(table):
    file = table(current(HOSPITAL), {**current(STATION), "电话": "7654321"})
    said = run("cards", "import-directory", file, code=1)
    assert "甲县人民医院在甲县东街1号。电话：0571-0000001。" in said
    assert "第3行 电话：“7654321”缺区号" in said
    assert "1 张卡片没问题，1 行要改" in said
    assert "还没有存" in said
    assert run("cards", "list") == ""


def test_saving_makes_drafts_and_saving_again_changes_nothing(table):
    file = table(current(HOSPITAL), current(STATION))
    assert "新的 2 张，改了的 0 张，没变的 0 张" in run("cards", "import-directory", file, "--save")
    assert run("cards", "list").count("\tdraft\t最新第1版\t未发布") == 2
    assert "新的 0 张，改了的 0 张，没变的 2 张" in run("cards", "import-directory", file, "--save")
    file = table({**current(HOSPITAL), "电话": "0571-0000009"}, current(STATION))
    assert "新的 0 张，改了的 1 张，没变的 1 张" in run("cards", "import-directory", file, "--save")


def test_the_example_is_shown_and_saved_but_never_published(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPUBANG_DATA_DIR", str(tmp_path / "data"))
    with EXAMPLE.open(encoding="utf-8-sig", newline="") as file:
        rows = [current(row) for row in csv.DictReader(file)]
    path = tmp_path / "example.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    assert "只能看，不能发布" in run("cards", "import-directory", str(path), "--save")
    key = run("cards", "list").split("\t")[0]
    result = RUN.invoke(app, ["cards", "publish", key])
    assert isinstance(result.exception, ExampleCardError)
    assert "未发布" in run("cards", "list")


def test_a_file_that_is_no_table_is_one_plain_line(tmp_path):
    path = tmp_path / "letter.csv"
    path.write_text("您好，附件是名单。\n", "utf-8")
    result = RUN.invoke(app, ["cards", "import-directory", str(path)])
    assert "没有找到表头" in str(result.exception)


def test_a_directory_card_says_place_then_the_rest_then_where_it_is_from():
    answer = Composer(load_wording()).compose(
        Revision(card=card_of(), number=1, author="li"), 1, (), TODAY
    )
    assert answer.text.split("\n\n") == [
        "甲县人民医院在甲县东街1号。电话：0571-0000001。看病时间：8点到17点半。做什么：看病、体检。",
        "怎么去：坐1路车。",
        "什么时候找人帮忙：\n急病、重伤，别自己赶路，马上打120。",
        "来源：\n· 甲县卫生健康局：医疗机构名单，2026-11-01\n核对日期：2026-11-01",
    ]
    assert answer.hotlines == ("120",)


def test_details_of_other_cards_come_last_before_the_sources():
    card = make_card(details="隔夜的茶别喝。")
    answer = Composer(load_wording()).compose(
        Revision(card=card, number=1, author="li"), 1, (), TODAY
    )
    parts = answer.text.split("\n\n")
    assert parts[-2] == "还要知道：\n隔夜的茶别喝。"
    assert parts[-1].startswith("来源：")


@pytest.mark.parametrize(
    "question", ["县医院电话多少", "甲县人民医院在哪", "人民医院几点有人", "想去人民医院看病"]
)
def test_residents_are_told_what_the_table_says(house, question):
    for card in imported(HOSPITAL, STATION).cards:
        house.store.save(card.model_copy(update={"valid_until": None}), "li")
        house.store.publish(card.key, "wang")
    house.indexer.refresh()
    answer = house.assistant.answer(question)
    assert answer.verdict is AnswerVerdict.ANSWERED
    assert "0571-0000001" in answer.text


def test_the_example_file_itself_opens():
    assert len(read_sheets(EXAMPLE)[0].rows) == 10

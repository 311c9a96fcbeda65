from typer.testing import CliRunner

from bot.__main__ import app

RUN = CliRunner()


def run(*arguments: str, code: int = 0) -> str:
    result = RUN.invoke(app, ["calendar", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def test_it_says_what_is_on_what_comes_and_the_cards():
    now, later = run("--date", "2027-06-15", "--days", "3").split("往后 3 天：")
    assert "6月15日  防范非法金融活动集中宣传日（见公开转载）" in now
    assert "6月整月  全国安全生产月（按往年推算是第26个，先核通知）" in now
    assert "6月（哪天看当年通知）  “全民反诈在行动”集中宣传月" in now
    assert "卡片：law.illegal_fundraising 怎么认出非法集资" in now
    assert "6月16日  安全宣传咨询日" in later
    assert "全国安全生产月" not in later


def test_what_was_worked_out_or_not_read_says_so():
    said = run("--date", "2027-02-05", "--days", "5")
    assert "2月6日  春节（推算，以紫金山天文台为准）" in said
    assert "2月5日到2月8日  春节放假（除夕到初三，4天）（哪天是推算的）" in said
    assert "2月2日" not in said
    assert "全年  每季一学：放大字、查扣费、急救号、认链接（公认，没有读到原文）" in said


def test_a_draft_says_so_and_an_expired_card_is_left_out():
    assert "calendar.solar_terms.second_half 2027年下半年的节气是哪天（草稿）" in run(
        "--date", "2027-12-07"
    )
    assert "calendar.2026_12" in run("--date", "2026-12-02", "--days", "0")
    assert "calendar.2026_12" not in run("--date", "2027-12-02", "--days", "0")


def test_today_is_the_default():
    assert "往后 30 天：" in run()


def test_a_date_it_cannot_read_is_refused_in_plain_chinese():
    assert "日期要写成" in run("--date", "五月", code=2)
    assert "只能看" in run("--date", "3000-01-01", code=2)

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from knowledge.calendar import (
    YEARS,
    DateEvidence,
    Observance,
    coming,
    load_calendar,
    occurrences,
    on,
)
from knowledge.cardfile import read_cards
from knowledge.recurrence import SOLAR_TERMS, WEEKDAYS, ByNotice, Rule, solar_terms
from knowledge.starterpack import PACK

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
MONTHS = st.integers(1, 12)
YEAR_DAYS = st.dates(date(2001, 1, 1), date(2001, 12, 31))


def observance(rule: dict[str, object], **fields: object) -> Observance:
    return Observance.model_validate(
        {"key": "some_day", "name": "某日", "rule": rule, "evidence": "unseen", **fields}
    )


def days_of(key: str, year: int) -> list[tuple[date | None, date | None]]:
    return [(one.start, one.end) for one in occurrences(year) if one.observance.key == key]


@st.composite
def rules(draw: st.DrawFn) -> dict[str, object]:
    day, other = sorted((draw(YEAR_DAYS), draw(YEAR_DAYS)))
    lunar_day = draw(st.integers(1, 29) | st.just(-1))
    return draw(
        st.sampled_from(
            [
                {"kind": "date", "month": day.month, "day": day.day},
                {"kind": "week", "month": day.month, "day": day.day},
                {
                    "kind": "span",
                    "month": day.month,
                    "day": day.day,
                    "to_month": other.month,
                    "to_day": other.day,
                },
                {"kind": "months", "month": draw(MONTHS), "to_month": draw(st.none() | MONTHS)},
                {
                    "kind": "weekday",
                    "month": draw(MONTHS),
                    "nth": draw(st.sampled_from([1, 2, 3, 4, -1])),
                    "weekday": draw(st.sampled_from(WEEKDAYS)),
                },
                {"kind": "solar_term", "term": draw(st.sampled_from(SOLAR_TERMS))},
                {
                    "kind": "lunar",
                    "month": draw(MONTHS),
                    "day": lunar_day,
                    "days": draw(st.integers(1, 60)),
                },
                {"kind": "notice", "months": draw(st.lists(MONTHS, min_size=1))},
            ]
        )
    )


@given(rules(), st.sampled_from(YEARS))
@settings(deadline=None)
def test_every_occurrence_of_any_rule_lies_in_its_year_in_order(rule, year):
    for one in occurrences(year, [observance(rule)]):
        assert one.announced == (rule["kind"] == "notice")
        if one.announced:
            assert one.start is one.end is None
            assert set(one.months) == set(rule["months"])
        else:
            assert date(year, 1, 1) <= one.start <= one.end <= date(year, 12, 31)


@given(st.sampled_from(YEARS))
@settings(deadline=None, max_examples=15)
def test_every_occurrence_of_the_calendar_lies_in_its_year_in_order(year):
    for one in occurrences(year):
        assert one.announced or one.start <= one.end
        assert one.announced or one.start.year == one.end.year == one.year == year


@given(st.dates(date(2020, 1, 1), date(2035, 12, 31)), st.integers(0, 60))
@settings(deadline=None, max_examples=25)
def test_what_comes_starts_in_time_once_and_is_not_on_yet(day, days):
    begun = {one.observance.key for one in on(day)}
    found = coming(day, days)
    keys = [one.observance.key for one in found]
    assert len(set(keys)) == len(keys)
    assert begun.isdisjoint(keys)
    assert all(day < one.first_day <= day + timedelta(days=days) for one in found)
    assert all(one.covers(day) for one in on(day))


@given(st.sampled_from(YEARS))
@settings(deadline=None, max_examples=25)
def test_new_years_eve_is_the_day_before_the_spring_festival(year):
    eve, festival = days_of("new_year_eve", year), days_of("spring_festival", year)
    assert [a + timedelta(days=1) for a, _ in eve] == [a for a, _ in festival]


# ── the dossier's dates ─────────────────────────────────────────────────────────────────
TERMS_2027 = """
小寒1-05 大寒1-20 立春2-04 雨水2-19 惊蛰3-06 春分3-21 清明4-05 谷雨4-20
立夏5-06 小满5-21 芒种6-06 夏至6-21 小暑7-07 大暑7-23 立秋8-08 处暑8-23
白露9-08 秋分9-23 寒露10-08 霜降10-23 立冬11-07 小雪11-22 大雪12-07 冬至12-22
"""


def test_solar_terms_are_the_dossiers():
    found = {term: f"{day.month}-{day.day:02}" for term, day in solar_terms(2027).items()}
    wanted = TERMS_2027.split()
    assert [f"{term}{found[term]}" for term in (entry[:2] for entry in wanted)] == wanted
    assert solar_terms(2026)["大雪"] == date(2026, 12, 7)
    assert solar_terms(2026)["冬至"] == date(2026, 12, 22)
    assert solar_terms(2026)["秋分"] == date(2026, 9, 23)


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("laba", "2027-01-15"),
        ("little_new_year_north", "2027-01-30"),
        ("little_new_year_south", "2027-01-31"),
        ("new_year_eve", "2027-02-05"),
        ("spring_festival", "2027-02-06"),  # some libraries say the 7th
        ("lantern_festival", "2027-02-20"),
        ("school_safety_day", "2027-03-29"),
        ("qingming_holiday", "2027-04-05"),
        ("disability_day", "2027-05-16"),
        ("dragon_boat_holiday", "2027-06-09"),
        ("qixi", "2027-08-08"),
        ("zhongyuan", "2027-08-16"),
        ("mid_autumn_holiday", "2027-09-15"),
        ("defence_day", "2027-09-18"),
        ("harvest_festival", "2027-09-23"),
        ("senior_day", "2027-10-08"),
        ("senior_day", "2026-10-18"),
        ("copd_day", "2027-11-17"),
    ],
)
def test_a_day_is_the_dossiers(key, day):
    wanted = date.fromisoformat(day)
    assert days_of(key, wanted.year) == [(wanted, wanted)]


@pytest.mark.parametrize(
    ("key", "start", "end"),
    [
        ("spring_festival_holiday", "2027-02-05", "2027-02-08"),
        ("new_year_safety", "2027-02-05", "2027-02-20"),
        ("water_week", "2027-03-22", "2027-03-28"),
        ("family_education_week", "2027-05-10", "2027-05-16"),
        ("work_safety_month", "2027-06-01", "2027-06-30"),
        ("sports_week", "2027-08-02", "2027-08-08"),
        ("science_month", "2027-09-01", "2027-09-30"),
        ("grain_week", "2027-10-11", "2027-10-17"),
        # announced in their years, and kept
        ("disaster_week", "2023-05-06", "2023-05-12"),
        ("disaster_week", "2025-05-12", "2025-05-18"),
        ("respect_seniors_month", "2025-10-10", "2025-10-31"),
    ],
)
def test_a_span_is_the_dossiers(key, start, end):
    wanted = date.fromisoformat(start), date.fromisoformat(end)
    assert days_of(key, wanted[0].year) == [wanted]


@pytest.mark.parametrize(
    ("key", "year", "number"),
    [
        ("traffic_safety_day", 2026, 15),
        ("traffic_safety_day", 2027, 16),
        ("constitution_day", 2027, 14),
        ("water_day", 2027, 35),
        ("patriotic_health_month", 2027, 39),
        ("disaster_day", 2025, 17),
        ("work_safety_month", 2027, 26),
        ("fire_day", 2027, 36),
        ("world_health_day", 2027, None),
    ],
)
def test_ordinals_are_counted_on_as_in_the_dossier(key, year, number):
    found = next(one for one in load_calendar() if one.key == key)
    assert found.ordinal_in(year) == number


# Every entry of the dossier's calendar.md, in its order.
DOSSIER = """
元旦 春节放假 清明节 劳动节 端午节 中秋节 国庆节 除夕 春节 元宵节 腊八 小年（北方） 小年（南方）
七夕 中元节
世界艾滋病日 全国交通安全日 国际残疾人日 国际志愿者日 世界土壤日 国家宪法日 宪法宣传周
治理欠薪冬季行动
中央农村工作会议 冬至前后取暖
110宣传日 春运 防非知识带回家 三九严寒
世界湿地日 中央一号文件 烟花爆竹
全国爱耳日 学雷锋纪念日 妇女节 植树节 农资打假 国际消费者权益日 世界睡眠日 世界防治结核病日
世界水日 中国水周
世界气象日 全国中小学生安全教育日 春季森林防火
爱国卫生月 世界卫生日 全民国家安全教育日 全国肿瘤防治宣传周 世界地球日 全国儿童预防接种日
全国疟疾日
全民阅读活动周 《职业病防治法》宣传周 春播
世界红十字日 全国防灾减灾日 防灾减灾宣传周 全国家庭教育宣传周 全国打击和防范经济犯罪宣传日
全国碘缺乏病防治日
全国助残日 全民营养周 世界高血压日 中国旅游日 中国学生营养日 民法典宣传月 全国科技活动周
世界无烟日 “三夏”机收
全国安全生产月 安全宣传咨询日 防范非法金融活动宣传月 防范非法金融活动集中宣传日 全民反诈在行动
全国老年健康宣传周
环境日 全国爱眼日 世界献血者日 世界认识虐待老年人日 国际禁毒日 全国土地日 节能宣传周 全国低碳日
汛期
世界预防溺水日 世界肝炎日 双抢 暑期
全民健身日 体育宣传周 全国生态日 中国医师节 秋粮防灾
全国科普月 金融教育宣传周 全国食品安全宣传周 国家网络安全宣传周 全民国防教育日 全国爱牙日
世界阿尔茨海默病日
世界狂犬病日 世界心脏日 中国农民丰收节 烈士纪念日 “三秋”机收
国际老年人日 老年节 全国敬老月 全国高血压日 世界精神卫生日 国际减灾日 全球洗手日 国际盲人日
世界骨质疏松日
世界卒中日 世界粮食日 全国粮食安全宣传周 国家扶贫日
全国消防日 消防宣传月 联合国糖尿病日 世界慢阻肺日 中国心梗救治日 国际消除对妇女暴力日 入冬取暖
年底讨薪
春耕 夏忙 秋收 冬闲 病虫预报
冒充亲友拜年 红包链接 保健品 低价春游 养老卡 非法集资 孙辈充值 冒充公检法 投资导师 敬老免费体检
医保缴费短信
社保认证停发 每季一学 每月固定一天
"""


def test_no_entry_of_the_dossier_is_missing():
    names = "\n".join(one.name for one in load_calendar())
    assert [entry for entry in DOSSIER.split() if entry not in names] == []
    assert {one.rule.term for one in load_calendar() if one.key.startswith("term_")} == set(
        SOLAR_TERMS
    )


def test_every_card_that_is_named_exists():
    keys = {card.key for card in read_cards(PACK).values()}
    named = {key for one in load_calendar() for key in one.cards}
    assert named - keys == set()


def test_what_waits_for_a_notice_never_has_a_day_of_its_own():
    waiting = [one for one in occurrences(2027) if isinstance(one.observance.rule, ByNotice)]
    assert len(waiting) >= 15
    assert all(one.announced and one.start is None for one in waiting)


def test_lunar_dates_and_solar_terms_alone_are_said_to_be_computed():
    for one in load_calendar():
        if one.evidence is DateEvidence.COMPUTED:
            assert one.rule.kind in {"lunar", "solar_term"}, one.key


# ── the questions ───────────────────────────────────────────────────────────────────────
def test_a_dated_exception_holds_in_its_year_only():
    one = observance(
        {"kind": "date", "month": 2, "day": 7},
        dated=[{"start": "2027-02-06", "end": "2027-02-06", "why": "日历印错了"}],
    )
    assert [o.start for o in occurrences(2027, [one])] == [date(2027, 2, 6)]
    assert [o.start for o in occurrences(2028, [one])] == [date(2028, 2, 7)]


def test_a_season_over_new_year_is_on_in_both_years_and_comes_once():
    winter = [observance({"kind": "months", "month": 12, "to_month": 2})]
    assert on(date(2026, 12, 31), winter)
    assert on(date(2027, 2, 28), winter)
    assert not on(date(2027, 3, 1), winter)
    assert coming(date(2026, 12, 31), 60, winter) == []
    assert [one.start for one in coming(date(2026, 11, 30), 60, winter)] == [date(2026, 12, 1)]


def test_the_shortest_is_first_and_what_waits_for_a_notice_last():
    calendar = [
        observance({"kind": "notice", "months": [6]}, key="notice"),
        observance({"kind": "months", "month": 6}, key="month"),
        observance({"kind": "date", "month": 6, "day": 15}, key="day"),
    ]
    keys = [one.observance.key for one in on(date(2027, 6, 15), calendar)]
    assert keys == ["day", "month", "notice"]


def test_a_year_outside_the_computed_ones_is_refused():
    with pytest.raises(ValueError, match="not between"):
        occurrences(YEARS[-1] + 1)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "date", "month": 2, "day": 29},
        {"kind": "date", "month": 13, "day": 1},
        {"kind": "span", "month": 5, "day": 12, "to_month": 5, "to_day": 6},
        {"kind": "weekday", "month": 5, "nth": 5, "weekday": "sunday"},
        {"kind": "solar_term", "term": "小暑大暑"},
        {"kind": "lunar", "month": 12, "day": 30},
        {"kind": "lunar", "month": 12, "day": 0},
        {"kind": "notice", "months": []},
        {"kind": "notice", "months": [6], "day": 15},
    ],
)
def test_a_rule_that_some_year_lacks_is_refused(rule):
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


@pytest.mark.parametrize(
    ("start", "end"), [("2027-05-02", "2027-05-01"), ("2026-12-31", "2027-01-01")]
)
def test_an_exception_out_of_order_or_over_two_years_is_refused(start, end):
    with pytest.raises(ValidationError):
        observance(
            {"kind": "notice", "months": [5]}, dated=[{"start": start, "end": end, "why": "通知"}]
        )


def test_one_key_twice_is_refused(tmp_path):
    row = "- {key: a, name: 某日, rule: {kind: months, month: 5}, evidence: unseen}\n"
    path = tmp_path / "calendar.yaml"
    path.write_text(row * 2, "utf-8")
    with pytest.raises(ValueError, match="twice"):
        load_calendar(path)

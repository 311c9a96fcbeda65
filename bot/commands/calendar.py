"""`kepubang calendar`: what is observed at a date, what comes next, and the cards for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from knowledge.calendar import YEARS, DateEvidence, Observance, Occurrence, coming, on
from knowledge.card import Card
from knowledge.cardfile import parse_card
from knowledge.recurrence import LunarDate, SolarTerm, WholeMonths
from knowledge.starterpack import PACK

EVIDENCE = {
    DateEvidence.PRIMARY: "",
    DateEvidence.SECONDARY: "（见公开转载）",
    DateEvidence.UNSEEN: "（公认，没有读到原文）",
    DateEvidence.COMPUTED: "（推算，以紫金山天文台为准）",
}

WHOLE_YEAR = (1, 12)


def calendar(
    days: Annotated[int, typer.Option(min=0, max=366, help="往后看多少天")] = 30,
    day: Annotated[
        str, typer.Option("--date", help="从哪天看起，如 2027-06-15；不写就是今天")
    ] = "",
) -> None:
    """主题日历：今天有什么、接下来有什么、各配哪些卡片。"""
    start = _read_day(day)
    print(f"{start:%Y-%m-%d} 正在进行：")
    _print(on(start))
    print(f"\n往后 {days} 天：")
    _print(coming(start, days))


def _read_day(text: str) -> date:
    if not text:
        return datetime.now(ZoneInfo("Asia/Shanghai")).date()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"日期要写成 2027-06-15 这样，不是“{text}”") from None
    if day.year not in YEARS[:-1]:
        raise typer.BadParameter(f"只能看 {YEARS[0]} 年到 {YEARS[-2]} 年")
    return day


def _print(found: list[Occurrence]) -> None:
    if not found:
        print("· 没有")
    for one in found:
        observance = one.observance
        print(f"· {_when(one)}  {observance.name}{_ordinal(one)}{_evidence(observance)}")
        if observance.body:
            print(f"    发起：{observance.body}")
        if observance.note:
            print(f"    说明：{observance.note}")
        for card in map(_read_card, observance.cards):
            if card.in_force(one.first_day):
                print(f"    卡片：{card.key} {card.title}{'（草稿）' if card.unverified else ''}")


def _when(one: Occurrence) -> str:
    if one.start is None or one.end is None:
        return f"{_months(one.months)}（哪天看当年通知）"
    rule = one.observance.rule
    if isinstance(rule, WholeMonths):
        if rule.to_month is None:
            return f"{rule.month}月整月"
        whole = (rule.month, rule.to_month) == WHOLE_YEAR
        return "全年" if whole else f"{rule.month}月到{rule.to_month}月"
    if one.start == one.end:
        return f"{one.start.month}月{one.start.day}日"
    return f"{one.start.month}月{one.start.day}日到{one.end.month}月{one.end.day}日"


def _months(months: tuple[int, ...]) -> str:
    return "、".join(f"{month}月" for month in months)


def _ordinal(one: Occurrence) -> str:
    number = one.observance.ordinal_in(one.year)
    if number is None or one.observance.ordinal is None:
        return ""
    known = one.year == one.observance.ordinal.year
    return f"（第{number}个）" if known else f"（按往年推算是第{number}个，先核通知）"


def _evidence(observance: Observance) -> str:
    worked_out = isinstance(observance.rule, SolarTerm | LunarDate)
    if worked_out and observance.evidence is not DateEvidence.COMPUTED:
        return f"{EVIDENCE[observance.evidence]}（哪天是推算的）"
    return EVIDENCE[observance.evidence]


def _read_card(key: str) -> Card:
    topic, rest = key.split(".", 1)
    path = PACK / topic / f"{rest}.md"
    return parse_card(path.read_text("utf-8"), str(path))

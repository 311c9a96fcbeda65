"""A few cards of the starter pack, and a way to make others."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st

from knowledge.card import Card
from knowledge.cardfile import parse_card
from knowledge.starterpack import PACK

KEYS = (
    "fraud/police",
    "fraud/after_transfer",
    "firstaid/stroke",
    "firstaid/choking",
    "firstaid/choking.infant",
    "health/hypertension",
    "health/hypertension.measure",
    "farm/pesticide_use",
    "farm/straw",
    "hotline/12345",
    "rumour/R31",
    "disaster/gas_leak",
)
SAMPLES = tuple(parse_card((PACK / f"{key}.md").read_text("utf-8"), key) for key in KEYS)

# Anything that a spreadsheet cell may hold.
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
    st.text(),
    st.text("0123456789-—/ 转()（）、+.Ee:：年月日", max_size=30),
)


def midnight(year: int, month: int, day: int) -> datetime:
    """A day as a spreadsheet holds it: a moment in no time zone."""
    return datetime.combine(date(year, month, day), time())


def make_card(key: str = "health.tea", **parts: Any) -> Card:
    """A card that passes lint, with any part replaced."""
    plain: dict[str, Any] = {
        "key": key,
        "kind": "advice",
        "title": "喝茶要注意什么",
        "asks": [
            "喝茶要注意什么",
            "老人喝浓茶行不行",
            "睡前能喝茶吗",
            "茶能天天喝吗",
            "俺爹爱喝酽茶",
            "喝茶睡不着咋整",
        ],
        "not_asks": [{"ask": "茶叶多少钱一斤"}, {"ask": "怎么泡茶好喝"}],
        "answer": "淡茶可以喝，睡前别喝。喝了心慌就少喝。",
        "steps": ["泡淡一点。", "饭后过一会儿再喝。", "下午以后少喝。"],
        "never": ["不要用茶水送药。"],
        "seek_help": "喝茶后心慌不好，去卫生院看看。",
        "sources": [
            {
                "issuer": "某卫生健康委",
                "title": "喝茶提示",
                "edition": "2024",
                "evidence": "primary",
                "supports": ["睡前少喝茶，茶水不送药"],
            }
        ],
        "reviewed": date(2026, 11, 23),
        "review_due": date(2027, 11, 23),
        "owner": "tests",
    }
    return Card.model_validate({**plain, **parts})

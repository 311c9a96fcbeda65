"""Regions: the province that a person's words name, for figures by region where it is known.

Nobody is located: only what was said counts, a shared place's name included, and only as fine as
a province. Names are data: bot/regions.toml.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

REGIONS = Path(__file__).parent / "regions.toml"
_ENDINGS = ("市", "地区", "州", "盟", "县", "省")


def named_region(text: str) -> str:
    """The first province named in a text, by itself or by one of its cities; "" for none."""
    pattern, province_of = _names()
    match = pattern.search(text)
    return province_of[match.group()] if match else ""


@cache
def _names() -> tuple[re.Pattern[str], Mapping[str, str]]:
    raw = tomllib.loads(REGIONS.read_text("utf-8"))
    careful = frozenset(raw["with_ending"])
    province_of: dict[str, str] = {}
    for province, cities in raw["provinces"].items():
        for name in (province, *cities):
            endings = _ENDINGS if name in careful else ("",)
            province_of.update({name + ending: province for ending in endings})
    longest_first = sorted(province_of, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first))), province_of

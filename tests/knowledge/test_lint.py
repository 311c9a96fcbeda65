import pytest

from knowledge.__main__ import lint_folder
from knowledge.hotline import find_numbers, load_hotlines, nearest_hotline
from knowledge.lint import lint_card, lint_cards
from knowledge.starterpack import PACK
from tests.samples import make_card

FACT = {"issuer": "某委", "title": "提示", "evidence": "primary"}


def parts(card) -> set[str]:
    return {finding.part for finding in lint_card(card)}


def test_a_good_card_has_no_findings():
    assert lint_card(make_card()) == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"asks": ["喝茶", "喝茶！", "喝 茶", "茶", "饮茶", "吃茶"]}, "asks"),
        ({"not_asks": []}, "not_asks"),
        ({"answer": "长" * 121}, "answer"),
        ({"steps": ["一", "二"]}, "steps"),
        ({"steps": ["步" * 61, "二", "三"]}, "steps"),
        ({"never": []}, "never"),
        ({"seek_help": ""}, "seek_help"),
        ({"kind": "fraud"}, "red_flags"),
        ({"kind": "rumour"}, "claim"),
        ({"kind": "emergency"}, "answer"),
        ({"answer": "每天吃2片。"}, "answer"),
        ({"answer": "一天口服两粒。"}, "answer"),
        ({"never": ["兑水不要用10克兑水一桶。"]}, "never"),
        ({"answer": "血压正常马上停药。"}, "answer"),
        ({"answer": "这是特效药。"}, "answer"),
        ({"seek_help": "打12399问。"}, "seek_help"),
        ({"steps": ["坐下歇5分钟。", "二", "三"]}, "steps"),
    ],
)
def test_each_rule_finds_what_it_is_for(change, part):
    assert part in parts(make_card(**change))


def test_a_number_that_a_source_supports_passes():
    sources = [{**FACT, "supports": ["坐下歇5分钟"]}]
    assert lint_card(make_card(steps=["坐下歇5分钟。", "二", "三"], sources=sources)) == []


def test_telling_people_not_to_stop_a_drug_passes():
    assert lint_card(make_card(answer="血压正常也不要停药，先问医生。")) == []


def test_the_pack_is_looked_at_as_a_whole():
    tea, again = make_card("health.tea"), make_card("health.tea2", related=["health.none"])
    findings = {(f.key, f.part) for f in lint_cards([tea, again])}
    assert findings >= {
        ("health.tea2", "asks"),
        ("health.tea2", "answer"),
        ("health.tea2", "related"),
    }


def test_the_starter_pack_is_clean():
    count, findings = lint_folder(PACK)
    assert [str(f) for f in findings] == []
    assert count >= 60


def test_hotlines_are_read_once_and_hold_the_emergency_numbers():
    assert {"110", "119", "120", "12345", "96110", "12356"} <= set(load_hotlines())


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("打120，再打12345。", ["120", "12345"]),
        ("每分钟100到120次", []),
        ("血压180，打96110", ["96110"]),
        ("400-6000-121 和 010-12321", ["400-6000-121", "010-12321"]),
        ("2110年", []),
    ],
)
def test_phone_numbers_are_told_from_other_numbers(text, numbers):
    assert list(find_numbers(text)) == numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [("玉米地里长虫了", "12316"), ("想离婚怎么分", "12348"), ("天上有几颗星星", "12345")],
)
def test_the_nearest_hotline_follows_the_words(text, number):
    assert nearest_hotline(text).number == number

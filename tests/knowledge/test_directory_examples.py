"""Nothing invented is presented as real: the example county, and what marks a card as one."""

import pytest

from knowledge.cardfile import read_cards
from knowledge.directory import import_places
from knowledge.hotline import find_numbers, load_hotlines
from knowledge.lint import lint_card
from knowledge.place import COLUMNS
from knowledge.spreadsheet import read_sheets
from knowledge.starterpack import PACK, load_cards
from knowledge.store import CardStore, ExampleCardError
from tests.places import EXAMPLE, TODAY, card_of
from tests.samples import make_card


def test_the_example_is_whole_and_marked_and_cannot_be_dialled():
    found = import_places(read_sheets(EXAMPLE), TODAY)
    assert found.problems == ()
    assert {c.sources[0].issuer for c in found.cards} == {"示例县科协（示例）"}
    for card in found.cards:
        assert "（示例）" in card.title
        assert "示例县" in card.regions[0]
        numbers = set(find_numbers(card.answer)) - set(load_hotlines())
        assert all(number.startswith("0000-000000") for number in numbers)
        assert [finding.part for finding in lint_card(card)] == ["example"]
    rows = read_sheets(EXAMPLE)[0].rows[1:]
    asked = {"医院", "农技站", "派出所", "博物馆", "科普基地", "科技小院", "科普活动站", "课程"}
    assert asked <= {cells[0] for _, cells in rows}


def test_the_template_has_every_column_and_nothing_else():
    (sheet,) = read_sheets(EXAMPLE.with_name("directory-template.csv"))
    assert sheet.rows == ((1, tuple(COLUMNS)),)


@pytest.mark.parametrize(
    "card",
    [
        card_of(名称="甲县人民医院（示例）"),
        card_of(地区="示例县"),
        card_of(电话="0000-0000001"),
        card_of(电话="", 怎么去="打0000-0000001问路"),
        make_card(regions=("示例县",)),
    ],
)
def test_nothing_invented_is_published(card, engine):
    store = CardStore(engine)
    store.save(card, "li")
    with pytest.raises(ExampleCardError, match="示例"):
        store.publish(card.key, "wang")
    assert store.published() == []
    assert load_cards(CardStore(engine), [card.model_copy(update={"owner": "x"})]).published == 0


def test_the_starter_pack_has_no_example_and_a_stray_one_stays_a_draft(sqlite_engine):
    assert not any(card.is_example for card in read_cards(PACK).values())
    loaded = load_cards(CardStore(sqlite_engine), [card_of(地区="示例县")])
    assert (loaded.published, loaded.drafts) == (0, 1)

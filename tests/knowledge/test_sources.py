import pytest

from knowledge.card import Evidence
from knowledge.cardfile import CardFileError, parse_card, read_cards, render_card
from knowledge.coverage import NOT_FOR_CARDS, load_themes, measure_coverage
from knowledge.sources import (
    Document,
    add_documents,
    document_of,
    load_register,
    write_register,
)
from knowledge.starterpack import PACK
from tests.samples import SAMPLES, make_card

PAPER = Document(issuer="国家卫生健康委", title="提示", edition="2024", evidence=Evidence.PRIMARY)


def test_a_document_stands_once_under_a_readable_id():
    grown = add_documents({}, [PAPER, PAPER, PAPER.model_copy(update={"title": "另一个"})])
    assert list(grown) == ["gjwsjkw-2024", "gjwsjkw-2024-2"]
    assert add_documents(grown, [PAPER]) == grown


def test_the_register_reads_back_as_written(tmp_path):
    path = tmp_path / "sources.yaml"
    grown = add_documents({}, [PAPER])
    write_register(grown, path)
    assert load_register(path) == grown


def test_one_document_under_two_ids_is_refused(tmp_path):
    path = tmp_path / "sources.yaml"
    write_register({"a": PAPER, "b": PAPER}, path)
    with pytest.raises(ValueError, match="stands twice"):
        load_register(path)


def test_every_source_of_the_pack_is_registered_and_written_by_id():
    card = SAMPLES[0]
    assert set(load_register().values()) >= {document_of(s) for s in card.sources}
    assert "- id: " in render_card(card)
    assert "issuer" not in render_card(card)


def test_an_unknown_id_says_so():
    text = render_card(SAMPLES[0]).replace("- id: ", "- id: none-", 1)
    with pytest.raises(CardFileError, match="没有这个来源"):
        parse_card(text)


def test_no_theme_of_the_dossier_is_missing_silently():
    rows = measure_coverage(list(read_cards(PACK).values()))
    missing = {key for row in rows for key in row.missing}
    assert missing == set()
    assert sum(row.themes for row in rows) == len(
        [theme for theme in load_themes() if theme.key not in NOT_FOR_CARDS]
    )


def test_coverage_counts_cards_under_their_theme():
    cards = [make_card("health.sleep"), make_card("health.sleep.pills", unverified=["未核"])]
    row = next(r for r in measure_coverage(cards) if r.file == "health_seniors.md")
    assert (row.cards, row.published, row.drafts) == (2, 1, 1)
    assert "health.chd" in row.missing

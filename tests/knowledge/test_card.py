import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from knowledge.card import Card
from knowledge.cardfile import CardFileError, parse_card, read_cards, render_card
from tests.samples import SAMPLES, make_card

# YAML cannot carry control characters and lone surrogates; cards are typed text.
LINES = (
    st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40)
    .map(str.strip)
    .filter(bool)
)


def test_equal_cards_have_equal_digests_and_any_change_shows():
    assert make_card().digest == make_card().digest
    assert make_card(answer="别的话").digest != make_card().digest


@pytest.mark.parametrize("key", ["", "tea", "Health.tea", "health..tea", "health.", "health.tea ä"])
def test_a_key_names_topic_and_theme(key):
    with pytest.raises(ValidationError):
        make_card(key)


def test_unknown_parts_are_refused():
    with pytest.raises(ValidationError):
        make_card(dosage="两片")


def test_a_card_is_in_force_between_its_dates():
    day = date(2026, 7, 1)
    card = make_card(valid_from=day, valid_until=day + timedelta(days=2))
    inside = [card.in_force(day + timedelta(days=n)) for n in (-1, 0, 2, 3)]
    assert inside == [False, True, True, False]


def test_an_overdue_review_does_not_silence_a_card():
    card = make_card(review_due=date(2026, 12, 1))
    assert card.in_force(date(2030, 1, 1))


def test_dates_out_of_order_are_refused():
    with pytest.raises(ValidationError):
        make_card(valid_from=date(2026, 2, 1), valid_until=date(2026, 1, 1))


@given(answer=LINES, steps=st.lists(LINES, max_size=4), title=LINES)
def test_a_card_file_reads_back_as_it_was(answer: str, steps: list[str], title: str):
    card = make_card(answer=answer, steps=steps, title=title, details="一段说明。\n\n第二段。")
    assert parse_card(render_card(card)) == card


def test_every_sample_reads_back():
    for card in SAMPLES:
        assert parse_card(render_card(card)) == card


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "第一行"),
        ("key: x", "第一行"),
        ("---\nkey: x", "结束"),
        ("---\nkey: [\n---\n", "YAML"),
        ("---\n- 1\n---\n", "名字: 内容"),
        ("---\nkey: health.x\n---\n", "kind"),
        ("---\n!!python/object/apply:os.system [ls]\n---\n", "YAML"),
    ],
)
def test_a_broken_file_says_what_to_mend(text: str, says: str):
    with pytest.raises(CardFileError, match=says) as caught:
        parse_card(text, "x.md")
    assert caught.value.name == "x.md"


@given(st.text(max_size=300))
def test_any_text_is_a_card_or_a_clear_error(text: str):
    with contextlib.suppress(CardFileError):
        assert isinstance(parse_card(text), Card)


def test_a_folder_is_read_in_order_without_its_readme(tmp_path):
    (tmp_path / "b.md").write_text(render_card(make_card("health.b")), "utf-8")
    (tmp_path / "a.md").write_text(render_card(make_card("health.a")), "utf-8")
    (tmp_path / "README.md").write_text("# 说明", "utf-8")
    assert [card.key for card in read_cards(tmp_path).values()] == ["health.a", "health.b"]

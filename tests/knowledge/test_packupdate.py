"""Starter-pack updates: nothing here is overwritten, nothing changes without somebody's click."""

import pytest

from knowledge.packupdate import find_updates, take_update
from knowledge.starterpack import load_cards
from knowledge.store import CardStore
from tests.samples import make_card


@pytest.fixture
def store(engine):
    return CardStore(engine)


def test_what_a_newer_pack_changes_waits_beside_what_people_here_wrote(store):
    tea, salt = make_card("health.tea"), make_card("health.salt")
    load_cards(store, [tea, salt])
    here = tea.model_copy(update={"answer": "这里改过的话。"})
    store.save(here, "li")
    newer = tea.model_copy(update={"answer": "新包的话。"})
    fresh = make_card("health.rice")
    loaded = load_cards(store, [newer, salt, fresh], update=False)
    assert (loaded.added, loaded.published, loaded.waiting, loaded.kept) == (0, 0, 2, 1)
    updates = {u.key: u for u in find_updates(store, [newer, salt, fresh])}
    assert set(updates) == {"health.tea", "health.rice"}
    assert updates["health.tea"].edited_here
    assert updates["health.tea"].base == tea
    assert updates["health.rice"].here is None
    take_update(store, updates["health.tea"], "li")
    assert store.get("health.tea").card == newer
    assert store.published(["health.tea"])[0].card == tea
    assert [u.key for u in find_updates(store, [newer, salt, fresh])] == ["health.rice"]


def test_an_old_pack_has_no_updates(store):
    load_cards(store, [make_card("health.tea")])
    assert find_updates(store, [make_card("health.tea")]) == []

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import bot.console.staff_sessions
import bot.console.trail
import bot.house  # noqa: F401 - as above
import knowledge.review  # noqa: F401 - as above
import retrieval.embedding_cache  # noqa: F401 - as above
from knowledge import database
from knowledge import store as store_module
from knowledge.card import CardStatus
from knowledge.database import DatabaseError, open_database
from knowledge.starterpack import load_cards
from knowledge.store import CardStore, UnknownCardError
from tests.samples import make_card


@pytest.fixture
def store(engine):
    return CardStore(engine)


def test_a_saved_card_is_a_draft_that_nobody_is_told(store):
    revision = store.save(make_card(), "li")
    assert revision.number == 1
    assert store.published() == []
    assert store.rows()[0].status is CardStatus.DRAFT


def test_saving_the_same_again_changes_nothing(store):
    store.save(make_card(), "li")
    assert store.save(make_card(), "wang").number == 1


def test_a_published_card_stays_while_its_next_draft_waits(store):
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    store.save(make_card(answer="新的话。"), "li")
    assert [r.number for r in store.published()] == [1]
    store.publish("health.tea", "wang")
    assert [(r.number, r.card.answer) for r in store.published()] == [(2, "新的话。")]
    assert store.get("health.tea", 1).card == make_card()


def test_every_publication_moves_the_mark_and_a_repeat_does_not(store):
    before = store.mark()
    store.save(make_card(), "li")
    assert store.mark() == before
    store.publish("health.tea", "wang")
    after = store.mark()
    assert after > before
    store.publish("health.tea", "wang")
    assert store.mark() == after
    store.retire("health.tea", "wang", "过时")
    assert store.mark() > after
    assert store.published() == []


def test_what_is_not_there_is_named(store):
    for act in (store.get, lambda key: store.publish(key, "x"), lambda key: store.retire(key, "x")):
        with pytest.raises(UnknownCardError, match=r"health\.none"):
            act("health.none")


def test_every_act_is_on_the_record(store, engine):
    store.save(make_card(), "li", "初稿")
    store.publish("health.tea", "wang")
    store.retire("health.tea", "zhao", "过时")
    with engine.connect() as connection:
        rows = connection.execute(sa.select(store_module.audit)).all()
    assert [(r.actor, r.act) for r in rows] == [
        ("li", "save"),
        ("wang", "publish"),
        ("zhao", "retire"),
    ]


def test_two_writers_never_share_a_revision_number(store):
    store.save(make_card(), "li")
    gate = threading.Barrier(4)
    failures: list[Exception] = []

    def write(n: int) -> None:
        gate.wait()
        try:
            store.save(make_card(answer=f"第{n}种说法。"), f"editor{n}")
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert store.rows()[0].latest == 5
    assert {store.get("health.tea", n).author for n in range(2, 6)} == {
        f"editor{n}" for n in range(4)
    }


def test_the_pack_publishes_what_was_read_and_drafts_what_was_not(store):
    loaded = load_cards(store, [make_card(), make_card("health.b", unverified=["没读到原文"])])
    assert (loaded.published, loaded.drafts) == (1, 1)
    assert [r.card.key for r in store.published()] == ["health.tea"]
    assert load_cards(store, [make_card()]).added == 0


def test_a_starter_draft_is_published_once_its_facts_are_read(store):
    load_cards(store, [make_card(unverified=["没读到原文"])])
    assert load_cards(store, [make_card()]).published == 1
    assert [r.card.key for r in store.published()] == ["health.tea"]


def test_the_pack_leaves_local_edits_and_retirements_alone(store):
    load_cards(store, [make_card(), make_card("health.b")])
    store.save(make_card(answer="本地改过。"), "li")
    store.retire("health.b", "li")
    load_cards(store, [make_card(answer="新包。"), make_card("health.b", answer="新包。")])
    assert store.get("health.tea").card.answer == "本地改过。"
    assert [r.card.key for r in store.published()] == ["health.tea"]
    assert store.get("health.b").card.answer == "新包。"


def test_the_migrations_make_exactly_the_tables_the_code_uses(engine):
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), database.metadata)
    assert [d for d in differences if "index" not in str(d[0])] == []


def test_the_newest_migration_is_the_one_we_name():
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == database.HEAD


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////proc/none/x.db", "mysql+none://h/d"])
def test_a_database_that_cannot_be_opened_says_what_to_do(url):
    with pytest.raises(DatabaseError, match="KEPUBANG_DATABASE_URL"):
        open_database(url)

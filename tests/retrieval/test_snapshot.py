"""A start from a snapshot is the same as a start from nothing, only sooner."""

import os
import shutil

import pytest

from knowledge.store import CardStore
from retrieval.embedding_cache import EmbeddingCache
from retrieval.indexer import Indexer
from retrieval.retriever import Query, Retriever
from retrieval.snapshot import Snapshots
from tests.conftest import publish_samples
from tests.samples import make_card


class Watched:
    """An embedding cache that counts the texts it is asked for."""

    def __init__(self, engine, embedder):
        self.cache = EmbeddingCache(engine, embedder)
        self.asked = 0

    def embed(self, texts, progress=None):
        self.asked += len(texts)
        return self.cache.embed(texts, progress)


@pytest.fixture
def store(sqlite_engine):
    store = CardStore(sqlite_engine)
    publish_samples(store)
    return store


@pytest.fixture
def start(store, sqlite_engine, use_embedder, tmp_path):
    def build(fingerprint=use_embedder.fingerprint, exact_vectors=1000):
        watched = Watched(sqlite_engine, use_embedder)
        snapshots = Snapshots(tmp_path / "index", fingerprint, exact_vectors)
        indexer = Indexer(store, watched, snapshots=snapshots)
        indexer.refresh()
        return indexer, watched

    return build


def answer(indexer, use_embedder, text="接到公安电话说我涉嫌洗钱让我转账怎么办"):
    found = Retriever(indexer.index, use_embedder, indexer.lookup).retrieve(Query(text))
    return [(h.revision.card.key, round(h.score, 4)) for h in found.hits], found.outcome


def test_the_second_start_embeds_nothing_and_answers_alike(start, use_embedder):
    first, watched = start()
    before = answer(first, use_embedder)
    assert watched.asked > 100
    first.close()
    second, watched = start()
    assert watched.asked == 0
    assert second.current()
    assert answer(second, use_embedder) == before


def test_only_what_changed_meanwhile_is_made_again(start, store, use_embedder):
    start()[0].close()
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    store.retire("farm.straw", "wang")
    second, watched = start()
    assert 0 < watched.asked < 20
    assert answer(second, use_embedder, "老人晚上能喝浓茶吗")[0][0][0] == "health.tea"
    assert "farm.straw" not in second.index.keys
    second.close()
    assert start()[1].asked == 0


def test_an_index_on_disk_answers_like_an_exact_one(start, store, tmp_path, use_embedder):
    exact, _ = start()
    before = answer(exact, use_embedder)
    exact.close()
    for folder in (tmp_path / "index").iterdir():
        shutil.rmtree(folder)
    start(exact_vectors=40)[0].close()
    assert list((tmp_path / "index").glob("*/vectors.gone"))
    second, watched = start(exact_vectors=40)
    assert watched.asked == 0
    assert answer(second, use_embedder)[0][0][0] == before[0][0][0]
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    store.retire("farm.straw", "wang")
    second.refresh()
    second.close()
    third, watched = start(exact_vectors=40)
    assert watched.asked == 0
    assert answer(third, use_embedder, "老人晚上能喝浓茶吗")[0][0][0] == "health.tea"
    assert "farm.straw" not in third.index.keys
    third.close()


def test_a_broken_snapshot_is_built_anew(start, tmp_path, use_embedder):
    first, _ = start()
    before = answer(first, use_embedder)
    first.close()
    for path in (tmp_path / "index").glob("*/vectors.faiss"):
        path.write_bytes(b"not an index")
    second, watched = start()
    assert watched.asked > 100
    assert answer(second, use_embedder) == before


def test_a_snapshot_whose_words_are_gone_is_built_anew(start, tmp_path, use_embedder):
    first, _ = start()
    before = answer(first, use_embedder)
    first.close()
    for path in (tmp_path / "index").glob("*/short/*"):
        path.unlink()
    assert answer(start()[0], use_embedder) == before


def test_vectors_of_another_embedder_are_never_used(start):
    start()[0].close()
    assert start("another-model")[1].asked > 100


def test_two_processes_do_not_disturb_each_other(start, store, use_embedder):
    start()[0].close()
    one, two = start()[0], start()[0]
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    one.refresh()
    one.save()
    assert "health.tea" in one.index.keys
    assert "health.tea" not in two.index.keys
    two.refresh()
    two.save()
    assert answer(one, use_embedder, "睡前能喝茶吗") == answer(two, use_embedder, "睡前能喝茶吗")


def test_old_snapshots_and_abandoned_copies_are_removed(start, store, tmp_path):
    abandoned = tmp_path / "index" / "live-999999999-x"
    abandoned.mkdir(parents=True)
    for number in range(4):
        indexer, _ = start()
        store.save(make_card(title=f"喝茶要注意什么{number}"), "li")
        store.publish("health.tea", "wang")
        indexer.refresh()
        indexer.close()
    assert not abandoned.exists()
    names = sorted(path.name for path in (tmp_path / "index").iterdir())
    assert len(names) == 2
    assert all(name.isdigit() for name in names)


def test_a_disk_that_cannot_be_written_only_costs_time(start, tmp_path, use_embedder, monkeypatch):
    indexer, _ = start()
    monkeypatch.setattr(os, "link", _refuse)
    monkeypatch.setattr("shutil.copyfile", _refuse)
    indexer.save()
    monkeypatch.undo()
    assert answer(indexer, use_embedder)[0]
    assert not [path for path in (tmp_path / "index").iterdir() if path.name.isdigit()]


def _refuse(*_args, **_kwargs):
    raise OSError(28, "No space left on device")

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.store import CardStore
from retrieval.embedder import EmbedderError
from retrieval.embedding_cache import EmbeddingCache
from retrieval.evaluation import Asked, GoldenQuestion, calibration_error, measure, owns
from retrieval.fusion import Outcome
from retrieval.index import PassageIndex
from retrieval.indexer import Indexer
from retrieval.langchain import CardRetriever
from retrieval.passage import Part, passages_of
from retrieval.retriever import Query, Retriever, choices
from tests.conftest import publish_samples
from tests.samples import make_card


class Counting:
    """The real embedder, counting what it is asked."""

    def __init__(self, embedder):
        self.fingerprint = embedder.fingerprint
        self.asked: list[str] = []
        self._embedder = embedder

    def embed(self, texts):
        self.asked.extend(texts)
        return self._embedder.embed(texts)


class Broken:
    fingerprint = "broken"

    def embed(self, texts):
        raise EmbedderError("the endpoint said 500", retry_helps=True)


@pytest.fixture
def store(sqlite_engine):
    store = CardStore(sqlite_engine)
    publish_samples(store)
    return store


@pytest.fixture
def today():
    return {"is": date(2026, 11, 23)}


@pytest.fixture
def make(store, sqlite_engine, use_embedder, today):
    def build(embedder=use_embedder):
        cache = EmbeddingCache(sqlite_engine, embedder)
        indexer = Indexer(store, cache, lambda: today["is"])
        indexer.refresh()
        return indexer, Retriever(indexer.index, embedder, indexer.lookup)

    return build


def best(retriever, text: str) -> str:
    return retriever.retrieve(Query(text)).hits[0].revision.card.key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("接到公安电话说我涉嫌洗钱让我转账怎么办", "fraud.police"),
        ("血壓多高才算高血壓", "health.hypertension"),
        ("我爸嘴歪了说话不清楚", "firstaid.stroke"),
        ("屋里有股媒气味儿", "disaster.gas_leak"),
        ("幺二三四五是干啥的", "hotline.12345"),
    ],
)
def test_what_people_say_finds_the_card(make, text, key):
    assert best(make()[1], text) == key


@pytest.mark.parametrize("text", ["", "   ", "？？？", "😀😀", "\x00", "\ud800"])
def test_nothing_to_search_is_an_abstention(make, text):
    found = make()[1].retrieve(Query(text))
    assert (found.outcome, found.hits) == (Outcome.ABSTAIN, ())


def test_a_stranger_is_abstained_from(make):
    assert make()[1].retrieve(Query("北京到上海的高铁票多少钱")).outcome is Outcome.ABSTAIN


@given(st.text(max_size=80))
@settings(deadline=None, max_examples=40)
def test_no_text_breaks_a_search(whole_retriever, text):
    found = whole_retriever.retrieve(Query(text))
    assert 0.0 <= found.confidence <= 1.0
    assert found.hits == tuple(sorted(found.hits, key=lambda h: -h.score))


@pytest.fixture(scope="module")
def whole_retriever(use_embedder):
    from knowledge.card import Revision  # noqa: PLC0415
    from retrieval.index import embedded  # noqa: PLC0415
    from tests.samples import SAMPLES  # noqa: PLC0415

    revisions = {c.key: Revision(card=c, number=1, author="t") for c in SAMPLES}
    index = PassageIndex()
    passages = {key: passages_of(r) for key, r in revisions.items()}
    wanted = [p for row in passages.values() for p in embedded(row)]
    vectors = use_embedder.embed([p.text for p in wanted])
    index.update([], passages, {p.id: v for p, v in zip(wanted, vectors, strict=True)})
    return Retriever(index, use_embedder, revisions.get)


def test_nothing_is_embedded_twice(make, use_embedder):
    counting = Counting(use_embedder)
    make(counting)
    first = len(counting.asked)
    assert first > 100
    make(counting)
    assert len(counting.asked) == first


def test_another_embedder_never_meets_the_old_vectors(make, use_embedder):
    make()
    other = Counting(use_embedder)
    other.fingerprint = "another"
    make(other)
    assert len(other.asked) > 100


def test_a_published_card_is_found_and_a_retired_one_is_gone_at_once(make, store):
    indexer, retriever = make()
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    assert not indexer.current()
    assert indexer.refresh() == 1
    assert indexer.current()
    assert best(retriever, "老人晚上能喝浓茶吗") == "health.tea"
    store.retire("health.tea", "wang")
    indexer.drop_retired()
    keys = {h.revision.card.key for h in retriever.retrieve(Query("老人晚上能喝浓茶吗")).hits}
    assert "health.tea" not in keys
    indexer.refresh()
    assert indexer.lookup("health.tea") is None


def test_a_new_revision_replaces_the_old(make, store):
    indexer, _ = make()
    store.save(make_card(), "li")
    store.publish("health.tea", "wang")
    indexer.refresh()
    store.save(make_card(answer="改过的话。"), "li")
    store.publish("health.tea", "wang")
    assert indexer.refresh() == 1
    found = indexer.lookup("health.tea")
    assert found is not None
    assert (found.number, found.card.answer) == (2, "改过的话。")
    assert indexer.refresh() == 0


def test_an_expired_card_is_never_used(make, store, today):
    indexer, retriever = make()
    store.save(make_card(valid_until=today["is"]), "li")
    store.publish("health.tea", "wang")
    indexer.refresh()
    assert best(retriever, "老人晚上能喝浓茶吗") == "health.tea"
    today["is"] += timedelta(days=1)
    keys = {h.revision.card.key for h in retriever.retrieve(Query("老人晚上能喝浓茶吗")).hits}
    assert "health.tea" not in keys


def test_when_the_embedder_fails_words_still_answer(make, use_embedder):
    indexer, retriever = make(Broken())
    assert indexer.error == "the endpoint said 500"
    found = retriever.retrieve(Query("接到自称公安的电话说我犯法了怎么办"))
    assert found.keyword_only
    assert found.outcome is Outcome.ANSWER
    assert found.hits[0].revision.card.key == "fraud.police"


def test_an_embedder_that_comes_back_is_used_again(make, store, sqlite_engine, use_embedder):
    class Flaky(Counting):
        down = True

        def embed(self, texts):
            if self.down:
                raise RuntimeError("no")
            return super().embed(texts)

    flaky = Flaky(use_embedder)
    indexer, retriever = make(flaky)
    assert indexer.error == "RuntimeError"
    assert not indexer.current()
    flaky.down = False
    indexer.refresh()
    assert indexer.error == ""
    assert indexer.current()
    assert not retriever.retrieve(Query("血压多高算高")).keyword_only


def test_it_is_a_langchain_retriever(make):
    documents = CardRetriever(retriever=make()[1], count=2).invoke("接到自称公安的电话怎么办")
    assert documents[0].metadata["card"] == "fraud.police"
    assert "110" in documents[0].page_content
    assert documents[0].metadata["sources"]
    assert len(documents) == 2
    assert CardRetriever(retriever=make()[1]).invoke("😀") == []


def test_choices_are_two_or_three_cards(make):
    found = make()[1].retrieve(Query("噎住了"))
    assert 2 <= len(choices(found)) <= 3


def test_passages_have_stable_ids_and_every_part():
    from knowledge.card import Revision  # noqa: PLC0415

    revision = Revision(card=make_card(), number=1, author="t")
    passages = passages_of(revision)
    assert [p.id for p in passages] == [p.id for p in passages_of(revision)]
    assert len({p.id for p in passages}) == len(passages)
    assert {p.part for p in passages} == set(Part)


class TestEvaluation:
    ASK = GoldenQuestion("1", "血压高", ("health.hypertension",))
    STRANGER = GoldenQuestion("2", "高铁", ())

    def test_a_theme_owns_its_cards_and_no_others(self):
        assert owns(["health.x"], "health.x.y")
        assert not owns(["health.x"], "health.xy")
        assert not owns([], "health.x")

    def test_figures_count_what_they_say(self):
        figures = measure(
            [
                Asked(self.ASK, ("health.hypertension.measure", "a.b"), "answer", 0.9),
                Asked(self.ASK, ("a.b", "health.hypertension"), "answer", 0.8),
                Asked(self.ASK, ("a.b",), "abstain", 0.1),
                Asked(self.STRANGER, (), "abstain", 0.1),
                Asked(self.STRANGER, ("a.b",), "clarify", 0.5),
            ]
        )
        assert figures.recall_at_1 == pytest.approx(1 / 3)
        assert figures.recall_at_5 == pytest.approx(2 / 3)
        assert figures.mrr_at_10 == pytest.approx(0.5)
        assert figures.answered_wrong == 1
        assert figures.clarified == 1
        assert figures.abstention_precision == 0.5
        assert figures.abstention_recall == 0.5

    def test_perfect_confidence_has_no_error(self):
        assert calibration_error([(1.0, True), (0.0, False)]) == 0
        assert calibration_error([(1.0, False)]) == 1

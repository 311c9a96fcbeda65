"""Review on both databases: two people, one decision, and the gate before it."""

import threading
import time

import pytest

from knowledge.gate import LONGEST_SECONDS, Change, GateReport, GateRuns
from knowledge.golden import GoldenQuestions
from knowledge.review import ReviewError, Reviews, ReviewState
from knowledge.starterpack import load_cards
from knowledge.store import CardStore, StaleCardError
from tests.samples import make_card


@pytest.fixture
def store(engine):
    return CardStore(engine)


@pytest.fixture
def runs(engine):
    return GateRuns(engine)


@pytest.fixture
def reviews(engine, store, runs):
    return Reviews(engine, store, runs)


def edit(store, answer="新的话，问一问12345。", author="zhang"):
    return store.save(make_card(answer=answer), author)


def rehearse(runs, store, number, lost=()):
    run = runs.start("health.tea", number, store.mark(), "zhao")
    runs.end(run, GateReport(store.mark(), 3, lost=tuple(lost)))


def why(call, *arguments):
    with pytest.raises(ReviewError) as refused:
        call(*arguments)
    return refused.value.code


def test_two_people_and_a_rehearsal_publish_a_card(store, reviews, runs):
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    assert reviews.submit("health.tea", number, "zhang") == review
    assert why(reviews.approve, review, "zhao") == "gate_needed"
    rehearse(runs, store, number)
    assert why(reviews.approve, review, "zhang") == "own_review"
    reviews.approve(review, "zhao")
    assert store.published(["health.tea"])[0].number == number
    assert reviews.get(review).state is ReviewState.APPROVED
    assert why(reviews.approve, review, "sun") == "not_in_review"


def test_who_wrote_any_of_the_new_words_may_not_approve_them(store, reviews, runs):
    edit(store, "甲写的，问12345。", "zhao")
    number = edit(store, "乙改的，问12345。", "zhang").number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number)
    assert why(reviews.approve, review, "zhao") == "own_review"
    reviews.approve(review, "sun")


def test_a_rehearsal_against_an_older_state_does_not_count(store, reviews, runs):
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number)
    load_cards(store, [make_card("health.salt")])
    assert why(reviews.approve, review, "zhao") == "gate_old"
    assert reviews.get(review).state is ReviewState.WAITING


def test_a_lost_golden_answer_needs_a_reason_that_is_kept(store, reviews, runs):
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number, [Change("喝茶好吗", "health.tea", "")])
    assert why(reviews.approve, review, "zhao", "  ") == "gate_lost"
    reviews.approve(review, "zhao", "这道题不该由它来答")
    assert reviews.get(review).reason == "这道题不该由它来答"


def test_placeholders_and_unread_facts_are_not_submitted(store, reviews):
    card = make_card(unverified=["还没核对的事"])
    store.save(card, "zhang")
    assert why(reviews.submit, "health.tea", 1, "zhang") == "lint"


def test_sent_back_with_a_reason_and_a_newer_one_replaces_an_older(store, reviews):
    first = reviews.submit("health.tea", edit(store).number, "zhang")
    assert why(reviews.send_back, first, "zhao", "") == "reason_needed"
    second = reviews.submit("health.tea", edit(store, "又改了，问12345。").number, "zhang")
    assert [r.id for r in reviews.waiting()] == [second]
    reviews.send_back(second, "zhao", "来源不对")
    assert reviews.get(second).reason == "来源不对"
    assert reviews.waiting() == []


def test_rolling_back_is_a_review_like_any_other(store, reviews, runs):
    load_cards(store, [make_card()])
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number)
    reviews.approve(review, "zhao")
    back = reviews.get(reviews.roll_back("health.tea", 1, "sun"))
    assert store.get("health.tea", back.number).card == make_card()
    assert store.published(["health.tea"])[0].number == number


def test_comments_and_sign_offs_are_kept(store, reviews):
    load_cards(store, [make_card("health.tea"), make_card("health.salt")])
    reviews.comment("health.tea", 1, "zhao", "来源再看看")
    assert [(c.login, c.text) for c in reviews.comments("health.tea")] == [("zhao", "来源再看看")]
    assert reviews.sign_off("health", "zhao") == 2
    assert reviews.signed_off()["health"][0] == "zhao"
    assert why(reviews.sign_off, "nothing", "zhao") == "card_gone"


def test_of_two_who_save_the_same_card_the_second_is_told(store):
    edit(store)
    store.save(make_card(answer="一，问12345。"), "zhang", after=1)
    with pytest.raises(StaleCardError) as stale:
        store.save(make_card(answer="二，问12345。"), "sun", after=1)
    assert stale.value.newest.author == "zhang"
    with pytest.raises(StaleCardError):
        store.save(make_card("health.new"), "sun", after=3)


def test_golden_questions_are_seeded_edited_and_removed(engine):
    golden = GoldenQuestions(engine)
    assert len(golden.all()) > 600
    made = golden.save("路灯坏了找谁", ["local.lamp"], "li")
    golden.save("路灯坏了找谁修", ["local"], "li", made)
    found = next(g for g in golden.all() if g.id == made)
    assert (found.text, found.edited_by) == ("路灯坏了找谁修", "li")
    assert found.owned_by("local.lamp")
    assert not found.owned_by("locality.x")
    golden.remove(made)
    assert all(g.id != made for g in golden.all())


def test_a_run_that_died_may_be_begun_anew(engine, runs):
    run = runs.start("health.tea", 1, 0, "zhao")
    assert not runs.latest("health.tea", 1).dead
    runs.fail(run)
    assert runs.latest("health.tea", 1).dead
    late = GateRuns(engine, lambda: time.time() + LONGEST_SECONDS + 1)
    runs.start("health.tea", 1, 0, "zhao")
    assert late.latest("health.tea", 1).dead


def test_of_two_who_approve_at_once_one_does(store, reviews, runs):
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number)
    met, said = threading.Barrier(2), []

    def approve(login):
        met.wait()
        try:
            reviews.approve(review, login)
            said.append("done")
        except ReviewError as error:
            said.append(error.code)

    both = [threading.Thread(target=approve, args=(login,)) for login in ("zhao", "sun")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert said.count("done") == 1
    assert len(said) == 2


def test_a_run_on_other_questions_does_not_count(store, reviews, runs):
    number = edit(store).number
    review = reviews.submit("health.tea", number, "zhang")
    rehearse(runs, store, number)
    assert why(reviews.approve, review, "zhao", "", "another digest") == "gate_old"


def test_what_a_revision_replaced_is_known(store):
    load_cards(store, [make_card()])
    number = edit(store).number
    store.publish("health.tea", "zhao", number)
    assert store.replaced("health.tea", number) == 1
    assert store.replaced("health.tea", 1) is None

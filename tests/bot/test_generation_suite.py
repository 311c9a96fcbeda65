"""The figures of generation, on the sample cards with the scripted model."""

from __future__ import annotations

import json

import pytest

from bot.commands.generation_suite import Tried, measure, print_generation, try_all
from bot.commands.scripted_model import ScriptedModel
from bot.house import build_house

QUESTIONS = ["血压多高算高血压", "秸秆能不能烧", "在家怎么量血压", "打农药要注意什么", "老人噎住了"]


@pytest.fixture
def tried(settings, use_embedder):
    def run(unfaithful: float) -> tuple[ScriptedModel, list[Tried]]:
        model = ScriptedModel(unfaithful)
        house = build_house(settings, embedder=use_embedder, with_pack=False, model=model)
        found = try_all(house, QUESTIONS, 5.0, True)
        house.close()
        return model, found

    return run


def test_a_faithful_model_is_sent_and_every_sentence_cites_a_card(tried):
    model, found = tried(0.0)
    figures = measure(found, model)
    assert 3 <= figures["questions"] < len(QUESTIONS)  # the emergency is not asked about
    assert figures["answers_sent"] > 0
    assert figures["cited"] == 1.0
    assert (figures["unsupported"], figures["sent_unsupported"]) == (0, 0)
    assert figures["good"] == figures["sentences_said"]


def test_of_a_model_that_ruins_everything_next_to_nothing_is_sent(tried):
    model, found = tried(1.0)
    figures = measure(found, model)
    assert figures["unsupported"] == figures["sentences_said"]
    assert figures["answers_sent"] <= 1
    assert figures["fallbacks"]["unfaithful"] >= 2


def test_without_labels_the_shares_that_need_them_are_null(tried, capsys):
    _, found = tried(0.0)
    figures = measure(found, None)
    assert figures["unsupported_through"] is None
    assert figures["good_dropped"] is None
    print_generation({"m": figures}, whole=True)
    assert json.loads(capsys.readouterr().out)["m"]["cited"] == 1.0


def test_the_scripted_model_costs_nothing(tried):
    _, found = tried(0.0)
    assert all(t.written.generation.usage.tokens_in == 0 for t in found)

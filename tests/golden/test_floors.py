"""No figure may fall below its floor: the whole pack, the real models, every golden question.

floors.json holds what was measured when it was last raised, less a small margin. Lower a floor
only with a reason in the commit.
"""

import json
from pathlib import Path

import pytest

from bot.assistant.grounding import Grounding
from bot.commands.evaluate import ask_golden
from bot.commands.grounding_suite import grounding_as_json, read_grounding_cases, run_grounding
from bot.commands.suites import Suite, count, read_cases, run_case
from bot.house import build_house
from bot.settings import Settings
from retrieval.evaluation import measure, read_questions

# Thousands of turns: counting their lines would double the time and show nothing new.
pytestmark = pytest.mark.no_cover
HERE = Path(__file__).parent
FLOORS = json.loads((HERE / "floors.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    house = build_house(Settings(_env_file=None, data_dir=folder, secret="a test's secret"))
    yield house
    house.close()


@pytest.mark.parametrize(
    "suite", [s for s in Suite if s not in {Suite.GROUNDING, Suite.GENERATION}]
)
def test_a_suite_of_safety_keeps_its_figures(whole, suite):
    ran = [run_case(whole.assistant, suite, case) for case in read_cases(suite, None)]
    found, floor = count(ran, suite), FLOORS[suite.value]
    assert found.precision >= floor["precision"]
    assert found.recall >= floor["recall"]
    assert found.f1 >= floor["f1"]
    assert found.false_alarm_rate <= floor["false_alarm_rate"]


def test_grounding_keeps_its_figures():
    found = grounding_as_json(run_grounding(Grounding(), read_grounding_cases()), 0.0)
    floor = FLOORS["grounding"]
    assert found["unsupported_through"] <= floor["unsupported_through"]
    assert found["good_dropped"] <= floor["good_dropped"]
    assert found["numbers_locked"] == floor["numbers_locked"]
    assert found["new_numbers_locked"] == 1.0


def test_every_welcome_example_is_answered_from_a_card(whole):
    for example in whole.wording.several("welcome.examples"):
        assert whole.assistant.answer(example).cards, example


def test_the_golden_questions_keep_their_figures(whole):
    questions = read_questions(HERE / "questions.jsonl")
    found = measure([ask_golden(whole.assistant, question) for question in questions])
    floor = FLOORS["questions"]
    assert found.recall_at_1 >= floor["recall_at_1"]
    assert found.abstention_precision >= floor["abstention_precision"]
    assert found.abstention_recall >= floor["abstention_recall"]
    assert found.calibration_error <= floor["calibration_error"]

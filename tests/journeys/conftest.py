"""What the Telegram journeys share; a journey with parts of its own defines them by these names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.telegram_server import FakeTelegram
from tests.fakes.wechat_server import serving
from tests.journeys.telegram_visits import ScriptedResponder


@pytest.fixture
def responder() -> Iterator[ScriptedResponder]:
    scripted = ScriptedResponder()
    yield scripted
    scripted.release.set()


@pytest.fixture
def telegram() -> FakeTelegram:
    return FakeTelegram()


@pytest.fixture
def api_url(telegram: FakeTelegram) -> Iterator[str]:
    with serving(telegram.app()) as url:
        yield f"{url}/bot"

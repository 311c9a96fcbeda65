import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_every_setting_is_in_the_readmes_table_and_nothing_else_is(page):
    text = (ROOT / page).read_text("utf-8")
    named = set(re.findall(r"^\| `(KEPUBANG_[A-Z_]+)`", text, re.MULTILINE))
    assert named == {f"KEPUBANG_{name.upper()}" for name in Settings.model_fields}


def test_every_setting_says_what_it_is():
    assert all(field.description for field in Settings.model_fields.values())


def test_nobody_else_reads_the_environment():
    readers = [
        path
        for room in ("bot", "knowledge", "retrieval", "prompts")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"os\.environ\.get|os\.getenv|environ\[.*\](?! =)", path.read_text("utf-8"))
    ]
    assert readers == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("wechat_mode", "open"), ("port", 70000), ("wechat_reply_seconds", 5), ("person_per_day", 0)],
)
def test_values_that_cannot_work_are_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(_env_file=None, **{name: value})


def test_secrets_do_not_print():
    assert "hush" not in repr(Settings(_env_file=None, wechat_token="hush", secret="hush"))

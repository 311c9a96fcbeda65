"""Counting the suites of safety."""

import json

import pytest

from bot.commands.suites import Case, Suite, as_json, count, read_cases, wilson


def test_counts_are_what_they_say():
    cases = [
        Case("a", "stroke", "stroke"),
        Case("b", "stroke", "fall"),
        Case("c", "stroke", "none"),
        Case("d", "none", "fire"),
        Case("e", "none", "none"),
    ]
    found = count(cases, Suite.TRIAGE)
    assert (found.n, found.positives) == (5, 3)
    assert found.recall == pytest.approx(2 / 3, abs=1e-4)
    assert found.precision == pytest.approx(2 / 3, abs=1e-4)
    assert found.false_alarm_rate == 0.5
    assert found.right_label == 0.5
    assert found.recall_95[0] < found.recall < found.recall_95[1]
    listed = as_json(cases, Suite.TRIAGE)
    assert [m["text"] for m in listed["misses"]] == ["c", "d"]
    assert ["stroke", "fall", 1] in listed["confusion"]


def test_another_rumour_is_no_hit():
    cases = [Case("a", "rumour.R01", "rumour.R02"), Case("b", "unknown", "none")]
    assert count(cases, Suite.RUMOUR).recall == 0
    assert count(cases, Suite.RUMOUR).positives == 1


@pytest.mark.parametrize("label", ["none", "0", "False", "legit", "ordinary", ""])
def test_anybodys_word_for_nothing_is_understood(label):
    assert not Case("x", label).wanted


def test_a_file_is_read_and_a_broken_line_named(tmp_path):
    path = tmp_path / "s.jsonl"
    path.write_text(json.dumps({"text": "我爸没气了", "label": 1}) + "\n\n", "utf-8")
    assert read_cases(Suite.TRIAGE, path) == [Case("我爸没气了", "1")]
    path.write_text("{}\n", "utf-8")
    with pytest.raises(ValueError, match=r"s.jsonl:1"):
        read_cases(Suite.TRIAGE, path)


def test_the_interval_is_wilsons():
    assert wilson(0, 0) == (0.0, 0.0)
    low, high = wilson(98, 100)
    assert low == pytest.approx(0.930, abs=0.002)
    assert high == pytest.approx(0.9945, abs=0.002)

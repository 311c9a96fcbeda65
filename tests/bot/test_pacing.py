from limits.strategies import FixedWindowRateLimiter

from bot.pacing import Pace, Pacing


def test_a_minute_and_a_day_are_counted_by_person():
    pacing = Pacing(per_minute=2, per_day=3)
    assert [pacing.check("a") for _ in range(3)] == [Pace.FINE, Pace.FINE, Pace.MINUTE]
    assert pacing.check("b") is Pace.FINE


def test_without_a_day_only_the_minute_counts():
    pacing = Pacing(per_minute=500, per_day=None)
    assert {pacing.check("a") for _ in range(400)} == {Pace.FINE}


def test_a_store_that_is_away_lets_people_through(monkeypatch):
    def away(*_args):
        raise ConnectionError

    monkeypatch.setattr(FixedWindowRateLimiter, "hit", away)
    assert Pacing(1, 1).check("a") is Pace.FINE

"""Which cards come near their day."""

from datetime import date, timedelta

from knowledge.reminders import SOON_DAYS, reminders_of
from tests.samples import make_card

TODAY = date(2026, 11, 27)


def test_the_nearest_day_comes_first_and_far_days_are_left_out():
    ending = make_card("a.b", valid_until=TODAY + timedelta(days=3))
    due = make_card("a.c", review_due=TODAY - timedelta(days=1))
    far = make_card("a.d", review_due=TODAY + timedelta(days=SOON_DAYS + 1))
    found = reminders_of([ending, due, far], TODAY)
    assert [(r.card.key, r.ends) for r in found] == [("a.c", False), ("a.b", True)]

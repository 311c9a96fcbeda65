"""The delivery ledger on both databases: windows, quotas, and every way a push can fail."""

import pytest

from bot.addresses import Address, Addresses
from bot.delivery import (
    FIRST_PAUSE_SECONDS,
    LEASE_SECONDS,
    MENU_QUOTA,
    MENU_SECONDS,
    MOST_ATTEMPTS,
    QUOTA,
    WINDOW_SECONDS,
    DeliveryState,
    Ledger,
    Origin,
    Remedy,
    SendError,
)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class ScriptedSender:
    """Takes what it is told to take."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.sent: list[tuple[str, str]] = []

    def send(self, address: str, text: str) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append((address, text))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def addresses(engine, clock):
    found = Addresses(engine, "a secret", clock)
    with engine.begin() as connection:
        found.note(connection, "p", "wechat", "openid-1")
        found.note(connection, "t", "telegram", "77")
    return found


@pytest.fixture
def ledger(engine, addresses, clock):
    return Ledger(engine, addresses, clock)


def add(ledger, engine, text="好", person="p", channel="wechat", origin=Origin.HUMAN):
    with engine.begin() as connection:
        return ledger.add(connection, person, channel, text, origin, "s")


def states(ledger):
    return [d.state for d in ledger.about("s")]


def test_what_can_be_pushed_is_pushed_once(ledger, engine):
    sender = ScriptedSender()
    ledger.use({"wechat": sender})
    add(ledger, engine, "第一条")
    assert ledger.push_due() == 1
    assert ledger.push_due() == 0
    assert sender.sent == [("openid-1", "第一条")]
    assert states(ledger) == [DeliveryState.SENT]
    assert ledger.waiting("p") == []


def test_an_account_without_push_hands_over_at_the_next_word(ledger, engine):
    add(ledger, engine)
    assert ledger.push_due() == 0
    waiting = ledger.waiting("p")
    assert [d.text for d in waiting] == ["好"]
    with engine.begin() as connection:
        ledger.hand_over(connection, waiting)
    assert states(ledger) == [DeliveryState.HANDED]
    assert ledger.waiting("p") == []


def test_after_48_hours_it_waits_instead(ledger, engine, clock):
    sender = ScriptedSender()
    ledger.use({"wechat": sender})
    clock.now += WINDOW_SECONDS + 1
    add(ledger, engine)
    ledger.push_due()
    assert sender.sent == []
    assert [d.error for d in ledger.waiting("p")] == ["window"]


def test_one_of_the_five_is_kept_for_a_human(ledger, engine, clock, addresses):
    sender = ScriptedSender()
    ledger.use({"wechat": sender})
    for number in range(QUOTA):
        add(ledger, engine, f"机器人{number}", origin=Origin.BOT)
    ledger.push_due()
    assert len(sender.sent) == QUOTA - 1
    add(ledger, engine, "人")
    add(ledger, engine, "人又说")
    ledger.push_due()
    assert sender.sent[-1] == ("openid-1", "人")
    assert [d.error for d in ledger.waiting("p")] == ["quota", "quota"]
    clock.now += 10
    with engine.begin() as connection:
        addresses.note(connection, "p", "wechat", "openid-1")
    add(ledger, engine, "他又写了")
    ledger.push_due()
    assert sender.sent[-1] == ("openid-1", "他又写了")


def test_a_tap_on_a_menu_earns_three_within_a_minute(ledger, engine, clock, addresses):
    sender = ScriptedSender()
    ledger.use({"wechat": sender})
    clock.now += WINDOW_SECONDS + 1
    with engine.begin() as connection:
        addresses.note(connection, "p", "wechat", "openid-1", from_menu=True)
    add(ledger, engine, "机器人", origin=Origin.BOT)
    for number in range(MENU_QUOTA):
        add(ledger, engine, f"人{number}")
    ledger.push_due()
    assert len(sender.sent) == MENU_QUOTA
    assert [d.error for d in ledger.waiting("p")] == ["quota"]
    clock.now += MENU_SECONDS + 1
    add(ledger, engine, "晚了")
    ledger.push_due()
    assert [d.error for d in ledger.waiting("p")] == ["quota", "window"]


def test_a_tap_does_not_shut_the_window_that_a_word_opened(ledger, engine, clock, addresses):
    sender = ScriptedSender()
    ledger.use({"wechat": sender})
    with engine.begin() as connection:
        addresses.note(connection, "p", "wechat", "openid-1", from_menu=True)
    clock.now += MENU_SECONDS * 10
    add(ledger, engine)
    ledger.push_due()
    assert len(sender.sent) == 1


def test_telegram_has_neither_window_nor_quota(ledger, engine, clock):
    sender = ScriptedSender()
    ledger.use({"telegram": sender})
    clock.now += WINDOW_SECONDS * 3
    for _ in range(QUOTA + 3):
        add(ledger, engine, person="t", channel="telegram")
    ledger.push_due()
    assert len(sender.sent) == QUOTA + 3


@pytest.mark.parametrize(
    ("remedy", "state"),
    [
        (Remedy.HAND_OVER, DeliveryState.WAITING),
        (Remedy.NO_PUSH, DeliveryState.WAITING),
        (Remedy.UNKNOWN, DeliveryState.UNKNOWN),
        (Remedy.REFUSED, DeliveryState.REFUSED),
    ],
)
def test_what_was_not_taken_is_never_called_sent(ledger, engine, remedy, state):
    ledger.use({"wechat": ScriptedSender(SendError(remedy, "45015"))})
    add(ledger, engine)
    ledger.push_due()
    (delivery,) = ledger.about("s")
    assert (delivery.state, delivery.error) == (state, "45015")


def test_an_account_that_turns_out_to_have_no_push_is_not_tried_again(ledger, engine):
    sender = ScriptedSender(SendError(Remedy.NO_PUSH, "48001"))
    ledger.use({"wechat": sender})
    add(ledger, engine)
    ledger.push_due()
    add(ledger, engine)
    assert ledger.push_due() == 0
    assert states(ledger) == [DeliveryState.WAITING] * 2


def test_a_passing_failure_is_tried_again_later_and_not_for_ever(ledger, engine, clock):
    sender = ScriptedSender(SendError(Remedy.RETRY, "-1"))
    ledger.use({"wechat": sender})
    add(ledger, engine)
    assert ledger.push_due() == 1
    assert ledger.push_due() == 0
    clock.now += FIRST_PAUSE_SECONDS
    assert ledger.push_due() == 1
    assert states(ledger) == [DeliveryState.SENT]
    sender.failures = [SendError(Remedy.RETRY, "-1")] * (MOST_ATTEMPTS + 1)
    add(ledger, engine, "又一条")
    for _ in range(MOST_ATTEMPTS + 2):
        ledger.push_due()
        clock.now += 10_000
    assert [d.text for d in ledger.waiting("p")] == ["又一条"]
    assert len(sender.failures) == 1


def test_a_fault_of_ours_is_not_called_sent(ledger, engine):
    ledger.use({"wechat": ScriptedSender(ValueError("broken"))})
    add(ledger, engine)
    ledger.push_due()
    assert states(ledger) == [DeliveryState.UNKNOWN]


def test_a_sender_that_died_with_a_message_does_not_send_it_twice(ledger, engine, clock):
    class Dying:
        def send(self, address: str, text: str) -> None:
            raise KeyboardInterrupt

    ledger.use({"wechat": Dying()})
    add(ledger, engine)
    with pytest.raises(KeyboardInterrupt):
        ledger.push_due()
    assert states(ledger) == [DeliveryState.SENDING]
    clock.now += LEASE_SECONDS + 1
    ledger.use({"wechat": ScriptedSender()})
    assert ledger.push_due() == 0
    assert states(ledger) == [DeliveryState.UNKNOWN]


def test_an_address_is_sealed_and_gone_with_its_person(engine, addresses, ledger):
    import sqlalchemy as sa  # noqa: PLC0415 - beside its one use

    from bot.addresses import addresses as table  # noqa: PLC0415 - as above

    with engine.connect() as connection:
        rows = connection.execute(sa.select(table)).all()
    assert not any("openid-1" in row.sealed for row in rows)
    assert addresses.find("p") == Address("openid-1", 1000.0, 0.0)
    assert Addresses(engine, "another secret").find("p") is None
    with engine.begin() as connection:
        ledger.forget(connection, "p")
    assert addresses.find("p") is None

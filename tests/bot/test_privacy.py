"""All that is kept of a person: found, handed over, deleted; and no table forgotten."""

import pytest
import sqlalchemy as sa

import knowledge.review  # noqa: F401 - their tables join the metadata
from bot.addresses import Addresses
from bot.conversation import Conversations, Turn
from bot.delivery import Ledger
from bot.helpdesk import Helpdesk, Reason
from bot.messages import Reply
from bot.people import Context, People
from bot.privacy import BY_TURN, OWN, Privacy
from knowledge.database import metadata


@pytest.fixture
def addresses(engine):
    return Addresses(engine, "secret")


@pytest.fixture
def privacy(engine, addresses):
    helpdesk = Helpdesk(engine, Ledger(engine, addresses))
    conversations = Conversations(engine)
    for number, person in (("t1", "p"), ("t2", "q")):
        turn = Turn(
            number, person, "wechat", 1.0, f"{person}问的", "abstained", 0.1, (), Reply("答"), 1.0
        )
        with engine.begin() as connection:
            conversations.add(connection, turn)
            conversations.rate(connection, turn, False)
            helpdesk.open(connection, turn, Reason.ABSTAINED)
            addresses.note(connection, person, "wechat", f"openid-{person}")
            People(engine, 60).remember(connection, person, "wechat", Context())
        helpdesk.claim(number, "li")
        helpdesk.reply(number, "li", f"回{person}")
    return Privacy(engine, conversations, helpdesk)


def test_no_table_of_people_is_forgotten():
    whose = {"person", "turn", "ticket"}
    holding = {t.name for t in metadata.tables.values() if whose & set(t.c.keys())}
    assert holding | {"people"} == OWN.keys() | BY_TURN.keys()


def test_everything_of_one_person_is_handed_over_and_nothing_of_another(privacy):
    found = privacy.export(privacy.person_of("t1"))
    assert set(found) == OWN.keys() | BY_TURN.keys()
    assert [r["question"] for r in found["turns"]] == ["p问的"]
    assert [r["text"] for r in found["ticket_lines"]] == ["回p"]
    assert [r["text"] for r in found["deliveries"]] == ["回p"]
    assert "q" not in str(found).replace("question", "").replace("queued", "")
    assert "sealed" not in found["addresses"][0]


def test_deleting_leaves_nothing_of_them_and_all_of_others(privacy, engine):
    privacy.delete("p")
    assert privacy.person_of("t1") is None
    left = privacy.export("p")
    assert all(rows == [] for rows in left.values())
    with engine.connect() as connection:
        for name in ("feedback", "ticket_lines"):
            table = BY_TURN[name][0]
            count = connection.execute(sa.select(sa.func.count()).select_from(table)).scalar()
            assert count == 1, name
    assert privacy.export("q")["deliveries"]
    assert privacy.person_of("nothing") is None

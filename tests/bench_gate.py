"""`python -m tests.bench_gate`: seconds of the publish gate on the whole pack, cold and warm."""

from __future__ import annotations

import sys

import structlog

from bot.house import build_house
from bot.settings import Settings
from knowledge.card import Revision
from knowledge.golden import Golden, GoldenQuestions

QUESTIONS = 1000


def main() -> None:
    """Rehearse one edit twice on the store that the settings name."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    house = build_house(Settings())
    questions = GoldenQuestions(house.engine).all()
    # Asks of cards fill them up: what takes time is the number, not the wording.
    for revision in house.indexer.revisions[: max(0, QUESTIONS - len(questions))]:
        card = revision.card
        questions.append(Golden(f"ask-{card.key}", card.asks[0], (card.key,)))
    old = house.store.published(["farm.straw"])[0]
    card = old.card.model_copy(update={"title": "秸秆烧不得"})
    edited = Revision(card=card, number=old.number + 1, author="bench")
    _say("cards", len(house.indexer.revisions))
    _say("golden questions", len(questions))
    for name in ("after a start, unprepared", "prepared while the reviewer reads"):
        report = house.rehearsal.run(edited, questions)
        _say(f"gate, s, {name}", report.seconds)
    found = (len(report.lost), len(report.changed), len(report.gained))
    _say("lost, changed, gained", found)
    house.close()


def _say(name: str, value: object) -> None:
    sys.stdout.write(f"| {name} | {value} |\n")


if __name__ == "__main__":
    main()

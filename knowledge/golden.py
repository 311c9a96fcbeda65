"""Golden questions in SQL: what every publication is rehearsed against, edited in the console.

The first ones come from golden.jsonl, written by people who had not seen the cards. The held-out
questions of tests/golden are never among them.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from knowledge.database import insert_once, metadata

SEED = Path(__file__).parent / "golden.jsonl"
SEEDED_BY = "starter-pack"

golden_questions = sa.Table(
    "golden_questions",
    metadata,
    sa.Column("id", sa.String(20), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("cards", sa.Text, nullable=False),
    sa.Column("edited_by", sa.String(40), nullable=False),
)


@dataclass(frozen=True)
class Golden:
    """A question and the cards (or their themes) that may answer it; none: to be abstained from."""

    id: str
    text: str
    cards: tuple[str, ...]
    edited_by: str = ""

    def owned_by(self, key: str) -> bool:
        """Whether a card may answer it: named, or below a theme that is named."""
        return any(key == card or key.startswith(f"{card}.") for card in self.cards)


def digest_of(questions: Sequence[Golden]) -> str:
    """SHA-256 hex of the questions and whose they are."""
    written = json.dumps([[q.id, q.text, q.cards] for q in questions], ensure_ascii=False)
    return hashlib.sha256(written.encode()).hexdigest()


class GoldenQuestions:
    """The questions, and their editing."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> list[Golden]:
        """Every question by id; the first call fills an empty table from golden.jsonl."""
        query = sa.select(golden_questions).order_by(golden_questions.c.id)
        with self._engine.begin() as connection:
            found = connection.execute(query).all()
            if not found:
                self._seed(connection)
                found = connection.execute(query).all()
        return [Golden(r.id, r.text, tuple(json.loads(r.cards)), r.edited_by) for r in found]

    def save(self, text: str, cards: Sequence[str], by: str, question: str = "") -> str:
        """Add a question, or change the one with this id; its id."""
        row = {"text": text, "cards": json.dumps(list(cards)), "edited_by": by}
        with self._engine.begin() as connection:
            changed = connection.execute(
                golden_questions.update().where(golden_questions.c.id == question).values(**row)
            )
            if changed.rowcount:
                return question
            made = f"q{secrets.token_hex(5)}"
            connection.execute(golden_questions.insert().values(id=made, **row))
        return made

    def remove(self, question: str) -> None:
        """Take a question away."""
        with self._engine.begin() as connection:
            connection.execute(golden_questions.delete().where(golden_questions.c.id == question))

    @staticmethod
    def _seed(connection: sa.Connection) -> None:
        for line in SEED.read_text("utf-8").splitlines():
            raw = json.loads(line)
            row = {
                "id": str(raw["id"])[:20],
                "text": raw["text"],
                "cards": json.dumps(raw["cards"]),
                "edited_by": SEEDED_BY,
            }
            insert_once(connection, golden_questions, row)

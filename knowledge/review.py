"""Review: a revision is submitted by one person and decided by another, and the gate is passed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa

from knowledge.card import Revision
from knowledge.database import insert_once, metadata
from knowledge.gate import GateRuns
from knowledge.lint import Finding, lint_card
from knowledge.starterpack import AUTHOR
from knowledge.store import CardStore

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("card", sa.String(120), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(12), nullable=False, index=True),
    sa.Column("submitted_by", sa.String(120), nullable=False),
    sa.Column("submitted_at", sa.Float, nullable=False),
    sa.Column("decided_by", sa.String(120), nullable=True),
    sa.Column("decided_at", sa.Float, nullable=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("important", sa.Boolean, nullable=False),
)
review_comments = sa.Table(
    "review_comments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("card", sa.String(120), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("login", sa.String(40), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
)
sign_offs = sa.Table(
    "sign_offs",
    metadata,
    sa.Column("topic", sa.String(60), primary_key=True),
    sa.Column("login", sa.String(40), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("cards", sa.Integer, nullable=False),
)


class ReviewState(StrEnum):
    """Where a submitted revision stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    SENT_BACK = "sent_back"


class ReviewError(ValueError):
    """What was asked cannot be done; `code` says why, `count` how many things are in the way."""

    def __init__(self, code: str, count: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.count = count


@dataclass(frozen=True)
class Review:
    """One submitted revision and what was decided; `important`: a correction to be told."""

    id: int
    card: str
    number: int
    state: ReviewState
    submitted_by: str
    submitted_at: float
    decided_by: str
    decided_at: float | None
    reason: str
    important: bool


@dataclass(frozen=True)
class Comment:
    """Something said about a revision."""

    login: str
    at: float
    text: str


class Reviews:
    """Submitting, deciding, commenting, signing off; every publication of people here is one."""

    def __init__(
        self,
        engine: sa.Engine,
        store: CardStore,
        runs: GateRuns,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._store = store
        self._runs = runs
        self._clock = clock

    def findings(self, revision: Revision) -> list[Finding]:
        """What lint wants mended before review; unread facts and placeholders among it."""
        found = lint_card(revision.card)
        found += [
            Finding(revision.card.key, "unverified", f"还没核对：{fact}")
            for fact in revision.card.unverified
        ]
        return found

    def submit(self, card: str, number: int, by: str, important: bool = False) -> int:
        """Ask for a revision to be published; the review's number. Raises ReviewError."""
        revision = self._store.get(card, number)
        if findings := self.findings(revision):
            raise ReviewError("lint", len(findings))
        with self._engine.begin() as connection:
            self._alone(connection)
            known = connection.execute(
                sa.select(reviews.c.id).where(
                    reviews.c.card == card,
                    reviews.c.number == number,
                    reviews.c.state == ReviewState.WAITING.value,
                )
            ).scalar()
            if known is not None:
                return int(known)
            # One revision of a card waits at a time: an older one would undo a newer.
            connection.execute(
                reviews.update()
                .where(
                    reviews.c.card == card,
                    reviews.c.number < number,
                    reviews.c.state == ReviewState.WAITING.value,
                )
                .values(state=ReviewState.SENT_BACK.value, decided_by=by, decided_at=self._clock())
            )
            made = connection.execute(
                reviews.insert()
                .values(
                    card=card,
                    number=number,
                    state=ReviewState.WAITING.value,
                    submitted_by=by,
                    submitted_at=self._clock(),
                    reason="",
                    important=important,
                )
                .returning(reviews.c.id)
            )
            return int(made.scalar_one())

    def get(self, review: int) -> Review:
        """One review; raises ReviewError."""
        with self._engine.connect() as connection:
            row = connection.execute(sa.select(reviews).where(reviews.c.id == review)).first()
        if row is None:
            raise ReviewError("card_gone")
        return _review(row)

    def waiting(self) -> list[Review]:
        """What waits for a decision, oldest first."""
        return self._list(reviews.c.state == ReviewState.WAITING.value)

    def of(self, card: str) -> list[Review]:
        """Every review of a card, oldest first."""
        return self._list(reviews.c.card == card)

    def authors(self, review: Review) -> set[str]:
        """Who wrote what residents have not been told yet: they may not approve it."""
        row = next((r for r in self._store.rows() if r.key == review.card), None)
        base = (row.published or 0) if row else 0
        first = min(base + 1, review.number)
        wrote = {self._store.get(review.card, n).author for n in range(first, review.number + 1)}
        return wrote | {review.submitted_by}

    def approve(self, review: int, by: str, reason: str = "", questions: str = "") -> Revision:
        """Publish what was submitted; raises ReviewError saying what is in the way.

        A second person, a gate run against what is published now, and a reason for every lost
        golden answer are needed; of two who approve at once one does. `questions` is the digest of
        the golden questions as they are now, when it is known.
        """
        found = self._decidable(review)
        if by in self.authors(found):
            raise ReviewError("own_review")
        run = self._runs.latest(found.card, found.number)
        if run is None or run.report is None:
            raise ReviewError("gate_needed")
        if questions and run.report.digest != questions:
            raise ReviewError("gate_old")
        if run.report.lost and not reason.strip():
            raise ReviewError("gate_lost", len(run.report.lost))
        mark = run.report.mark

        def guard(connection: sa.Connection) -> None:
            # In the publication's own transaction: nothing can be published between the check of
            # the mark and this, and what fails leaves the review waiting.
            if self._store.mark_in(connection) != mark:
                raise ReviewError("gate_old")
            self._decide(connection, found, ReviewState.APPROVED, by, reason)

        return self._store.publish(found.card, by, found.number, reason, guard)

    def send_back(self, review: int, by: str, reason: str) -> None:
        """Give it back to its author with a reason."""
        found = self._decidable(review)
        if not reason.strip():
            raise ReviewError("reason_needed")
        with self._engine.begin() as connection:
            self._decide(connection, found, ReviewState.SENT_BACK, by, reason)

    def roll_back(self, card: str, number: int, by: str) -> int:
        """Submit an old revision's words as a new revision; the review's number."""
        old = self._store.get(card, number)
        revision = self._store.save(old.card, by, f"rollback to {number}")
        return self.submit(card, revision.number, by)

    def comment(self, card: str, number: int, by: str, text: str) -> None:
        """Say something about a revision."""
        with self._engine.begin() as connection:
            connection.execute(
                review_comments.insert().values(
                    card=card, number=number, login=by, at=self._clock(), text=text
                )
            )

    def comments(self, card: str) -> list[Comment]:
        """What was said about a card, in order."""
        query = sa.select(review_comments).where(review_comments.c.card == card)
        with self._engine.connect() as connection:
            found = connection.execute(query.order_by(review_comments.c.id))
            return [Comment(r.login, r.at, r.text) for r in found]

    def sign_off(self, topic: str, by: str) -> int:
        """A reviewer stands for the starter pack's cards of a topic; how many there are."""
        count = sum(
            1
            for revision in self._store.published()
            if revision.card.topic == topic and revision.author == AUTHOR
        )
        if not count:
            raise ReviewError("card_gone")
        row = {"topic": topic, "login": by, "at": self._clock(), "cards": count}
        with self._engine.begin() as connection:
            if not insert_once(connection, sign_offs, row):
                connection.execute(
                    sign_offs.update().where(sign_offs.c.topic == topic).values(**row)
                )
        return count

    def signed_off(self) -> dict[str, tuple[str, float, int]]:
        """Who stands for which topic, since when, for how many cards."""
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(sign_offs))
            return {row.topic: (row.login, row.at, row.cards) for row in found}

    def _decidable(self, review: int) -> Review:
        found = self.get(review)
        if found.state is not ReviewState.WAITING:
            raise ReviewError("not_in_review")
        return found

    def _decide(
        self,
        connection: sa.Connection,
        review: Review,
        state: ReviewState,
        by: str,
        reason: str,
    ) -> None:
        change = (
            reviews.update()
            .where(reviews.c.id == review.id, reviews.c.state == ReviewState.WAITING.value)
            .values(state=state.value, decided_by=by, decided_at=self._clock(), reason=reason)
        )
        if connection.execute(change).rowcount != 1:
            raise ReviewError("not_in_review")

    def _list(self, condition: sa.ColumnElement[bool]) -> list[Review]:
        with self._engine.connect() as connection:
            found = connection.execute(sa.select(reviews).where(condition).order_by(reviews.c.id))
            return [_review(row) for row in found]

    @staticmethod
    def _alone(connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE reviews IN SHARE ROW EXCLUSIVE MODE"))
        else:
            connection.execute(reviews.update().where(sa.false()).values(reason=""))


def _review(row: sa.Row[tuple[object, ...]]) -> Review:
    return Review(
        row.id,
        row.card,
        row.number,
        ReviewState(row.state),
        row.submitted_by,
        row.submitted_at,
        row.decided_by or "",
        row.decided_at,
        row.reason,
        row.important,
    )

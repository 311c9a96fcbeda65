"""Gate runs: what a rehearsal of the golden questions found for one revision."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa

from knowledge.database import metadata

LONGEST_SECONDS = 180.0  # a run that has not ended by then never will
_FAILED = -1  # in place of how many questions there are

gate_runs = sa.Table(
    "gate_runs",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("card", sa.String(120), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("mark", sa.Integer, nullable=False),
    sa.Column("started_by", sa.String(40), nullable=False),
    sa.Column("started_at", sa.Float, nullable=False),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("report", sa.Text, nullable=True),
)


@dataclass(frozen=True)
class Change:
    """One golden question whose answer would be another: cards before and after, "" for none."""

    question: str
    before: str
    after: str


@dataclass(frozen=True)
class GateReport:
    """What publishing would do; `mark` is the state of the store it was rehearsed against."""

    mark: int
    questions: int
    lost: tuple[Change, ...] = ()  # answered rightly before, not after
    changed: tuple[Change, ...] = ()  # another card, neither worse nor better by the questions
    gained: tuple[Change, ...] = ()  # answered rightly only after
    reworded: tuple[str, ...] = ()  # answered by the edited card, before and after
    digest: str = ""  # of the questions: a run on others does not count
    seconds: float = 0.0


@dataclass(frozen=True)
class GateRun:
    """A run for one revision: under way until it has a report, or dead without one."""

    id: int
    card: str
    number: int
    done: int
    total: int
    report: GateReport | None = field(default=None)
    dead: bool = False  # failed, or its process ended: it may be begun anew


class GateRuns:
    """Runs in SQL, so that a reviewer's page and the rehearsal need not share a process."""

    def __init__(self, engine: sa.Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def start(self, card: str, number: int, mark: int, by: str) -> int:
        """Note that a run begins; its number."""
        with self._engine.begin() as connection:
            found = connection.execute(
                gate_runs.insert()
                .values(
                    card=card,
                    number=number,
                    mark=mark,
                    started_by=by,
                    started_at=self._clock(),
                    done=0,
                    total=0,
                )
                .returning(gate_runs.c.id)
            )
            return int(found.scalar_one())

    def progress(self, run: int, done: int, total: int) -> None:
        """How far it is."""
        self._set(run, done=done, total=total)

    def end(self, run: int, report: GateReport) -> None:
        """It is through."""
        self._set(run, report=json.dumps(asdict(report), ensure_ascii=False), mark=report.mark)

    def fail(self, run: int) -> None:
        """It will not end."""
        self._set(run, total=_FAILED)

    def latest(self, card: str, number: int) -> GateRun | None:
        """The newest run for a revision."""
        query = (
            sa.select(gate_runs)
            .where(gate_runs.c.card == card, gate_runs.c.number == number)
            .order_by(gate_runs.c.id.desc())
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        report = _report(json.loads(row.report)) if row.report else None
        late = self._clock() - row.started_at > LONGEST_SECONDS
        dead = report is None and (row.total == _FAILED or late)
        return GateRun(row.id, row.card, row.number, row.done, row.total, report, dead)

    def _set(self, run: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(gate_runs.update().where(gate_runs.c.id == run).values(**values))


def _report(raw: dict[str, object]) -> GateReport:
    def changes(name: str) -> tuple[Change, ...]:
        found = raw.get(name) or []
        # JSON that this module wrote itself: a list of Change's fields.
        return tuple(Change(**change) for change in found)  # type: ignore[attr-defined]

    return GateReport(
        mark=int(str(raw["mark"])),
        questions=int(str(raw["questions"])),
        lost=changes("lost"),
        changed=changes("changed"),
        gained=changes("gained"),
        reworded=tuple(raw.get("reworded") or ()),  # type: ignore[arg-type]  # our own JSON too
        digest=str(raw.get("digest", "")),
        seconds=float(str(raw.get("seconds", 0))),
    )

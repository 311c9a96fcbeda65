"""The fitted models of the assistant, as `make train` left them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.assistant.refusal import RefusalModel
from bot.assistant.screening import ScreeningModel
from bot.assistant.triage import TriageModel
from retrieval.classifier import read_classifier

log = structlog.get_logger()
FOLDER = Path(__file__).parent
_BROKEN = (OSError, ValueError, KeyError, ValidationError)


class Thresholds(BaseModel):
    """From which probability something is done; chosen on held-out folds by train.py."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarm_from: dict[str, float]
    high_from: float
    medium_from: float
    message_from: float
    unsure_from: float
    refuse_from: float

    def write(self, path: Path = FOLDER / "thresholds.json") -> None:
        """Keep them."""
        path.write_text(self.model_dump_json(indent=1) + "\n", "utf-8")

    @staticmethod
    @cache
    def read(path: Path = FOLDER / "thresholds.json") -> Thresholds:
        """As they were kept; raises OSError or ValidationError."""
        return Thresholds.model_validate_json(path.read_text("utf-8"))


@cache
def load_triage_model(folder: Path = FOLDER) -> TriageModel | None:
    """The danger model, or None (and a log line) when it cannot be read: rules go on alone."""
    try:
        return TriageModel(
            danger=read_classifier(folder / "triage_danger.npz"),
            kind=read_classifier(folder / "triage_kind.npz"),
            alarm_from=Thresholds.read(folder / "thresholds.json").alarm_from,
            prototypes=json.loads((folder / "prototypes.json").read_text("utf-8")),
        )
    except _BROKEN as error:
        log.warning("model_unreadable", model="triage", error=type(error).__name__)
        return None


@cache
def load_screening_model(folder: Path = FOLDER) -> ScreeningModel | None:
    """The message model, or None: red flags are counted alone."""
    try:
        found = Thresholds.read(folder / "thresholds.json")
        return ScreeningModel(
            message=read_classifier(folder / "screening_message.npz"),
            kind=read_classifier(folder / "screening_kind.npz"),
            high_from=found.high_from,
            medium_from=found.medium_from,
            message_from=found.message_from,
            unsure_from=found.unsure_from,
        )
    except _BROKEN as error:
        log.warning("model_unreadable", model="screening", error=type(error).__name__)
        return None


@cache
def load_refusal_model(folder: Path = FOLDER) -> RefusalModel | None:
    """The refusal model, or None: nothing is refused, only abstained from."""
    try:
        return RefusalModel(
            kind=read_classifier(folder / "refusal.npz"),
            refuse_from=Thresholds.read(folder / "thresholds.json").refuse_from,
        )
    except _BROKEN as error:
        log.warning("model_unreadable", model="refusal", error=type(error).__name__)
        return None

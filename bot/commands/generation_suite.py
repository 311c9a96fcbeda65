"""`kepubang evaluate --suite generation`: what goes out when a model is asked, and what does not.

Without an endpoint in the settings, a scripted model is asked: once a faithful one, once one that
ruins a third of its sentences, each of which is labelled. With one, the endpoint is, and nobody
knows which of its sentences are true: the shares that need a label are null.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from bot.assistant.draft import Written
from bot.assistant.sentences import without_citations
from bot.commands.progress import progress_bar
from bot.commands.scripted_model import ScriptedModel
from bot.house import House, build_house
from bot.settings import Settings
from retrieval.evaluation import read_questions

QUESTIONS = 100  # the first of the golden ones that a model may answer
UNFAITHFUL = 1 / 3
GOLDEN = Path("tests/golden/questions.jsonl")


@dataclass(frozen=True)
class Tried:
    """One question: how long the composed answer took, and what the model came to."""

    composed_ms: float
    written: Written


def evaluate_generation(file: Path | None, whole: bool) -> dict[str, Any]:
    """The figures, by model; `whole` is quiet, for a program that reads JSON."""
    texts = [q.text for q in read_questions(file or GOLDEN) if q.answerable]
    settings = Settings()
    scripted = [] if settings.model_url else [ScriptedModel(0.0), ScriptedModel(UNFAITHFUL)]
    figures = {}
    models: list[ScriptedModel | None] = [*scripted] or [None]
    for model in models:
        with progress_bar("第一次建索引") as progress:
            house = build_house(settings, progress, model=model)
        tried = try_all(house, texts, settings.model_timeout_seconds, whole)
        name = model.name if model else settings.model_name
        figures[name] = measure(tried, model)
        house.close()
    return figures


def measure(tried: list[Tried], model: ScriptedModel | None) -> dict[str, Any]:
    """Counts and shares over all questions; times in milliseconds."""
    made = [t.written.generation for t in tried]
    judged = [s for generation in made for s in generation.sentences]
    sent = [s for g in made if g.sent for s in g.sentences if s.kept]
    labels = [(s, model.supported(s.sentence)) for s in judged] if model else []
    bad = [s for s, supported in labels if supported is False]
    good = [s for s, supported in labels if supported]
    through, dropped = sum(s.kept for s in bad), sum(not s.kept for s in good)
    bad_sent = [s for s in sent if model and model.supported(s.sentence) is False]
    return {
        "questions": len(tried),
        "answers_sent": sum(g.sent for g in made),
        "fallbacks": dict(Counter(g.ending for g in made if not g.sent).most_common()),
        "sentences_said": len(judged),
        "sentences_sent": len(sent),
        "cited": _share(sum(bool(s.cards) and all(s.cards) for s in sent), len(sent)),
        "sent_unsupported": len(bad_sent),
        "unsupported": len(bad),
        "unsupported_through": _share(through, len(bad)) if model else None,
        "good": len(good),
        "good_dropped": _share(dropped, len(good)) if model else None,
        "dropped_because": dict(Counter(s.reason for s in judged if not s.kept).most_common()),
        "dropped": [f"{s.sentence} ({s.reason})" for s in good if not s.kept],
        "let_through": [without_citations(s.sentence) for s in bad if s.kept],
        "composed_ms": _quantiles([t.composed_ms for t in tried]),
        "added_ms": _quantiles([g.elapsed_ms for g in made]),
    }


def try_all(house: House, texts: list[str], seconds: float, quiet: bool) -> list[Tried]:
    """Ask the house each question that a model may answer, up to QUESTIONS of them."""
    tried: list[Tried] = []
    for text in tqdm(texts, desc="考题", unit="题", disable=quiet, leave=False):
        if len(tried) == QUESTIONS:
            break
        started = time.perf_counter()
        answer = house.assistant.answer(text)
        composed_ms = (time.perf_counter() - started) * 1000
        if answer.later is None:
            continue  # no model may answer this one
        draft = answer.later()
        draft.wait(seconds + 5)
        if draft.written is not None:
            tried.append(Tried(composed_ms, draft.written))
    return tried


def print_generation(figures: dict[str, Any], whole: bool) -> None:
    """One JSON object, or a line for each figure."""
    if whole:
        print(json.dumps(figures, ensure_ascii=False))
        return
    for model, found in figures.items():
        print(f"# {model}")
        for name, value in found.items():
            if name not in {"let_through", "dropped"}:
                print(f"{name}\t{value}")


def _share(part: int, of: int) -> float:
    return round(part / of, 4) if of else 0.0


def _quantiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    return {f"p{q}": round(float(np.percentile(values, q)), 1) for q in (50, 95)}

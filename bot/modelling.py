"""The language model of a house: settings become a gated model and the drafting behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import sqlalchemy as sa

from bot.assistant.composer import Composer
from bot.assistant.drafting import Drafting
from bot.assistant.gate import Call, Gate, Prices
from bot.assistant.generated import GeneratedComposer
from bot.assistant.generator import Generator
from bot.assistant.grounding import Grounding
from bot.assistant.model import Model
from bot.assistant.rewriter import Rewriter
from bot.health import Health
from bot.metrics import Metrics
from bot.settings import Settings
from bot.spending import Spending
from prompts import Wording

_WORKING = {"", "busy", "over_budget"}  # faults that say nothing against the endpoint


def make_model(settings: Settings) -> Model | None:
    """The model that the settings name; None without one. Raises ModelSettingsError."""
    if not settings.model_url:
        return None
    # LangChain's models take 0.3 s to import, which a start without one can spare.
    from bot.assistant.langchain_model import (  # noqa: PLC0415
        LangChainModel,
        make_chat_model,
    )

    chat = make_chat_model(
        settings.model_url,
        settings.model_name,
        settings.model_key.get_secret_value(),
        settings.model_timeout_seconds,
    )
    return LangChainModel(chat, settings.model_name, settings.model_retries)


def make_drafting(
    model: Model,
    grounding: Grounding,
    settings: Settings,
    engine: sa.Engine,
    wording: Wording,
    today: Callable[[], date],
    metrics: Metrics,
    health: Health,
) -> Drafting:
    """Everything between a model and the assistant, counted and reported."""

    def watch(call: Call) -> None:
        metrics.model_calls.labels(call.fault or "none").inc()
        metrics.model_tokens.labels("in").inc(call.usage.tokens_in)
        metrics.model_tokens.labels("out").inc(call.usage.tokens_out)
        metrics.model_cost.inc(call.cost)
        if call.seconds:
            metrics.model_seconds.observe(call.seconds)
        works = call.fault in _WORKING
        health.report("model", works, "" if works else f"{call.fault}; cards answer alone")

    gate = Gate(
        model,
        Spending(engine, settings.model_daily_tokens),
        Prices(settings.model_price_in, settings.model_price_out),
        settings.model_concurrency,
        watch=watch,
    )
    generator = Generator(gate, grounding, gate.cost, settings.model_timeout_seconds)
    composer = GeneratedComposer(Composer(wording), wording, today)
    return Drafting(generator, Rewriter(gate), composer)

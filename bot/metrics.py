"""What is counted, for /metrics: numbers only, nobody's words and nobody's id."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4.2, 10)


class Metrics:
    """The counters of one app, in a registry of their own so that tests do not share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.messages = Counter(
            "kepubang_messages", "Messages taken", ["channel", "kind"], registry=self.registry
        )
        self.turns = Counter(
            "kepubang_turns", "Answers given", ["channel", "verdict"], registry=self.registry
        )
        self.seconds = Histogram(
            "kepubang_turn_seconds",
            "Time to an answer",
            ["channel"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.ratings = Counter("kepubang_ratings", "Ratings", ["rating"], registry=self.registry)
        self.failures = Counter(
            "kepubang_failures", "Things that went wrong", ["part"], registry=self.registry
        )
        self.model_calls = Counter(
            "kepubang_model_calls",
            "Calls to the language model; by fault, none when it went well",
            ["fault"],
            registry=self.registry,
        )
        self.model_tokens = Counter(
            "kepubang_model_tokens", "Tokens used", ["direction"], registry=self.registry
        )
        self.model_cost = Counter(
            "kepubang_model_cost", "What they cost, by the prices set", registry=self.registry
        )
        self.model_seconds = Histogram(
            "kepubang_model_seconds", "Time of a call", buckets=SECONDS, registry=self.registry
        )
        self.generations = Counter(
            "kepubang_generations",
            "Generated answers: sent, late, or why the composed answer went out instead",
            ["ending"],
            registry=self.registry,
        )
        self.cards = Gauge("kepubang_cards", "Cards that can be answered", registry=self.registry)

    def render(self) -> bytes:
        """The text format that Prometheus reads."""
        return generate_latest(self.registry)

"""One question outside any conversation, as the command line and POST /api/ask print it."""

from __future__ import annotations

import time

from bot.assistant.answer import Answer
from bot.assistant.assistant import Assistant
from bot.channels.wechat_pages import visible_pages
from bot.messages import Action, ChannelWords, Choice, Reply, Tap
from bot.redaction import redact


def ask(
    assistant: Assistant, words: ChannelWords, text: str, wait_seconds: float = 0.0
) -> dict[str, object]:
    """Answer one text; the JSON object of the command-line contract.

    `wait_seconds` is how long a fuller answer by a model may take, the composed one included.
    """
    started = time.perf_counter()
    answer = assistant.answer(redact(text))
    if answer.later is not None and wait_seconds:
        left = wait_seconds - (time.perf_counter() - started)
        answer = answer.later().wait(left) or answer
    return answer_json(text, answer, words, (time.perf_counter() - started) * 1000)


def answer_json(
    text: str, answer: Answer, words: ChannelWords, elapsed_ms: float
) -> dict[str, object]:
    """An Answer in the contract's words."""
    return {
        "text": text,
        "verdict": answer.verdict.value,
        "reply": visible_pages(plain_reply(answer), words),
        "cards": [card.key for card in answer.cards],
        "citations": [
            {
                "card": c.card,
                "revision": c.revision,
                "issuer": c.issuer,
                "title": c.title,
                "edition": c.edition,
                "url": c.url,
            }
            for c in answer.citations
        ],
        "confidence": round(answer.confidence, 4),
        "risk": answer.risk.value if answer.risk else None,
        "hotlines": list(answer.hotlines),
        "elapsed_ms": round(elapsed_ms, 2),
    }


def plain_reply(answer: Answer) -> Reply:
    """An answer as a Reply outside any stored turn: it cannot be rated."""
    choices = tuple(
        Choice(i, follow_up.label, Tap(Action.ASK, "", i))
        for i, follow_up in enumerate(answer.follow_ups, 1)
    )
    return Reply(answer.text, choices, heading=answer.heading)

"""Makes a follow-up whole with a model, when the rules of follow_up.py could not."""

from __future__ import annotations

import re
import threading

from bot.assistant.model import Model, ModelError
from bot.redaction import redact
from prompts.model_prompts import PromptTemplate, load_prompt
from retrieval.text import clean_question

REWRITE_SECONDS = 1.2  # of the 4.2 that a resident waits at most; the rule's answer stands else
LONGEST = 60
_HAN = re.compile(r"[\u3400-\u9fff]")
_MORE_THAN_ONE = re.compile(r"[。！!？?\n].*\S", re.DOTALL)
# What a whole question needs beside the words of its two halves.
_FREE = frozenset("的了吗呢要不能怎么办多少什哪里谁时候是有会该可以得对在把被给为还")
_FROM_THEM = 0.85  # share of its other characters that must stand in the two halves


class Rewriter:
    """Asks the model for one whole question; returns None whenever that is no plain gain."""

    def __init__(
        self,
        model: Model,
        seconds: float = REWRITE_SECONDS,
        template: PromptTemplate | None = None,
    ) -> None:
        self._model = model
        self._seconds = seconds
        self._template = template or load_prompt("rewrite")

    def rewrite(self, question: str, before: str) -> str | None:
        """The whole question within the time, made of nothing but the two; else None."""
        if self._model.ready() is not None:
            return None
        prompt = self._template.render(question=redact(question), before=redact(before))
        said: list[str] = []

        def ask() -> None:
            try:
                text = "".join(p.text for p in self._model.stream(prompt, self._seconds))
            except ModelError:
                return
            said.append(text)

        # A thread, because a socket's time-out begins anew with every byte that comes.
        asking = threading.Thread(target=ask, name="rewrite", daemon=True)
        asking.start()
        asking.join(self._seconds)
        return whole_question(said[0], question, before) if said else None


def whole_question(said: str, question: str, before: str) -> str | None:
    """What a model said, when it is one Chinese question about nothing new; else None.

    A question about something new would be answered well, and not be what was asked.
    """
    text = said.strip().strip("“”\"'")
    if not text or len(text) > LONGEST or _MORE_THAN_ONE.search(text):
        return None
    known = set(clean_question(question) + clean_question(before)) | _FREE
    used = [c for c in clean_question(text) if c not in _FREE]
    if not _HAN.search(text) or not used:
        return None
    return text if sum(c in known for c in used) / len(used) >= _FROM_THEM else None

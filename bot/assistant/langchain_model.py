"""A language model by LangChain: any of its chat models, and OpenAI-compatible endpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import chain
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage, SystemMessage
from langsmith import tracing_context

from bot.assistant.model import Fault, ModelError, ModelSettingsError, Piece, Usage
from prompts.model_prompts import Prompt

FIRST_PAUSE_SECONDS = 0.3
LONGEST_ANSWER_TOKENS = 600  # six short sentences need 200; a model that runs on is stopped
_WORTH_ANOTHER_TRY = {Fault.UNREACHABLE, Fault.LIMITED, Fault.FAILING}
_ENDS = {"finish_reason", "stop_reason", "done_reason"}  # OpenAI's, Anthropic's, Ollama's names


class LangChainModel:
    """One LangChain chat model, with retries, one deadline for all of them, and typed errors.

    `retries` are made only while nothing was said yet. Thread-safe when the chat model is.
    """

    def __init__(
        self,
        chat: BaseChatModel,
        name: str,
        retries: int = 1,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._chat = chat
        self.name = name
        self._retries = retries
        self._clock = clock
        self._sleep = sleep

    def ready(self) -> Fault | None:
        """Always: what it costs to know better is a call."""
        return None

    def stream(self, prompt: Prompt, within_seconds: float) -> Iterator[Piece]:
        """As Model.stream."""
        ends = self._clock() + within_seconds
        pause = FIRST_PAUSE_SECONDS
        for tries_left in reversed(range(self._retries + 1)):
            said = False
            try:
                for piece in self._once(prompt, ends):
                    said = said or bool(piece.text)
                    yield piece
            except ModelError as error:
                if said and error.fault is Fault.UNREACHABLE:
                    raise ModelError(Fault.BROKEN) from None
                again = tries_left and not said and error.fault in _WORTH_ANOTHER_TRY
                if not again or self._clock() + pause >= ends:
                    raise
            else:
                return
            self._sleep(pause)
            pause *= 2

    def _once(self, prompt: Prompt, ends: float) -> Iterator[Piece]:
        finished = False
        try:
            for chunk in self._chunks(prompt, ends):
                finished = finished or bool(_ENDS & chunk.response_metadata.keys())
                yield _piece(chunk)
        except ModelError:
            raise
        except Exception as error:  # noqa: BLE001 - every provider's client has errors of its own
            # Cut off from its cause: an endpoint's error may quote the prompt.
            raise ModelError(_fault(error)) from None
        if not finished:
            raise ModelError(Fault.BROKEN)

    def _chunks(self, prompt: Prompt, ends: float) -> Iterator[AIMessageChunk]:
        messages = [SystemMessage(prompt.system), HumanMessage(prompt.human)]
        left = max(0.05, ends - self._clock())
        # LangSmith would send residents' words to another company when its variable is set.
        # What listens is settled when the first chunk is asked for.
        with tracing_context(enabled=False):
            chunks = self._chat.stream(messages, timeout=left)
            first = next(chunks, None)
        for chunk in chain([first] if first is not None else [], chunks):
            if self._clock() > ends:
                raise ModelError(Fault.SLOW)
            if isinstance(chunk, AIMessageChunk):
                yield chunk


def make_chat_model(url: str, name: str, key: str = "", timeout_seconds: float = 20.0) -> Any:
    """LangChain's client of an OpenAI-compatible endpoint (extra `openai`).

    DeepSeek, Qwen, GLM, vLLM, Ollama and llama.cpp all speak it. Raises ModelSettingsError.
    """
    if not name:
        raise ModelSettingsError("set KEPUBANG_MODEL_NAME as well as KEPUBANG_MODEL_URL")
    try:
        from langchain_openai import ChatOpenAI  # noqa: PLC0415 - an extra, and 1.4 s to import
    except ModuleNotFoundError as error:
        raise ModelSettingsError(
            "a language model needs the extra: pip install 'kepubang[openai]'"
        ) from error
    return ChatOpenAI(
        base_url=url,
        model=name,
        api_key=lambda: key or "none",  # a local server wants none, the client insists on one
        timeout=timeout_seconds,
        max_retries=0,  # counted here, within one deadline: theirs may wait a minute
        temperature=0,
        max_tokens=LONGEST_ANSWER_TOKENS,
        stream_usage=True,
    )


def _piece(chunk: AIMessageChunk) -> Piece:
    used = chunk.usage_metadata
    usage = Usage(used["input_tokens"], used["output_tokens"]) if used else None
    return Piece(str(chunk.text), usage)


def _fault(error: Exception) -> Fault:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Fault.LIMITED
        return Fault.FAILING if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Fault.REFUSED
    # By name: each provider's client has classes of its own, and none of them is imported here.
    names = " ".join(kind.__name__ for kind in type(error).__mro__)
    if "Timeout" in names:
        return Fault.SLOW
    return Fault.UNREACHABLE if "Connect" in names else Fault.GARBAGE

"""Every Chinese string that the chat page shows by itself; app.py fills it from prompts/."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class WebWords:
    """The page's own wording; what the assistant says comes in each Reply."""

    # The head of the page.
    title: str
    tagline: str
    calls: tuple[str, ...]  # "120 急病": a number and when to dial it, each a button
    calls_label: str  # names that row for a screen reader
    skip_to_input: str

    # The conversation.
    log_label: str
    intro: str  # the welcome, when the dialogue sends none
    examples_heading: str
    privacy: str
    you: str  # read out before the person's words
    answered: str  # read out before an answer
    thinking: str
    still_thinking: str
    rate_question: str
    rate_label: str  # names the two rating buttons as a group
    read_aloud: str
    stop_reading: str
    dial: str  # read out before a phone number that can be tapped

    # The input.
    input_label: str
    placeholder: str
    send: str

    # When something is wrong.
    connection_failed: str
    retry: str
    too_long: str
    not_understood: str
    text_missing: str
    too_fast: str
    unavailable: str

    docs_title: str

    def __post_init__(self) -> None:
        blank = [field.name for field in fields(self) if not getattr(self, field.name)]
        if blank:
            raise ValueError(f"the web page's wording is missing: {', '.join(blank)}")

    @property
    def call_links(self) -> tuple[tuple[str, str], ...]:
        """`calls` as (number, when to dial it)."""
        pairs = (line.partition(" ") for line in self.calls)
        return tuple((number, use) for number, _, use in pairs)

"""What the review refuses, as a problem that a page can tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bot.console.frame import ConsoleProblemError
from knowledge.review import ReviewError
from knowledge.store import ExampleCardError, UnknownCardError


@contextmanager
def told() -> Iterator[None]:
    """Turn refusals of store and review into problems with a sentence."""
    try:
        yield
    except ReviewError as error:
        raise ConsoleProblemError(error.code, 409, count=error.count) from error
    except UnknownCardError as error:
        raise ConsoleProblemError("card_gone", 404) from error
    except ExampleCardError as error:
        raise ConsoleProblemError("card_example", 409) from error

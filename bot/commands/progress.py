"""A progress bar for the first index build, on standard error so that JSON output stays clean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress(done, of) that draws a bar once there is something to do."""
    bar: Any = None

    def show(done: int, of: int) -> None:
        nonlocal bar
        if bar is None or bar.total != of:
            if bar is not None:
                bar.close()
            # In a log file a line every ten seconds is enough.
            every = 0.2 if sys.stderr.isatty() else 10.0
            bar = tqdm(total=of, desc=label, unit="条", ascii=False, mininterval=every)
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()

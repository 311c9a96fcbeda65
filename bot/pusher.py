"""The thread that pushes what the delivery ledger holds."""

from __future__ import annotations

import threading

import structlog

from bot.delivery import Ledger
from bot.metrics import Metrics

log = structlog.get_logger()
LOOK_SECONDS = 0.5
REST_SECONDS = 5.0  # after a failure of the database


class Pusher:
    """Pushes until it is stopped; other processes may run one too."""

    def __init__(self, ledger: Ledger, metrics: Metrics) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pusher", daemon=True)

    def start(self) -> None:
        """Begin pushing."""
        self._thread.start()

    def stop(self) -> None:
        """Stop, and wait for the message that is on its way."""
        self._stop.set()
        self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self._ledger.push_due()
            except Exception as error:  # noqa: BLE001 - the pusher must outlive a bad moment
                self._metrics.failures.labels("pusher").inc()
                log.warning("pusher_failed", error=type(error).__name__)
                self._stop.wait(REST_SECONDS)

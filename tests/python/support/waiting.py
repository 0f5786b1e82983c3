"""Waiting for what another process or thread does."""

from collections.abc import Callable
from threading import Event
from time import monotonic

SECONDS = 30
"""Until a test that waits gives up."""


def wait_for(holds: Callable[[], object], what: str) -> None:
    deadline, pause = monotonic() + SECONDS, Event()
    while not holds():
        assert monotonic() < deadline, what
        pause.wait(0.02)

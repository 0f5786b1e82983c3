"""Ctrl-C and SIGTERM, and what they must not interrupt."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Delays Ctrl-C and SIGTERM until the end of the block, so that cleanup is not left half done."""
    # only the main thread receives signals, until Python ends
    if threading.current_thread() is not threading.main_thread() or sys.is_finalizing():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])

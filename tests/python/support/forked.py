"""Functions that run in a process of their own, a fork of this one: the parent starts no thread and reads no data."""

import os
import sys
import traceback
from collections.abc import Callable


def forked(act: Callable[[], object]) -> int:
    """Runs it in a process of its own; its exit code, negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            act()
            code = 0
        finally:
            sys.stderr.flush()
            if code:
                traceback.print_exc()
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def done(act: Callable[[], object]) -> None:
    if code := forked(act):
        sys.exit(f"a check failed ({code})")

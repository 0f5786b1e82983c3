"""What every command shares: one-line errors, exit codes, progress bars, JSON for machines."""

import json
import os
import signal
import sys
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm


OWNER_ONLY = 0o077


def one_line(text: str) -> str:
    """The text, with what cannot be printed escaped: names of files and columns may hold anything."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class UserError(Exception):
    """A fault that a user can mend. Its text is one line: the file, the place, the mend."""

    def __str__(self) -> str:
        return one_line(super().__str__())


def run(main: Callable[[], int | None]) -> None:
    """Runs `main` and exits with its code (None is 0); a UserError is one line on stderr and exit code 1.

    What it writes is for its owner alone.
    """
    os.umask(OWNER_ONLY)
    try:
        code = main() or 0
        sys.stdout.flush()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 1
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        code = 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def until_stopped() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def above_zero(kind: Callable[[str], float]) -> Callable[[str], float]:
    """Reads an option that is a number above 0, as `int` or `float` writes it."""

    def read(text: str) -> float:
        with suppress(ValueError):
            if (number := kind(text)) > 0:
                return number
        raise ArgumentTypeError(f"{text!r} is not a number above 0")

    return read


def progress(
    items: Iterable[Any] | None = None, *, total: int | None = None, label: str, unit: str = "it"
) -> "tqdm[Any]":
    """A progress bar on stderr; silent when stderr is not a terminal. `unit` "B" counts bytes."""
    from tqdm import tqdm  # not above: most commands end before they have anything to show

    return tqdm(items, total=total, desc=label, unit=unit, unit_scale=unit == "B", disable=None, leave=False)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2, default=str, ensure_ascii=False))

"""What every command shares: one-line errors, exit codes, progress bars, JSON for machines."""

import errno
import json
import os
import select
import signal
import sys
import threading
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from duckhouse.signals import ENDING

if TYPE_CHECKING:
    from tqdm import tqdm


OWNER_ONLY = 0o077
STDOUT, STDERR = 1, 2
INTERRUPTED = "interrupted"
BY_SIGNAL = 128  # plus the number of a signal gives the exit code
AGAIN = "free some space and run it again"
FORBIDDEN = "allow this user to write there, or name another place"
FIXES = {
    errno.ENOSPC: AGAIN,
    errno.EDQUOT: AGAIN,
    errno.EFBIG: "raise the limit of the size of files (ulimit -f) and run it again",
    errno.EACCES: FORBIDDEN,
    errno.EROFS: FORBIDDEN,
}


def one_line(text: str) -> str:
    """The text with unprintable characters escaped: names of files and columns may hold anything."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


class UserError(Exception):
    """A fault that a user can fix. Its text is one line: the file, the place, what to do."""

    def __str__(self) -> str:
        return one_line(super().__str__())


def begin() -> None:
    """A package of commands calls this while it is imported. It reports what the environment lacks, and makes Ctrl-C
    end with one line even while the command itself is still being imported.

    Does nothing where another program imports the package.
    """
    if sys.argv[0] != "-m":  # the value while Python looks for the module to run
        return
    if find_spec("duckdb") is None:
        sys.exit(f"error: {sys.executable} lacks what the project needs: make setup, then . .venv/bin/activate")
    _on_end(dict.fromkeys(ENDING, _leave))


def run(main: Callable[[], int | None]) -> None:
    """Runs `main` and exits with its code (None is 0). An error that a user can fix prints one line on stderr and exits
    with code 1: a UserError, or something the system refuses, such as writing to a full disk.

    Ctrl-C ends with 130 and SIGTERM with 143. Files that the command writes are readable by their owner only.
    """
    os.umask(OWNER_ONLY)
    ended_by: list[int] = []
    process = os.getpid()

    def end(number: int, _: object) -> None:
        if os.getpid() != process:  # in a fork, such as a worker that a pool ends
            os._exit(BY_SIGNAL + number)
        ended_by.append(number)
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in ENDING}  # set by begin()
    _on_end(dict.fromkeys(ENDING, end))
    line = ""
    try:
        code: Any = main() or 0
        _on_end(before)
    except SystemExit as ended:  # of argparse
        _on_end(before)
        code = ended.code
    except KeyboardInterrupt:
        _on_end(before)
        code, line = BY_SIGNAL + next(iter(ended_by), signal.SIGINT), INTERRUPTED
    except Exception as error:
        _on_end(before)
        code, line = (BY_SIGNAL + ended_by[0], INTERRUPTED) if ended_by else (1, told(error))
    fault = _fault_of_output()
    if fault is not None:
        code, line = code or 1, fault
    if line:
        print(f"error: {line}", file=sys.stderr)
    sys.exit(code)


def told(error: BaseException) -> str:
    """The line for an error that is not a bug in the program. Any other error is raised again, with its traceback.

    The line is empty where nobody reads the output any more, as with `| head`.
    """
    if type(error).__module__ in ("duckdb", "_duckdb"):
        from duckhouse.duck import refused  # not above: few commands need DuckDB

        error = refused(error)
    if isinstance(error, BrokenPipeError) and _has_no_reader():
        return ""
    if isinstance(error, OSError):
        return refusal(error)
    if isinstance(error, UserError):
        return str(error)
    raise error


def refusal(error: OSError, place: object = "") -> str:
    """What the system refused: the file (`place` where the error names none), the reason, and what to do."""
    where = error.filename or place
    line = f"{where}: {error.strerror or error}" if where else error.strerror or str(error)
    return f"{line}; {FIXES[error.errno]}" if error.errno in FIXES else line


def _fault_of_output() -> str | None:
    """The line for output that cannot be written, None where it can; the rest of that output is dropped."""
    try:
        if sys.stdout:
            sys.stdout.flush()
        return None
    except OSError as fault:
        fault.filename = "standard output"
        line = told(fault)
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return line


def _has_no_reader() -> bool:
    """Whether standard output is a pipe from which nobody reads."""
    with suppress(AttributeError, OSError, ValueError):  # where it is closed, or not a file
        polled = select.poll()
        polled.register(sys.stdout.fileno(), 0)
        return any(events & select.POLLERR for _, events in polled.poll(0))
    return False


def _on_end(handlers: Mapping[signal.Signals, Any]) -> None:
    for number, handler in handlers.items():
        if signal.getsignal(number) != signal.SIG_IGN:  # as for a background job of a script
            signal.signal(number, handler)


def _leave(number: int, _: object) -> None:
    """Ends a process that has started nothing yet, or has finished everything."""
    os.write(STDERR, f"error: {INTERRUPTED}\n".encode())
    os._exit(BY_SIGNAL + number)


def until_stopped() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set from now on."""
    stop = threading.Event()
    for number in ENDING:
        signal.signal(number, lambda *_: stop.set())
    return stop


def wait_for(stop: threading.Event) -> None:
    """Returns once it is set. A signal that arrives just before a wait without a limit would not end that wait."""
    while not stop.wait(1):
        pass


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


@contextmanager
def output_on_stderr() -> Iterator[None]:
    """What this process and those that it starts print goes to standard error during the block."""
    sys.stdout.flush()
    kept = os.dup(STDOUT)
    os.dup2(STDERR, STDOUT)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, STDOUT)
        os.close(kept)


def list_commands(module: str) -> None:
    """Prints the commands in the folder of `module`, a file, each with the first sentence of its docstring."""
    import ast  # not above: no other command needs it

    folder = Path(module).parent
    for path in sorted(folder.glob("[!_]*.py")):
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
        sentence = " ".join(first.split()).partition(". ")[0].partition(": ")[0].rstrip(".")
        print(f"{f'python -m {folder.name}.{path.stem}':<40}{sentence}")
    print("\nwhat a command takes: --help")

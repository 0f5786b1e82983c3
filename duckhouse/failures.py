"""One log of failures for all commands that bring data in: one JSON object per line, appended to DUCKHOUSE_FAILURES.

A command never fails because of the log: where it cannot be written, the failure is only in the command's output.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.settings import failures_path

MOST_BYTES = 10 << 20
"""At this size the log is renamed to <name>.1, which replaces the previous one, and a new log begins."""
MOST_CHARACTERS = 1_000  # of a reason or of a name
HIDDEN = "***"
_OF_SECRETS = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|WEBHOOK", re.IGNORECASE)
_IN_TEXTS = (
    re.compile(r"(?<=://)([^\s/@:]*):[^\s@]+(?=@)"),
    re.compile(r"\b((?:password|passwd|secret|token)\s*=\s*)(?:'[^']*'|\"[^\"]*\"|\S+)", re.IGNORECASE),
)
_LEAST_OF_A_SECRET = 4  # characters: shorter ones would hide ordinary words


def note(command: str, source: str, where: str, reason: str, count: int = 1, *, place: int | str | None = None) -> None:
    """Appends a failure: what ran (land, extract, consume), where it failed (a file, a table, a partition), why, and
    how many records or messages it concerns; `place` is the first of them, such as a row or an offset.
    """
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "command": command,
        "source": source,
        "where": _shortened(without_secrets(where)),
        "place": place,
        "reason": _shortened(without_secrets(reason)),
        "count": count,
    }
    with suppress(OSError, ValueError):
        _append(failures_path(), json.dumps(entry).encode() + b"\n")


@contextmanager
def noted(command: str, source: str) -> Iterator[None]:
    """Logs the UserError that ends the block, and raises it again."""
    try:
        yield
    except UserError as error:
        note(command, source, source, str(error))
        raise


def _append(path: Path, line: bytes) -> None:
    """Appends a line with one call, in turn with other processes. A line that a full disk cut off stays separate."""
    path.parent.mkdir(parents=True, exist_ok=True)
    is_written = False
    while not is_written:
        log = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(log, fcntl.LOCK_EX)
            is_written = _has_written(log, path, line)
        finally:
            os.close(log)


def _has_written(log: int, path: Path, line: bytes) -> bool:
    """False where another process moved the log aside meanwhile, or where it was full and is moved aside now."""
    size = os.fstat(log).st_size
    try:
        if not os.path.samestat(os.fstat(log), path.stat()):
            return False
    except FileNotFoundError:
        return False
    if size and size + len(line) > MOST_BYTES:
        path.replace(path.with_name(f"{path.name}.1"))
        return False
    is_cut_off = size > 0 and os.pread(log, 1, size - 1) != b"\n"
    os.write(log, b"\n" + line if is_cut_off else line)
    return True


def without_secrets(text: str) -> str:
    """The text with stars for the values of settings that are secrets, and for passwords in addresses."""
    for name, value in os.environ.items():
        if _OF_SECRETS.search(name) and len(value) >= _LEAST_OF_A_SECRET:
            text = text.replace(value, HIDDEN)
    text = _IN_TEXTS[0].sub(rf"\1:{HIDDEN}", text)
    return _IN_TEXTS[1].sub(rf"\1{HIDDEN}", text)


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"

"""Which state of a folder is landed, so that a folder without anything new is not read again.

Landing tells by the bytes of every file whether it is new, which takes as long as reading them. Here the names, sizes
and times of files are compared with those of the last run that landed everything.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from duckhouse.landing.manifest import MANIFEST
from duckhouse.landing.zone import Zone
from duckhouse.sources import Source
from duckhouse.state import replace_text, state_path

SEEN = "folders.json"

Stamps = Sequence[tuple[str, int, int, int, int]]
"""For each path below a folder: its inode, size, and times of the last write and of the last change."""


def is_empty(folder: Path) -> bool:
    """Whether a folder has no file: names that begin with a dot are of files that are still being uploaded."""
    return all(
        path.is_dir() or any(part.startswith(".") for part in path.relative_to(folder).parts)
        for path in folder.rglob("*")
    )


def stamps_of(folder: Path) -> Stamps:
    return sorted(_stamps(folder))


def state_of(stamps: Stamps, source: Source) -> str:
    """A hash of what is in a folder, of the declaration of the source, and of the deliveries that are in landing."""
    deliveries = sorted(path.parent.name for path in Zone(source).path.glob(f"delivery=*/{MANIFEST}"))
    contents = json.dumps([repr(source), deliveries, stamps])
    return sha256(contents.encode()).hexdigest()


def is_seen(inflow: str, state: str) -> bool:
    return _noted().get(inflow) == state


def note_seen(inflow: str, state: str) -> None:
    replace_text(state_path(SEEN), json.dumps({**_noted(), inflow: state}, indent=1) + "\n")


def _noted() -> dict[str, str]:
    try:
        noted: dict[str, str] = json.loads(state_path(SEEN).read_text(encoding="utf-8"))
        return noted
    except (FileNotFoundError, ValueError):  # without it folders are read once more
        return {}


def _stamps(folder: Path) -> Iterator[tuple[str, int, int, int, int]]:
    for path in folder.rglob("*"):
        status = path.lstat()
        yield str(path.relative_to(folder)), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

"""What the pipeline and its alerts remember from run to run: files in _pipeline/ of the landing zone.

Only their owner may read them.
"""

import os
from pathlib import Path

from duckhouse.settings import PROJECT, landing_dir

FOLDER = "_pipeline"
OWNER_ONLY = 0o700


def state_path(name: str) -> Path:
    """A file of that folder, which is made."""
    folder = PROJECT / landing_dir() / FOLDER
    folder.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
    return folder / name


def replace_text(path: Path, text: str) -> None:
    """Replaces the text of a file by one rename; only its owner may read it."""
    new = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)

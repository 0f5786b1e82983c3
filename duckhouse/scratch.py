"""Folders for temporary files."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckhouse.signals import undisturbed


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder; it is removed after the block, even where a signal ends the block."""
    made: list[Path] = []
    try:
        with undisturbed():
            made.append(Path(tempfile.mkdtemp(prefix="duckhouse-")))
        yield made[0]
    finally:
        with undisturbed():
            for folder in made:
                shutil.rmtree(folder)

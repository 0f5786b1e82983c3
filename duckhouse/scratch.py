"""Folders for temporary files."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from duckhouse.signals import undisturbed


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder; it is gone after the block, also where a signal ends that."""
    made: list[Path] = []
    try:
        with undisturbed():
            made.append(Path(tempfile.mkdtemp(prefix="duckhouse-")))
        yield made[0]
    finally:
        with undisturbed():
            for folder in made:
                shutil.rmtree(folder)

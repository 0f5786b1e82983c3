"""Starts a source: writes the files with which a drop lands and builds; none of them may exist before."""

import keyword
import re
from pathlib import Path

from duckhouse import settings, sources
from duckhouse.cli import UserError
from duckhouse.skeleton.guess import entities
from duckhouse.skeleton.texts import skeleton


def files_of(name: str, drop: Path) -> dict[Path, str]:
    """The files of a source named `name`. Raises UserError where it cannot be started; nothing is written."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or keyword.iskeyword(name) or "__" in name:
        raise UserError(f"{name!r} is no name of a source: write lower-case letters, digits and single _, as parking")
    if name in sources.sources():
        raise UserError(f"there is a source {name!r} already: {sources.STAGING / name}")
    texts = {settings.PROJECT / path: text for path, text in skeleton(name, entities(drop)).items()}
    there = [path for path in texts if path.exists()]
    if there:
        raise UserError(f"{there[0]}: is there already; nothing is overwritten")
    return texts


def write(files: dict[Path, str]) -> None:
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)

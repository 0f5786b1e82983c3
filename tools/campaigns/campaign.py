"""What a campaign is: something drawn from a seed and done many times, after which what must hold is looked at."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Lines that people read, figures that programs read, and each thing that does not hold as a line."""

    lines: list[str]
    figures: dict[str, Any]
    differences: list[str]


@dataclass(frozen=True)
class Campaign:
    """`run` works in a folder of its own; options have the count and the seed. One that was stopped goes on there."""

    about: str
    unit: str
    count: int
    run: Callable[[Path, Namespace], Outcome]
    arguments: Callable[[ArgumentParser], None] = lambda _: None


def kept(work: Path) -> dict[str, Any] | None:
    """What a campaign in this folder has done so far, or None."""
    path = work / "figures.json"
    found: dict[str, Any] | None = json.loads(path.read_text()) if path.exists() else None
    return found


def keep(work: Path, figures: Mapping[str, Any]) -> None:
    work.mkdir(parents=True, exist_ok=True)
    fresh = work / "figures.new"
    fresh.write_text(json.dumps(figures))
    fresh.rename(work / "figures.json")

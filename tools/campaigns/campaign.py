"""What a campaign is: actions drawn from a seed and repeated many times, followed by checks of what must hold."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """Lines for people, figures for programs, and a line for each check that fails."""

    lines: list[str]
    figures: dict[str, Any]
    differences: list[str]


@dataclass(frozen=True)
class Campaign:
    """`run` works in its own folder; options have the count and the seed. A stopped campaign continues there."""

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

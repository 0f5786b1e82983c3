"""Two deliveries of a drop, as the demo lands them: the drop without its redelivery, then the redelivery."""

import shutil
from pathlib import Path

from duckhouse.processes import module, run, script


def land_first(source: str, drop: Path, words: tuple[str, ...], delivered_at: str) -> None:
    """Generates the drop unless it is complete, and lands it."""
    if not (drop / "truth.json").exists():
        shutil.rmtree(drop, ignore_errors=True)
        run(module("tools.generate", source, *words, "--out", str(drop)), brief=True)
    run(script("land", source, str(drop), "--no-redelivery", "--delivered-at", delivered_at), brief=True)


def land_later(source: str, drop: Path, delivered_at: str) -> None:
    run(script("land", source, str(drop / "redelivery"), "--delivered-at", delivered_at), brief=True)

"""Measures landing, building and extraction: medians of wall seconds, and peak memory.

Writes bench/bench.json and prints a table. Memory is the resident set of a command with its child processes, sampled;
on ClickHouse it leaves out the server.
"""

import argparse
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from duckhouse import cli
from tools.benches.extraction import bench_extraction
from tools.benches.figures import DAYS, bench_building, bench_history, bench_landing
from tools.benches.measure import psutil

RESULT = Path("bench/bench.json")
PARTS = ("landing", "building", "history", "extraction")


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events that are built (default 1000000)")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each measurement (default 5)")
    parser.add_argument("--only", choices=PARTS, help="one of the parts")
    parser.add_argument("--impressions", type=int, default=10_000_000, help="that are extracted (default 10000000)")
    parser.add_argument("--work", type=Path, default=Path("bench/work"), help="scratch folder, removed after")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the table")
    arguments = parser.parse_args(words)
    if psutil is None:
        raise cli.UserError("psutil is not installed: pip install -c constraints.txt '.[dev]', or make setup")
    if arguments.events < DAYS or arguments.repeat < 1:
        raise cli.UserError(f"--events takes at least {DAYS}, --repeat at least 1")

    work = arguments.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        results = []
        if arguments.only in (None, "landing"):
            results += bench_landing(work, arguments.events, arguments.repeat)
        if arguments.only in (None, "building"):
            results += bench_building(work, arguments.events, arguments.repeat)
        if arguments.only in (None, "history"):
            results += bench_history(work, arguments.repeat)
        if arguments.only in (None, "extraction"):
            results += bench_extraction(work, arguments.impressions, arguments.repeat)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    document = {"events": arguments.events, "repeat": arguments.repeat, "cores": os.cpu_count(), "results": results}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    if arguments.json:
        cli.print_json(document)
    else:
        print_table(results)
    return 0


def print_table(results: list[dict[str, Any]]) -> None:
    print(f"{'what':<36}{'seconds':>9}{'ratio':>8}{'peak MB':>9}")
    for result in results:
        print(f"{result['name']:<36}{result['seconds']:>9.2f}{result['ratio']:>8.2f}{result['peak_megabytes']:>9,}")


if __name__ == "__main__":
    cli.run(main)

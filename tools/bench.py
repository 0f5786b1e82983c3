"""Measures landing, builds, a growing history and extraction: medians of wall seconds, peak memory, and the goals.

Writes bench/bench.json and prints two tables. Memory is the resident set of a command with its child processes,
sampled; of builds on ClickHouse it is that of the server.
"""

import argparse
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from duckhouse import cli
from tools.benches.building import DAYS, bench_building, bench_readings, bench_reviews
from tools.benches.extraction import bench_extraction
from tools.benches.goals import figures
from tools.benches.history import bench_history
from tools.benches.landing import bench_landing
from tools.benches.measure import psutil
from tools.benches.nothing_new import bench_nothing_new
from tools.benches.pages import bench_pages
from tools.benches.stream import bench_stream

RESULT = Path("bench/bench.json")
TIMES = 10  # multiple of the events in the part that shows how builds scale

Part = Callable[[Path, argparse.Namespace], list[dict[str, Any]]]
PARTS: dict[str, Part] = {
    "nothing-new": lambda work, words: bench_nothing_new(work, words.repeat),
    "landing": lambda work, words: bench_landing(work, words.events, words.repeat),
    "building": lambda work, words: bench_building(work, words.events, words.repeat),
    "reviews": lambda work, words: bench_reviews(work, words.events, words.repeat),
    "stream": lambda work, words: bench_stream(work, words.events, words.repeat),
    "readings": lambda work, words: bench_readings(work, words.events, words.repeat),
    "history": lambda work, words: bench_history(work, words.repeat),
    "scale": lambda work, words: bench_building(work, TIMES * words.events, 1),
    "scale-readings": lambda work, words: bench_readings(work, TIMES * words.events, 1),
    "pages": lambda work, words: bench_pages(work, TIMES * words.events, words.repeat),
    "extraction": lambda work, words: bench_extraction(work, words.impressions, words.repeat),
}


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.bench", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000, help="events, reviews and readings (default 1000000)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each measurement; scale has one (default 3)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=list(PARTS), help="measure these parts only")
    parser.add_argument(
        "--impressions", type=int, default=10_000_000, help="impressions that are extracted (default 10000000)"
    )
    parser.add_argument("--work", type=Path, default=Path("bench/work"), help="scratch folder, removed after")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the tables")
    arguments = parser.parse_args(words)
    if psutil is None:
        raise cli.UserError("psutil is not installed: pip install -c constraints.txt '.[dev]', or make setup")
    if arguments.events < DAYS or arguments.repeat < 1:
        raise cli.UserError(f"--events takes at least {DAYS}, --repeat at least 1")

    work = arguments.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    results: list[dict[str, Any]] = []
    try:
        for part in arguments.only:
            (work / part).mkdir(parents=True)
            results += PARTS[part](work / part, arguments)
            document = written(results, arguments)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if arguments.json:
        cli.print_json(document)
    else:
        print_tables(document)
    return 0


def written(results: list[dict[str, Any]], arguments: argparse.Namespace) -> dict[str, Any]:
    """Writes the results so far, so that a part that fails does not lose the others."""
    document = {
        "events": arguments.events,
        "repeat": arguments.repeat,
        "cores": os.cpu_count(),
        "results": results,
        "figures": figures(results, arguments.events, TIMES),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    return document


def print_tables(document: dict[str, Any]) -> None:
    print(f"{'what':<58}{'seconds':>9}{'ratio':>8}{'peak MB':>9}")
    for result in document["results"]:
        print(f"{result['name']:<58}{result['seconds']:>9.2f}{result['ratio']:>8.2f}{result['peak_megabytes']:>9,}")
    print(f"\n{'figure':<62}{'now':>10}{'goal':>12}")
    for figure in document["figures"]:
        mark = "" if figure["is_met"] else "  missed"
        print(f"{figure['figure']:<62}{figure['value']:>10,.2f}{'<= ' + format(figure['goal'], ',g'):>12}{mark}")


if __name__ == "__main__":
    cli.run(main)

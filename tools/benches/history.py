"""One more daily delivery on a history that grows, rules and tests included, on both engines."""

import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from duckhouse.processes import dbt_build, embedded_clickhouse, run, script
from duckhouse.settings import environment
from tools.benches.made_up import events_of_days
from tools.benches.measure import Environment, Task, measure, ratio

HISTORIES = (30, 365)
EVENTS_A_DAY = 2_000
CLICKHOUSE_PORT = 18125


def bench_history(work: Path, repeat: int) -> list[dict[str, Any]]:
    """The ratio is to the shortest history."""
    results = [result for days in HISTORIES for result in one_more_day(work / f"history-{days}", days, repeat)]
    for result in results:
        shortest = next(r for r in results if r["engine"] == result["engine"])
        result["ratio"] = ratio(result, shortest)
    return results


def one_more_day(folder: Path, days: int, repeat: int) -> list[dict[str, Any]]:
    env = {
        "DUCKHOUSE_LANDING": str(folder / "landing"),
        "DUCKHOUSE_DUCKDB": str(folder / "history.duckdb"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT),
    }
    drop = events_of_days(folder / "drop", days + 2 * repeat, EVENTS_A_DAY)
    arrivals = sorted((drop / "events").iterdir())
    later = iter(arrivals[days:])
    dimensions = [path for path in drop.iterdir() if path.suffix == ".csv" or path.name == "campaigns"]
    results = []
    with (
        environment(env),
        embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(folder / "clickhouse")),
    ):
        run(script("land", "--prepare"))
        land_daily(folder, arrivals[:days], dimensions)
        run(script("push"))
        for engine, target in (("DuckDB", "dev"), ("ClickHouse", "prod")):
            task = one_more(folder, target, later)
            run(*task(-1))
            results.append(
                measure(f"one more day after {days} days, {engine}", task, repeat) | {"days": days, "engine": engine}
            )
    shutil.rmtree(folder)
    return results


def one_more(folder: Path, target: str, later: Iterator[Path]) -> Task:
    """A build after one more file has landed; before the first turn, a build of all that has landed."""

    def task(turn: int) -> tuple[list[str], Environment]:
        if turn >= 0:
            land_daily(folder, [next(later)])
            run(script("push"))
        return dbt_build(target), {**os.environ, "DBT_TARGET_PATH": str(folder / target)}

    return task


def land_daily(folder: Path, files: list[Path], dimensions: Sequence[Path] = ()) -> None:
    """Lands each events file as the delivery of the morning after its day, dimensions with the first."""
    for file in files:
        arrival = folder / "arrival"
        (arrival / "events").mkdir(parents=True)
        shutil.copy(file, arrival / "events")
        for path in dimensions:
            path.rename(arrival / path.name)
        dimensions = ()
        delivered_at = f"{date.fromisoformat(file.name[:10]) + timedelta(days=1)}T06:00:00Z"
        run(script("land", "ad_serving", str(arrival), "--delivered-at", delivered_at, "--no-redelivery"), brief=True)
        shutil.rmtree(arrival)

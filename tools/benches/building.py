"""Builds on both engines: of 30 days or of a week of readings, of what comes after it, and the same SQL without dbt."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from duckhouse.processes import dbt_build, embedded_clickhouse, run, script
from duckhouse.settings import environment
from tools.benches.made_up import events_of_days, reviews_of_days
from tools.benches.measure import Environment, Task, measure, ratio
from tools.benches.plain import plain_sql
from tools.benches.readings import AN_HOUR, MadeUpReadings

DAYS = 30
CLICKHOUSE_PORT = 18124
SERVER = "scripts.clickhouse"
RUN_SCRIPT = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(open(sys.argv[2]).read())"


def bench_building(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    """Ad serving."""
    drop = events_of_days(work / "month", DAYS + 1, max(1, events // DAYS))
    return builds(work, days("ad_serving", drop, "events", f"{events:,} events"), repeat)


def bench_reviews(work: Path, reviews: int, repeat: int) -> list[dict[str, Any]]:
    drop = reviews_of_days(work / "month", DAYS + 1, max(1, reviews // DAYS))
    return builds(work, days("reviews", drop, "jet_reviews", f"{reviews:,} reviews"), repeat)


def bench_readings(work: Path, readings: int, repeat: int) -> list[dict[str, Any]]:
    """Telemetry, from the lake: some days of readings of 1,000 devices, then one hour."""
    made_up = MadeUpReadings(readings + AN_HOUR)
    with environment({"DUCKHOUSE_LAKE": str(work / "lake")}):
        made_up.add(readings)
        land, label = script("land", "telemetry"), f"{readings:,} readings"
        landed = Delivered(label, f"one more hour on {label}", land, lambda: made_up.add(AN_HOUR), land)
        return builds(work, landed, repeat)


@dataclass(frozen=True)
class Delivered:
    """What is landed first, its name, and what is landed later: `add` makes it, `land_more` lands it."""

    label: str
    more: str
    land: list[str]
    add: Callable[[], None]
    land_more: list[str]


def days(source: str, drop: Path, folder: str, label: str) -> Delivered:
    """A drop, of which the last day of the files in `folder` lands later."""
    later = drop.with_name("next_day") / folder
    later.mkdir(parents=True)
    last_day = sorted((drop / folder).iterdir())[-1].name[: len("2026-03-25")]
    for path in (drop / folder).glob(f"{last_day}*"):
        path.rename(later / path.name)
    land = script("land", source, str(drop), "--no-redelivery")
    return Delivered(label, f"one more day on {label}", land, lambda: None, script("land", source, str(later.parent)))


def builds(work: Path, landed: Delivered, repeat: int) -> list[dict[str, Any]]:
    """Rules and tests included; each turn builds a database of its own, on which what lands later is built."""
    env = {
        "DUCKHOUSE_LANDING": str(work / "landing"),
        "DBT_LOG_PATH": str(work / "logs"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT),
    }
    statements = work / "plain.sql"

    def build(target: str) -> Task:
        def task(turn: int) -> tuple[list[str], Environment]:
            return dbt_build(target), own(target, turn)

        return task

    def own(target: str, turn: int) -> Environment:
        folders = {"DBT_TARGET_PATH": str(work / f"{target}-{turn}"), "DUCKHOUSE_DUCKDB": str(work / f"{turn}.duckdb")}
        return {**env, **folders, "CLICKHOUSE_PREFIX": f"bench_{turn}"}

    def plain(turn: int) -> tuple[list[str], Environment]:
        return [sys.executable, "-c", RUN_SCRIPT, str(work / f"plain-{turn}.duckdb"), str(statements)], env

    label = landed.label
    landing = measure(f"land {label}", lambda _: (landed.land, env), 1)
    run(script("land", "--prepare"), {**os.environ, **env})
    full = measure(f"full build of {label}, DuckDB", build("dev"), repeat) | {"ratio": 1.0}
    statements.write_text(plain_sql(work / "dev-0"))
    sql = measure(f"the same SQL without dbt, {label}, DuckDB", plain, repeat)
    sql |= {"ratio": ratio(sql, full)}
    with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(work / "clickhouse")):
        push = script("push")
        pushed = measure(f"push of {label}, ClickHouse", lambda _: (push, env), 1)
        full_there = measure(f"full build of {label}, ClickHouse", build("prod"), repeat, SERVER) | {"ratio": 1.0}
        landed.add()
        run(landed.land_more, {**os.environ, **env})
        run(push, {**os.environ, **env})
        more = measure(f"{landed.more}, DuckDB", build("dev"), repeat)
        more_there = measure(f"{landed.more}, ClickHouse", build("prod"), repeat, SERVER)
    shutil.rmtree(work)
    landing |= {"ratio": ratio(landing, full)}
    pushed |= {"ratio": ratio(pushed, full_there)}
    more |= {"ratio": ratio(more, full)}
    more_there |= {"ratio": ratio(more_there, full_there)}
    return [landing, full, sql, pushed, full_there, more, more_there]

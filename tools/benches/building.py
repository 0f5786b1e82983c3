"""Builds of 30 days, on both engines: all of them, one more day on top, and the same SQL without dbt."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from duckhouse.processes import dbt_build, embedded_clickhouse, run, script
from tools.benches.made_up import events_of_days, reviews_of_days
from tools.benches.measure import Environment, Task, measure, ratio
from tools.benches.plain import plain_sql

DAYS = 30
CLICKHOUSE_PORT = 18124
SERVER = "scripts.clickhouse"
RUN_SCRIPT = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(open(sys.argv[2]).read())"


def bench_building(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    """Ad serving."""
    drop = events_of_days(work / "month", DAYS + 1, max(1, events // DAYS))
    return builds(work, "ad_serving", drop, "events", f"{events:,} events", repeat)


def bench_reviews(work: Path, reviews: int, repeat: int) -> list[dict[str, Any]]:
    drop = reviews_of_days(work / "month", DAYS + 1, max(1, reviews // DAYS))
    return builds(work, "reviews", drop, "jet_reviews", f"{reviews:,} reviews", repeat)


def builds(work: Path, source: str, drop: Path, folder: str, label: str, repeat: int) -> list[dict[str, Any]]:
    """Builds of a drop, of which a day of files in `folder` lands later. Rules and tests included; each turn builds a
    database of its own, on which its further day is built.
    """
    increment = work / "next_day" / folder
    increment.mkdir(parents=True)
    last_day = sorted((drop / folder).iterdir())[-1].name[: len("2026-03-25")]
    for path in (drop / folder).glob(f"{last_day}*"):
        path.rename(increment / path.name)
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

    land = script("land", source, str(drop), "--no-redelivery")
    landed = measure(f"land {label}", lambda _: (land, env), 1)
    run(script("land", "--prepare"), {**os.environ, **env})
    full = measure(f"full build of {label}, DuckDB", build("dev"), repeat) | {"ratio": 1.0}
    statements.write_text(plain_sql(work / "dev-0"))
    sql = measure(f"the same SQL without dbt, {label}, DuckDB", plain, repeat)
    sql |= {"ratio": ratio(sql, full)}
    with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(work / "clickhouse")):
        push = script("push")
        pushed = measure(f"push of {label}, ClickHouse", lambda _: (push, env), 1)
        full_there = measure(f"full build of {label}, ClickHouse", build("prod"), repeat, SERVER) | {"ratio": 1.0}
        run(script("land", source, str(increment.parent)), {**os.environ, **env})
        run(push, {**os.environ, **env})
        more = measure(f"one more day on {label}, DuckDB", build("dev"), repeat)
        more_there = measure(f"one more day on {label}, ClickHouse", build("prod"), repeat, SERVER)
    shutil.rmtree(work)
    landed |= {"ratio": ratio(landed, full)}
    pushed |= {"ratio": ratio(pushed, full_there)}
    more |= {"ratio": ratio(more, full)}
    more_there |= {"ratio": ratio(more_there, full_there)}
    return [landed, full, sql, pushed, full_there, more, more_there]

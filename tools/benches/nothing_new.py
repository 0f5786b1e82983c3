"""Builds without new data: the demo of all sources, on both engines, and a pipeline that checks first."""

import os
from pathlib import Path
from typing import Any

from duckhouse.processes import dbt_build, embedded_clickhouse, module, run, script
from tools.benches.measure import Environment, Task, measure

CLICKHOUSE_PORT = 18126


def bench_nothing_new(work: Path, repeat: int) -> list[dict[str, Any]]:
    """Rules and tests included."""
    env = {
        "DUCKHOUSE_LANDING": str(work / "landing"),
        "DUCKHOUSE_DUCKDB": str(work / "demo.duckdb"),
        "DUCKHOUSE_POSTGRES": str(work / "postgres"),
        "DBT_LOG_PATH": str(work / "logs"),
        "DBT_TARGET_PATH": str(work / "target"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT),
    }
    run(script("land", "--prepare"), {**os.environ, **env})
    run(module("tools.demo", "--drops", str(work / "drops")), {**os.environ, **env})

    results = []
    with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(work / "clickhouse")):
        run(script("push"), {**os.environ, **env})
        for engine, target in (("DuckDB", "dev"), ("ClickHouse", "prod")):
            own = {**env, "DBT_TARGET_PATH": str(work / target)}
            build = dbt_build(target)
            run(build, {**os.environ, **own})
            results.append(measure(f"build of nothing new, {engine}", always(build, own), repeat))
        pipeline = script("pipeline", "--if-new")
        results.append(measure("pipeline --if-new, nothing new", always(pipeline, env), repeat))
    return [result | {"ratio": 1.0} for result in results]


def always(command: list[str], env: Environment) -> Task:
    return lambda _: (command, env)

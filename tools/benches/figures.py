"""What is measured of landing, building and a growing history."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from duckhouse import settings
from duckhouse.landing.load import load
from duckhouse.processes import DBT, embedded_clickhouse, module, run, script
from duckhouse.sources import load_source
from tools.benches.measure import Environment, Task, measure, ratio

DAYS = 30
HISTORIES = (30, 90, 365)
EVENTS_A_DAY_OF_HISTORY = 2_000
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
FILES = 4
CLICKHOUSE_PORT = 18124
BARE_COPY = "import duckdb; duckdb.sql(\"copy (from read_json('{files}')) to '{out}' (compression zstd)\")"
RUN_SCRIPT = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute(open(sys.argv[2]).read())"


def bench_landing(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    """One JSONL file, and the same lines in several files, against a bare COPY of them to Parquet."""
    drop = generate(work / "one_day", 1, events)
    [single] = (drop / "events").glob("*.jsonl")
    one, several = work / "one" / "events", work / "several" / "events"
    one.mkdir(parents=True)
    several.mkdir(parents=True)
    single.rename(one / single.name)
    split(one / single.name, several)
    results = []
    for label, folder, files in (("one file", one, 1), (f"{FILES} files", several, FILES)):
        bare = measure(f"bare COPY, {label}", bare_copy(work, folder), repeat)
        landed = measure(f"land, {label}", landing(work, folder.parent), repeat)
        size = sum(path.stat().st_size for path in folder.iterdir())
        for result in (bare, landed):
            result |= {"files": files, "megabytes": round(size / 1e6, 1), "ratio": ratio(result, bare)}
        results += [bare, landed]
    return results


def bare_copy(work: Path, folder: Path) -> Task:
    def task(_: int) -> tuple[list[str], Environment]:
        return [sys.executable, "-c", BARE_COPY.format(files=folder / "*.jsonl", out=work / "bare.parquet")], {}

    return task


def landing(work: Path, folder: Path) -> Task:
    def task(turn: int) -> tuple[list[str], Environment]:
        zone = work / "zones" / f"{folder.name}-{turn}"
        return script("land", "ad_serving", str(folder)), {"DUCKHOUSE_LANDING": str(zone)}

    return task


def bench_building(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    """A full build of 30 days, the same SQL without dbt, and one more day on top, on both engines."""
    drop = generate(work / "month", DAYS + 1, max(1, events // DAYS))
    last_day = sorted((drop / "events").iterdir())[-1]
    increment = work / "next_day" / "events"
    increment.mkdir(parents=True)
    last_day.rename(increment / last_day.name)
    env = {"DUCKHOUSE_LANDING": str(work / "landing"), "DBT_LOG_PATH": str(work / "logs")}
    server_env = {"CLICKHOUSE_HOST": "127.0.0.1", "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT)}
    statements = work / "plain.sql"

    def build(target: str) -> Task:
        def task(turn: int) -> tuple[list[str], Environment]:
            return [DBT, "--quiet", "build", "--target", target], own(target, turn)

        return task

    def own(target: str, turn: int) -> Environment:
        folders = {"DBT_TARGET_PATH": str(work / f"{target}-{turn}"), "DUCKHOUSE_DUCKDB": str(work / f"{turn}.duckdb")}
        return {**env, **server_env, **folders, "CLICKHOUSE_PREFIX": f"bench_{turn}"}

    def plain(turn: int) -> tuple[list[str], Environment]:
        return [sys.executable, "-c", RUN_SCRIPT, str(work / f"plain-{turn}.duckdb"), str(statements)], {}

    run(script("land", "ad_serving", str(drop), "--no-redelivery"), {**os.environ, **env})
    results = [measure("full build, DuckDB", build("dev"), repeat)]
    statements.write_text(plain_sql(work / "dev-0"))
    results.append(measure("the same SQL without dbt, DuckDB", plain, repeat))
    with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(work / "clickhouse")):
        push = script("push")
        results.append(measure("push, ClickHouse", lambda _: (push, {**env, **server_env}), 1))
        results.append(measure("full build, ClickHouse", build("prod"), repeat))
        run(script("land", "ad_serving", str(increment.parent)), {**os.environ, **env})
        run(push, {**os.environ, **env, **server_env})
        results.append(measure("one more day, DuckDB", build("dev"), repeat))
        results.append(measure("one more day, ClickHouse", build("prod"), repeat))
    full = {"DuckDB": results[0], "ClickHouse": results[3]}
    for result in results:
        result["ratio"] = ratio(result, full[result["name"].rsplit(", ", 1)[1]])
    return results


def bench_history(work: Path, repeat: int) -> list[dict[str, Any]]:
    """One more daily delivery on top of 30, 90 and 365, on both engines, with dbt's tests and without."""
    results = [result for days in HISTORIES for result in one_more_day(work / f"history-{days}", days, repeat)]
    for result in results:
        shortest = next(r for r in results if (r["what"], r["engine"]) == (result["what"], result["engine"]))
        result["ratio"] = ratio(result, shortest)
    return results


def one_more_day(folder: Path, days: int, repeat: int) -> list[dict[str, Any]]:
    os.environ |= {
        "DUCKHOUSE_LANDING": str(folder / "landing"),
        "DUCKHOUSE_DUCKDB": str(folder / "marts.duckdb"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT),
    }
    drop = generate(folder / "drop", days + 4 * repeat, EVENTS_A_DAY_OF_HISTORY)
    arrivals = sorted((drop / "events").iterdir())
    later = iter(arrivals[days:])
    dimensions = [path for path in drop.iterdir() if path.suffix == ".csv" or path.name == "campaigns"]
    land_daily(folder, arrivals[:days], dimensions)

    def build_one_more(target: str, options: tuple[str, ...]) -> Task:
        def task(_: int) -> tuple[list[str], Environment]:
            land_daily(folder, [next(later)])
            run(script("push"))
            return [DBT, "--quiet", "build", "--target", target, *options], {"DBT_TARGET_PATH": str(folder / target)}

        return task

    results = []
    with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(folder / "clickhouse")):
        run(script("push"))
        for engine, target in (("DuckDB", "dev"), ("ClickHouse", "prod")):
            own_target = {**os.environ, "DBT_TARGET_PATH": str(folder / target)}
            run([DBT, "--quiet", "build", "--target", target, *NO_TESTS], own_target)
            for what, options in (("", NO_TESTS), (" and tests", ())):
                measured = measure(f"one more day on {days}{what}, {engine}", build_one_more(target, options), repeat)
                results.append(measured | {"days": days, "what": what, "engine": engine})
    shutil.rmtree(folder)
    return results


def land_daily(folder: Path, files: list[Path], dimensions: Sequence[Path] = ()) -> None:
    """Lands each events file as the delivery of the morning after its day, dimensions with the first."""
    for file in files:
        arrival = folder / "arrival"
        (arrival / "events").mkdir(parents=True)
        shutil.copy(file, arrival / "events")
        for path in dimensions:
            path.rename(arrival / path.name)
        dimensions = ()
        delivered_at = datetime.fromisoformat(file.name[:10]).replace(hour=6, tzinfo=UTC) + timedelta(days=1)
        load(load_source("ad_serving"), [arrival], delivered_at=delivered_at, redelivery=False, dry_run=False)
        shutil.rmtree(arrival)


def generate(folder: Path, days: int, events_per_day: int) -> Path:
    counts = ["--days", str(days), "--events-per-day", str(events_per_day), "--seed", "7", "--clean"]
    run(module("tools.generate", "ad_serving", *counts, "--out", str(folder)))
    return folder


def split(file: Path, folder: Path) -> None:
    """The same lines in several files of equal size."""
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
        lines.seek(0)
        for place in range(FILES):
            share = count * (place + 1) // FILES - count * place // FILES
            with (folder / f"{file.stem}-{place}.jsonl").open("wb") as part:
                part.writelines(islice(lines, share))


def plain_sql(target_path: Path) -> str:
    """What a full dbt build has run, as one SQL script: the seed, each model and snapshot in its order, each test."""
    manifest = json.loads((target_path / "manifest.json").read_text())
    executed = json.loads((target_path / "run_results.json").read_text())["results"]
    statements = ["set TimeZone = 'UTC'"]
    for result in executed:
        node = manifest["nodes"].get(result["unique_id"], {"resource_type": "other"})
        compiled = result.get("compiled_code") or ""
        if node["resource_type"] == "seed":
            path = settings.PROJECT / node["original_file_path"]
            compiled = f"from read_csv('{path}', header = true)"
        if node["resource_type"] == "snapshot":
            compiled = f"select *, cast(null as timestamp) as dbt_valid_to from ({compiled})"
        if node["resource_type"] in ("model", "seed", "snapshot"):
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            relation = f'"{node["schema"]}"."{node["name"]}"'
            statements += [f'create schema if not exists "{node["schema"]}"', f"create {kind} {relation} as {compiled}"]
        if node["resource_type"] == "test":
            statements.append(f"select count(*) from ({compiled})")
    script = ";\n".join(statements) + ";\n"
    for database in {node["database"] for node in manifest["nodes"].values() if node["database"]}:
        script = script.replace(f'"{database}".', "")
    return script

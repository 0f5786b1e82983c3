"""Extraction of impressions from PostgreSQL: all of them, and an increment, compared with a COPY of the table to a
file."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo

from duckhouse import settings
from duckhouse.embedded.postgres import embedded, prepare
from duckhouse.processes import module, run, script
from tools.benches.measure import Environment, Task, measure, ratio

SOURCE = "ad_delivery"
CAMPAIGNS = 100
INCREMENT = 10_000
COPY = """
import os, psycopg
with psycopg.connect(os.environ["POSTGRES_DSN"]) as connection:
    connection.execute("copy impressions to '{file}'")
"""


def bench_extraction(work: Path, impressions: int, repeat: int) -> list[dict[str, Any]]:
    """Extracts `impressions` rows; increments of 10,000 rows are added to them."""
    with embedded(work / "postgres") as server:
        prepare(server, SOURCE)
        dsn = conninfo.make_conninfo(**server.parameters(SOURCE))
        os.environ["POSTGRES_DSN"] = dsn
        fill(dsn, impressions)
        copied = measure("COPY impressions to a file", lambda _: copy(work), repeat)
        results = [copied | {"ratio": 1.0}]
        for name, option in (("compared", ()), ("by cdc", ("--cdc",))):
            everything = measure(f"extract everything, {name}", extraction(work, name, option), repeat)
            more = measure(f"10,000 more, {name}", increment(work, name, option), repeat)
            everything |= {
                "ratio": ratio(everything, copied),
                "rows_a_second": round(impressions / everything["seconds"]),
            }
            more |= {"ratio": ratio(more, everything), "rows_a_second": round(INCREMENT / more["seconds"])}
            results += [everything, more]
        del os.environ["POSTGRES_DSN"]
    return results


def fill(dsn: str, impressions: int) -> None:
    counts = ["--advertisers", "1", "--campaigns", str(CAMPAIGNS), "--impressions", str(impressions // CAMPAIGNS)]
    run(module("tools.generate", "ad_delivery", "batch", *counts, "--ctr", "0.01", "--seed", "7"))
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def copy(work: Path) -> tuple[list[str], Environment]:
    return [sys.executable, "-c", COPY.format(file=work / "postgres" / "impressions.tsv")], {}


def extraction(work: Path, name: str, option: tuple[str, ...]) -> Task:
    """Each turn lands everything in a zone of its own."""

    def task(turn: int) -> tuple[list[str], Environment]:
        return command(name, option, turn), {"DUCKHOUSE_LANDING": str(zone(work, name, turn))}

    return task


def increment(work: Path, name: str, option: tuple[str, ...]) -> Task:
    """Each turn lands the rows made since the previous turn, in the zone of the first."""

    def task(_: int) -> tuple[list[str], Environment]:
        env = {"DUCKHOUSE_LANDING": str(zone(work, name, 0))}
        more = module("tools.generate", "ad_delivery", "impressions", "--campaign-id", "1", "--count", str(INCREMENT))
        subprocess.run(more, cwd=settings.PROJECT, check=True, stdout=subprocess.DEVNULL)
        return command(name, option, 0), env

    return task


def command(name: str, option: tuple[str, ...], turn: int) -> list[str]:
    return script("extract_postgres", SOURCE, *option, "--slot", f"bench_{name.replace(' ', '_')}_{turn}", "--json")


def zone(work: Path, name: str, turn: int) -> Path:
    return work / "zones" / f"extraction-{name.replace(' ', '-')}-{turn}"

"""Pages of the dashboard on days that ten deliveries corrected: seconds in a browser, and the slowest query of each."""

import os
import shutil
import statistics
from pathlib import Path
from typing import Any

from duckhouse.processes import dbt_build, embedded_clickhouse, run, script
from duckhouse.settings import PAGE_PASSWORD, environment
from tools.benches.browsing import PASSWORD, slowest_queries, visits
from tools.benches.building import DAYS
from tools.benches.made_up import corrections_of_days, events_of_days
from tools.benches.measure import process_of, resident_bytes
from tools.browsers.served_dashboard import serving
from tools.generators import generators

CLICKHOUSE_PORT = 18126
CORRECTED = 10  # days, each by a delivery


def bench_pages(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    """Each page by its link, the first time and again, by its address, and its slowest query. The ratio is to the page
    whose answers are kept, the memory that of the dashboard."""
    env = {
        **{f"DUCKHOUSE_{name.upper()}": str(work / name) for name in ("landing", "lake", "postgres")},
        "DUCKHOUSE_DUCKDB": str(work / "pages.duckdb"),
        "DUCKHOUSE_PUBLISH": "true",
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_PORT": str(CLICKHOUSE_PORT),
        PAGE_PASSWORD: PASSWORD,
    }
    with environment(env):
        land(work, events)
        run(dbt_build("dev"))
        results = pages("dev", f"{events:,} events, DuckDB", repeat)
        with embedded_clickhouse("--port", str(CLICKHOUSE_PORT), "--data", str(work / "clickhouse")):
            run(script("push"))
            run(dbt_build("prod"))
            results += pages("prod", f"{events:,} events, ClickHouse", repeat)
    shutil.rmtree(work)
    return results


def land(work: Path, events: int) -> None:
    """Ad serving in a delivery and its corrections, the other systems as in the demo."""
    drop = events_of_days(work / "month", DAYS, max(1, events // DAYS))
    run(script("land", "ad_serving", str(drop), "--no-redelivery"))
    for correction in corrections_of_days(drop, work / "corrections", CORRECTED):
        run(script("land", "ad_serving", str(correction)))
    others = {source: generator for source, generator in generators().items() if source != "ad_serving"}
    for source, generator in others.items():
        generator.deliver_first(work / source)
        generator.deliver_later(work / source)


def pages(target: str, label: str, repeat: int) -> list[dict[str, Any]]:
    found: dict[tuple[str, str], list[float]] = {}
    peak = 0
    for _ in range(repeat):
        with serving(os.environ, target) as base:
            for page, way, seconds in visits(base):
                found.setdefault((page, way), []).append(seconds)
                peak = max(peak, resident_bytes(process_of("scripts.dashboard")))
        for page, seconds in slowest_queries(target):
            found.setdefault((page, "slowest query"), []).append(seconds)
    return [
        {
            "name": f"{page}, {way}, {label}",
            "seconds": round(statistics.median(seconds), 2),
            "seconds_of_runs": [round(one, 2) for one in seconds],
            "ratio": round(statistics.median(seconds) / statistics.median(found[page, "again"]), 2),
            "peak_megabytes": round(peak / 1e6),
        }
        for (page, way), seconds in found.items()
    ]

"""The figures by which a change in speed is judged, each with its goal."""

from collections.abc import Iterator
from itertools import product
from typing import Any

SECONDS_OF_SQL_BEFORE = 32.9  # of 1 million events, before rules were judged once
READINGS_A_SECOND = 20_000
SECONDS_OF_A_PAGE = 1
ENGINES = ("DuckDB", "ClickHouse")

Figure = tuple[str, float, float]
"""What is reported, its value, and its limit."""


def figures(results: list[dict[str, Any]], events: int, times: int) -> list[dict[str, Any]]:
    """The goals of the measurements that were made."""
    by_name = {result["name"]: result for result in results}
    found = []
    for told, value, goal in _figures(by_name, events, times):
        found.append({"figure": told, "value": round(value, 2), "goal": goal, "is_met": round(value, 2) <= goal})
    return found


def _figures(made: dict[str, Any], events: int, times: int) -> Iterator[Figure]:
    some, many, reviews = f"{events:,} events", f"{times * events:,} events", f"{events:,} reviews"
    few_readings, many_readings = f"{events:,} readings", f"{times * events:,} readings"
    for engine, goal in zip(ENGINES, (10, 12), strict=True):
        if build := made.get(f"build of nothing new, {engine}"):
            yield f"build of nothing new, {engine}, seconds", build["seconds"], goal
    for name, page in made.items():
        if ", by its link, " in name:
            yield f"{name}, seconds", page["seconds"], SECONDS_OF_A_PAGE
    if pipeline := made.get("pipeline --if-new, nothing new"):
        yield "pipeline --if-new, nothing new, seconds", pipeline["seconds"], 1.5
    for label, goal in (("one file", 1.8), ("4 files", 1.5)):
        if landed := made.get(f"land, {label}"):
            yield f"landing to bare COPY, {label}", landed["ratio"], goal
    later = [f"day on {label}" for label in (some, reviews, many)]
    later += [f"hour on {label}" for label in (few_readings, many_readings)]
    for added, engine in product(later, ENGINES):
        if more := made.get(f"one more {added}, {engine}"):
            yield f"one more {added} to its full build, {engine}", more["ratio"], 0.2
    if consumed := made.get(f"consume {events:,} readings into both stores"):
        yield f"{events:,} readings into both stores, seconds", consumed["seconds"], events / READINGS_A_SECOND
        yield f"{events:,} readings into both stores, peak MB", consumed["peak_megabytes"], 600
    for engine in ENGINES:
        if more := made.get(f"one more day after 365 days, {engine}"):
            yield f"one more day after 365 days to after 30, {engine}", more["ratio"], 1.2
    if (full := made.get(f"full build of {some}, DuckDB")) and (
        sql := made.get(f"the same SQL without dbt, {some}, DuckDB")
    ):
        yield f"full build of {some} to its SQL without dbt", full["seconds"] / sql["seconds"], 1.35
        yield "that SQL to what it took before", sql["seconds"] / SECONDS_OF_SQL_BEFORE, 0.5
    for (few, more_of_them), engine in product(((some, many), (few_readings, many_readings)), ENGINES):
        fewer, more = made.get(f"full build of {few}, {engine}"), made.get(f"full build of {more_of_them}, {engine}")
        if fewer and more:
            yield f"full build of {more_of_them} to {few}, {engine}", more["seconds"] / fewer["seconds"], 5
        if more:
            yield f"full build of {more_of_them}, {engine}, peak MB", more["peak_megabytes"], 4096

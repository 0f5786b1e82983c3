"""Deliveries that arrive in any order: landed, set aside, and brought back before the build that reads them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import duckdb
from clickhouse_connect.driver.client import Client

from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.landing.zone import Zone
from duckhouse.warehouse.push import drop_pushed


def shelve(zone: Zone, shelf: Path, delivery: str) -> None:
    shelf.mkdir(exist_ok=True)
    zone.delivery_path(delivery).rename(shelf / delivery)


def reveal(zone: Zone, shelf: Path, deliveries: Iterable[str]) -> None:
    for delivery in deliveries:
        if (shelf / delivery).exists():
            (shelf / delivery).rename(zone.delivery_path(delivery))


def prune(client: Client, zone: Zone, shelf: Path, deliveries: Iterable[str]) -> None:
    """Takes deliveries from the landing zone and from the raw tables."""
    gone = [delivery for delivery in deliveries if zone.delivery_path(delivery).exists()]
    for delivery in gone:
        shelve(zone, shelf, delivery)
    drop_pushed(client, zone.source.name, gone)


def drawn_builds(draw: Random, number: int, most: int) -> tuple[list[list[int]], list[int]]:
    """An order of deliveries, split into at most the given number of builds, and the builds after which landing is
    pruned."""
    waiting = draw.sample(range(number), number)
    cuts = sorted(draw.sample(range(1, number), min(number, draw.randint(1, most)) - 1))
    builds = [waiting[start:end] for start, end in zip([0, *cuts], [*cuts, number], strict=True)]
    return builds, [build for build in range(len(builds)) if draw.random() < 0.5]


def published_rows(file: Path) -> dict[str, list[tuple]]:
    """All rows of every published table and view of a DuckDB file, sorted."""
    with duckdb.connect(str(file), read_only=True) as connection:
        relations = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            f"where table_schema in {PUBLISHED_SCHEMAS} order by table_schema, table_name"
        ).fetchall()
        return {
            name: connection.execute(f'from "{schema}"."{name}" order by all').fetchall() for schema, name in relations
        }


def apart(ours: Sequence[tuple], theirs: Sequence[tuple]) -> Iterator[tuple[str, tuple]]:
    """Each row that one side has more often than the other, and that side."""
    if ours == theirs:
        return
    mine, others = Counter(ours), Counter(theirs)
    for side, more in (("only the first has", mine - others), ("only the second has", others - mine)):
        yield from ((side, row) for row in more.elements())


def shown(row: Iterable[Any]) -> str:
    return ", ".join("NULL" if value is None else str(value) for value in row)

"""A database that an earlier version built is built on by this one, on both engines.

The marts are then those of a build from nothing. tests/python/version_before/built.tar.xz holds what the earlier
version had landed, pushed and built; python -m tools.version_before writes it.
"""

import shutil
from collections.abc import Iterator
from decimal import Decimal

import clickhouse_connect
import pytest

from support.drops import NO_TESTS
from support.warehouse import ALL, Warehouse, warehouse
from tools.campaigns.orders.shelf import published_rows
from tools.upgrades import dump
from tools.upgrades.world import ARCHIVE, MODELS, SOURCES, drop

READ = {"fct_ad_events_daily", "fct_revenue_restatements", "fct_consent_restatements", "dim_publishers_history"}


@pytest.fixture(scope="module")
def upgraded() -> Iterator[Warehouse]:
    """What the earlier version built from two drops, built on with a third and with a retraction of the first."""
    with warehouse(ALL, only=MODELS) as house:
        dump.unpack(ARCHIVE, house.folder)
        dump.restore_duckdb(house.folder / dump.OF_DUCKDB, house.duckdb)
        with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
            dump.restore_clickhouse(house.folder / dump.OF_CLICKHOUSE, client)
        place, moment = drop(3)
        for source in SOURCES:
            house.run("land", source, place / source, "--delivered-at", moment)
        [first, *_] = sorted((house.folder / dump.LANDING / "consent").glob("delivery=2026*"))
        identity = first.name.removeprefix("delivery=")
        house.run(
            "land", "consent", "--retract", identity, "--reason", "test", "--delivered-at", "2026-01-14T06:00:00Z"
        )
        house.build(*NO_TESTS)
        yield house


def test_figures_of_all_drops_are_there(upgraded: Warehouse) -> None:
    """By hand: of 10 January a (0.625), b (0.375, after NULL) and e (0.75) count, of the 11th f (0.1) and c (1.5)."""
    days = "select cast(event_date as varchar), sum(revenue_usd) from marts.fct_ad_events_daily group by all order by 1"
    expected = {"2026-01-10": "1.75", "2026-01-11": "1.6", "2026-01-12": "0.2"}
    assert dict(upgraded.rows(days)) == {day: Decimal(revenue) for day, revenue in expected.items()}


def test_the_same_rows_are_on_both_engines(upgraded: Warehouse) -> None:
    assert upgraded.differences() == []


def test_the_marts_are_those_of_a_build_from_nothing(upgraded: Warehouse) -> None:
    with warehouse(ALL, only=MODELS) as fresh:
        shutil.copytree(upgraded.folder / dump.LANDING, fresh.folder / dump.LANDING)
        fresh.dbt("dev", "build", *NO_TESTS)
        expected = published_rows(fresh.duckdb)
    assert expected.keys() >= READ
    found = published_rows(upgraded.duckdb)
    for name, rows in expected.items():
        assert found[name] == rows, name
        assert rows or name not in READ, name

"""What a build on several threads finds does not depend on which thread asks first.

dbt lists a database that it has not cached when it is first asked for a relation of it, and adds what it found to its
cache one by one. A thread that asks meanwhile takes the first few relations for all.
"""

import threading
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pytest
from dbt.adapters.clickhouse.cache import ClickHouseRelationsCache
from dbt.adapters.clickhouse.impl import ClickHouseAdapter

from support.dbt import BuildError
from support.drops import deliver, event
from support.warehouse import WITHOUT_QUALITY, Warehouse

SECONDS_TO_MEET = 60
READERS = ("int_ad_serving__delivery_touches", "int_ad_serving__publisher_days")


@pytest.fixture(scope="module")
def house(shared_house: Warehouse) -> Iterator[Warehouse]:
    """One event in staging on ClickHouse."""
    deliver(shared_house, 10, [event("a", "2026-01-09T10:00:00Z")])
    shared_house.run("push")
    shared_house.dbt("prod", "run", "--select", "stg_ad_serving__events", "stg_ad_serving__publishers")
    yield shared_house


def half_cached(patch: pytest.MonkeyPatch, database: str, last: str) -> None:
    """Where two threads ask for a database that is not cached, the first adds one relation and waits for the second.

    The second asks then, and misses `last`.
    """
    first, one_is_in, second_has_asked = threading.Lock(), threading.Event(), threading.Event()
    list_relations, add = ClickHouseAdapter.list_relations, ClickHouseRelationsCache.add
    without_caching = ClickHouseAdapter.list_relations_without_caching

    def listed_last(adapter: ClickHouseAdapter, schema_relation: Any) -> list[Any]:
        relations = without_caching(adapter, schema_relation)
        return sorted(relations, key=lambda relation: relation.identifier == last)

    def one_after_another(adapter: ClickHouseAdapter, catalog: str | None, schema: str) -> list[Any]:
        if schema != database or first.acquire(blocking=False):
            return list_relations(adapter, catalog, schema)
        assert one_is_in.wait(SECONDS_TO_MEET)
        found = list_relations(adapter, catalog, schema)
        second_has_asked.set()
        return found

    def stopped_after_one(cache: ClickHouseRelationsCache, relation: Any) -> None:
        add(cache, relation)
        if relation.schema == database and first.locked():
            assert one_is_in.is_set() or relation.identifier != last
            one_is_in.set()
            assert second_has_asked.wait(SECONDS_TO_MEET)

    patch.setattr(ClickHouseAdapter, "list_relations_without_caching", listed_last)
    patch.setattr(ClickHouseAdapter, "list_relations", one_after_another)
    patch.setattr(ClickHouseRelationsCache, "add", stopped_after_one)


def test_a_half_cached_source_is_there(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    half_cached(monkeypatch, "raw_consent", last="_deliveries")
    house.dbt("prod", "compile", "--select", "stg_consent__companies", "stg_consent__events", "--threads", "2")


def test_deliveries_of_a_half_cached_parent_are_read(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    half_cached(monkeypatch, "duckhouse_staging", last="stg_ad_serving__events")
    house.dbt("prod", "run", "--select", *READERS, "--cache-selected-only", "--threads", "2")
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        rows = {
            reader: client.query(f"select count() from duckhouse_intermediate.{reader}").first_row[0]
            for reader in READERS
        }
    assert rows == dict.fromkeys(READERS, 1)


def test_no_database_is_cached_while_models_are_built(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    cached_late = set()
    is_cached = ClickHouseAdapter._schema_is_cached

    def noted(adapter: ClickHouseAdapter, database: str | None, schema: str) -> bool:
        found = is_cached(adapter, database, schema)
        if not found:
            cached_late.add(schema)
        return found

    monkeypatch.setattr(ClickHouseAdapter, "_schema_is_cached", noted)
    house.dbt("prod", "build", "--select", "source:consent+", *WITHOUT_QUALITY)
    house.dbt("prod", "compile")
    assert cached_late == set()


def test_a_source_that_was_never_pushed_is_named(house: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        client.command("drop database raw_consent sync")
    with pytest.raises(BuildError) as refused:
        house.dbt("prod", "compile", "--select", "stg_consent__companies")
    assert "raw_consent is not on this ClickHouse yet: run python -m scripts.push first" in str(refused.value)

"""A warehouse of both engines that is lost and restored: the same marts, and the next delivery changes them alike."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import clickhouse_connect
import pytest

from duckhouse.clickhouse_sql import quote
from duckhouse.landing.zone import Zone
from duckhouse.settings import environment
from duckhouse.sources import load_source
from scripts import backup, restore
from support.drops import NO_TESTS, csv_of, deliver, event
from support.places import KEPT_DATABASES
from support.warehouse import Warehouse, called, warehouse
from tools.campaigns.orders.shelf import prune

READ = ("dim_publishers_history", "fct_ad_events_as_of", "fct_ad_event_records", "fct_revenue_restatements")
PUBLISHERS = "publisher_id,publisher_name,timezone"
FIRST = [event("kept", "2026-01-08T10:00:00Z", 1), event("raised", "2026-01-08T11:00:00Z", 2)]
SECOND = [event("raised", "2026-01-08T11:00:00Z", 3), event("late", "2026-01-07T11:00:00Z", 4)]
THIRD = [event("kept", "2026-01-08T10:00:00Z", None), event("late", "2026-01-07T11:00:00Z", 5)]

Tables = dict[str, list[tuple]]


@dataclass(frozen=True)
class Story:
    """The published tables when the backup was made, and one delivery later; the original and the restored ones."""

    house: Warehouse
    place: str
    original: tuple[Tables, Tables]
    restored: tuple[Tables, Tables]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    with warehouse(only=READ) as house:
        place = str(house.folder / "backups")
        pruned = deliver(house, 9, FIRST, publishers=csv_of(PUBLISHERS, "1,One,Europe/Paris"))
        built(house)
        with environment(house.env), clickhouse(house) as client:
            prune(client, Zone(load_source("ad_serving")), house.folder / "shelf", [pruned])
        deliver(house, 10, SECOND, publishers=csv_of(PUBLISHERS, "1,Uno,Europe/Paris"))
        at_backup = built(house)
        command(house, backup, "--to", place, "--target", "dev", "prod")
        deliver(house, 12, THIRD)
        original = at_backup, built(house)
        lose(house)
        command(house, restore, "--from", place)
        assert house.differences() == []
        restored = house.published()
        deliver(house, 12, THIRD)
        yield Story(house, place, original, (restored, built(house)))


def built(house: Warehouse) -> Tables:
    """All rows of dev after a build; those of prod are the same."""
    house.build(*NO_TESTS)
    assert house.differences() == []
    return house.published()


def lose(house: Warehouse) -> None:
    """Everything but the backups."""
    house.duckdb.unlink()
    shutil.rmtree(house.folder / "landing")
    with clickhouse(house) as client:
        for (database,) in client.query("show databases").result_rows:
            if database not in KEPT_DATABASES:
                client.command(f"drop database {quote(database)} sync")


def clickhouse(house: Warehouse) -> clickhouse_connect.driver.Client:
    return clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port)


def command(house: Warehouse, module: object, *words: str, code: int = 0) -> str:
    """What a command says that ends with this code."""
    with environment({**house.env, "DUCKHOUSE_LAKE": str(house.folder / "lake")}):
        done = called(lambda: module.main(words))
    assert done.returncode == code, done.stderr
    return done.stderr if code else done.stdout


def test_the_marts_are_those_of_the_backup(story: Story) -> None:
    assert story.restored[0] == story.original[0]


def test_one_more_delivery_changes_them_alike(story: Story) -> None:
    assert story.restored[1] == story.original[1] != story.original[0]


def test_what_only_a_pruned_delivery_knew_is_there(story: Story) -> None:
    """The first name of the publisher, and what its day was worth before the second delivery."""
    assert not list((story.house.folder / "landing" / "ad_serving").glob("delivery=20260109*"))
    names = "select publisher_name from marts.dim_publishers_history where publisher_id = '1' order by valid_from"
    assert story.house.rows(names) == [("One",), ("Uno",)]
    worth = "select revenue_usd from marts.fct_ad_events_as_of where event_date = '2026-01-08' order by _delivery_id"
    assert [str(value) for (value,) in story.house.rows(worth)] == ["3.000000", "4.000000", "4.000000"]


def test_databases_that_are_there_are_not_overwritten(story: Story) -> None:
    said = command(story.house, restore, "--from", story.place, code=1)
    assert "is there: restore into a ClickHouse without databases duckhouse_*" in said


def test_a_backup_without_databases_is_refused(story: Story) -> None:
    with environment({"CLICKHOUSE_PREFIX": "nobody"}):
        house = Warehouse(story.house.folder, story.house.clickhouse_port, prefix="nobody", name=story.house.name)
        said = command(house, backup, "--to", story.place, "--target", "prod", code=1)
    assert said == "error: there are no databases nobody_* to back up: make prod builds and publishes them\n"

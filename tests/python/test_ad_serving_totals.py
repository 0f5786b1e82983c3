"""Ad serving at its size: a month of another seed equals the generator's truth, the real files an independent query."""

import json
from pathlib import Path

import duckdb
import pytest

from duckhouse.settings import PROJECT
from support.drops import NO_TESTS
from support.totals import DELIVERED, REDELIVERED, assert_totals
from support.warehouse import Warehouse, warehouse

REAL_DROP = PROJECT.parent / "shared" / "data" / "ad_serving"


def test_a_month_of_another_seed_equals_its_truth(tmp_path: Path) -> None:
    with warehouse() as house:
        drop = tmp_path / "drop"
        size = ("--days", "30", "--events-per-day", "150", "--seed", "12")
        house.run("tools.generate", "ad_serving", *size, "--out", drop)
        totals = json.loads((drop / "truth.json").read_text())["totals"]
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert_totals(house, totals["after_first_delivery"])
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build()
        assert_totals(house, totals["after_redelivery"])
        assert house.differences() == []


@pytest.mark.skipif(not REAL_DROP.exists(), reason="the real files are not beside the project")
def test_real_files_equal_an_independent_query(tmp_path: Path) -> None:
    with warehouse() as house:
        house.land(REAL_DROP, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert_real_totals(house, ["events"])
        assert house.differences() == []
        house.land(REAL_DROP / "redelivery", "--delivered-at", REDELIVERED)
        house.build()
        assert_real_totals(house, ["events", "redelivery/events"])
        assert house.differences() == []


def assert_real_totals(house: Warehouse, folders: list[str]) -> None:
    deliveries = " union all ".join(
        f"select {place} as delivery, * from read_parquet('{REAL_DROP}/{folder}/*.parquet')"
        for place, folder in enumerate(folders)
    )
    expected = duckdb.sql(
        f"""
        with latest as (
            select event_id, arg_max(event_type, delivery) as type, arg_max(is_filled, delivery) as filled,
                   arg_max(revenue_usd, delivery) as settled,
                   arg_max(coalesce(revenue_usd, 0), delivery) as delivered
            from ({deliveries}) group by event_id
        )
        select count(*), count(*) filter (type = 'impression'), count(*) filter (type = 'click'),
               count(*) filter (type = 'viewable_impression'), count(*) filter (type = 'impression' and filled),
               sum(cast(settled as decimal(18, 6))), sum(cast(delivered as decimal(18, 6)))
        from latest
        """
    ).fetchone()
    [events] = house.rows("select count(*) from marts.fct_ad_events")[0]
    daily = house.rows(
        "select sum(impressions), sum(clicks), sum(viewable_impressions), sum(filled_impressions), "
        "sum(revenue_usd), sum(revenue_usd_as_delivered) from marts.fct_ad_events_daily"
    )[0]
    assert (events, *daily) == expected

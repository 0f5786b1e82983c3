"""The ad-serving drop from files to marts, on both engines: right, the same, whatever the order and number of runs."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb
import pytest

from duckhouse.settings import PROJECT
from support.drops import NO_TESTS
from support.totals import DELIVERED, REDELIVERED, assert_totals
from support.warehouse import Warehouse, landed_again, warehouse


@pytest.fixture(scope="module")
def drop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drop") / "ad_serving"
    Warehouse(folder.parent, 0).run(
        "tools.generate", "ad_serving", "--days", "6", "--events-per-day", "400", "--seed", "11", "--out", folder
    )
    return folder


@pytest.fixture(scope="module")
def truth(drop: Path) -> dict[str, Any]:
    return json.loads((drop / "truth.json").read_text())


@pytest.fixture(scope="module")
def built(drop: Path, truth: dict[str, Any]) -> Iterator[Warehouse]:
    """Both deliveries, landed and built one after the other; what holds in between is checked in between."""
    with warehouse() as house:
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert house.differences() == []
        assert_totals(house, truth["totals"]["after_first_delivery"])
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build()
        yield house


def test_totals_are_the_generators(built: Warehouse, truth: dict[str, Any]) -> None:
    assert_totals(built, truth["totals"]["after_redelivery"])


def test_both_engines_hold_the_same_rows(built: Warehouse) -> None:
    results = built.parity()
    assert {result["model"] for result in results} >= {"fct_ad_events", "fct_ad_events_daily", "dim_campaigns"}
    assert all(result["equal"] for result in results)


def test_every_record_of_every_file_is_accounted_for(built: Warehouse, truth: dict[str, Any]) -> None:
    counted = {
        file: tuple(counts)
        for file, *counts in built.rows(
            "select if(_delivered_at > timestamp '2026-03-25 12:00', 'redelivery/', '') || _source_file, "
            "records_read, records_rejected, records_blank from quality.fct_ad_event_records"
        )
    }
    expected = {
        file: (counts["read"], counts["malformed"], counts["blank"])
        for file, counts in truth["totals"]["records"].items()
        if "events/" in file
    }
    assert counted == expected
    assert sum(counts[1] for counts in expected.values()) > 0


def test_revenue_of_every_delivery_is_conserved(built: Warehouse) -> None:
    """Landed text, read here on its own, against the marts and what each named rule replaced or set aside."""
    landed: Counter[str] = Counter()
    for delivery, text in duckdb.sql(
        "select _delivery_id, revenue_usd from "
        f"read_parquet('{built.folder}/landing/ad_serving/delivery=*/events/*.parquet', union_by_name = true)"
    ).fetchall():
        landed[delivery] += micros(text)
    fates = "sum(revenue_usd_{})".format(
        "), sum(revenue_usd_".join(("current", "replaced_in_delivery", "replaced_by_delivery", "set_aside"))
    )
    with clickhouse_connect.get_client(host="127.0.0.1", port=built.clickhouse_port) as client:
        for fetch, marts, quality in (
            (built.rows, "marts", "quality"),
            (lambda query: client.query(query).result_rows, "duckhouse_marts", "duckhouse_quality"),
        ):
            query = f"select _delivery_id, {fates} from {quality}.fct_ad_event_records group by 1"
            assert {delivery: sum(amounts) * 1_000_000 for delivery, *amounts in fetch(query)} == landed
            [(current, still_counting)] = fetch(
                f"select sum(revenue_usd_current), sum(revenue_usd_still_counting) from {quality}.fct_ad_event_records"
            )
            for mart in (
                "fct_ad_events",
                "fct_ad_events_daily",
                "fct_publisher_performance",
                "fct_campaign_performance",
            ):
                [(last_known, as_delivered)] = fetch(
                    f"select sum(revenue_usd), sum(revenue_usd_as_delivered) from {marts}.{mart}"
                )
                assert (as_delivered, last_known) == (current, current + still_counting)


def micros(text: str | None) -> int:
    """Micro-dollars of a delivered amount, rounded half away from zero; 0 where it is none."""
    try:
        return int(Decimal((text or "").strip()).quantize(Decimal("0.000001"), ROUND_HALF_UP) * 1_000_000)
    except InvalidOperation:
        return 0


def test_rejected_records_keep_their_text_and_reason(built: Warehouse, truth: dict[str, Any]) -> None:
    rejected = built.rows("select count(*), count(raw_text), count(reason) from staging.stg_ad_serving__rejected")[0]
    malformed = sum(counts["malformed"] for counts in truth["totals"]["records"].values())
    assert rejected == (malformed, malformed, malformed)


def test_what_cannot_become_an_event_is_set_aside_with_its_reason(built: Warehouse, truth: dict[str, Any]) -> None:
    planted = Counter()
    for fault in truth["faults"]:
        planted[fault["kind"]] += fault["count"]
    found = dict(built.rows("select set_aside_reason, count(*) from marts.fct_ad_events_set_aside group by 1"))
    assert found == {
        "missing_event_id": planted["missing_event_id"],
        "unparsable_timestamp": planted["bad_timestamp"],
    }


def test_invalid_revenue_is_flagged_and_kept(built: Warehouse, truth: dict[str, Any]) -> None:
    flagged = {
        reason: {event_id.replace("-", "") for event_id in ids}
        for reason, ids in built.rows(
            "select invalid_record_reason, list(event_id) from marts.fct_ad_events "
            "where invalid_record_reason is not null group by 1"
        )
    }
    planted = {fault["kind"]: set(fault.get("ids", ())) for fault in truth["faults"]}
    assert flagged["negative_revenue"] == planted["negative_revenue"]
    assert flagged["revenue_on_unfilled"] == planted["revenue_on_unfilled"]
    net, gross = built.rows(
        "select sum(revenue_usd - revenue_usd_invalid_records), sum(revenue_usd) from marts.fct_ad_events_daily"
    )[0]
    assert net != gross


def test_landing_and_building_again_changes_nothing(built: Warehouse, drop: Path) -> None:
    before = built.published()
    manifests = {path: path.read_bytes() for path in built.folder.glob("landing/ad_serving/delivery=*/manifest.json")}
    built.land(drop, "--delivered-at", DELIVERED)
    built.land(drop)
    assert manifests == {
        path: path.read_bytes() for path in built.folder.glob("landing/ad_serving/delivery=*/manifest.json")
    }
    built.build(*NO_TESTS)
    assert built.published() == before
    assert built.differences() == []


def test_one_build_of_both_deliveries_gives_the_same_marts(built: Warehouse) -> None:
    with landed_again(built) as at_once:
        at_once.build(*NO_TESTS)
        assert at_once.published() == built.published()
        assert at_once.differences() == []


def test_deliveries_in_reverse_order_give_the_same_marts(built: Warehouse, drop: Path) -> None:
    with warehouse() as house:
        house.land(drop / "redelivery", "--delivered-at", REDELIVERED)
        house.build(*NO_TESTS)
        house.land(drop, "--no-redelivery", "--delivered-at", DELIVERED)
        house.build(*NO_TESTS)
        assert house.published() == built.published()
        assert house.differences() == []


def test_full_refresh_gives_the_same_marts(built: Warehouse) -> None:
    before = built.published()
    built.build(*NO_TESTS, "--full-refresh", "--vars", "rebuild_from_landing: true")
    assert built.published() == before
    assert built.differences() == []


def test_pruned_landing_files_do_not_change_what_was_built(house: Warehouse, drop: Path) -> None:
    """Staging is the system of record: a full refresh without landing still knows the first delivery."""
    house.land(drop, "--delivered-at", DELIVERED)
    house.dbt("dev", "build", *NO_TESTS)
    before = house.published()
    [first, _] = sorted(house.folder.glob("landing/ad_serving/delivery=2*"))
    shutil.rmtree(first)
    house.dbt("dev", "build", *NO_TESTS, "--full-refresh")
    assert house.published() == before


def test_a_day_that_was_lost_comes_back(built: Warehouse) -> None:
    before = built.published()
    with duckdb.connect(str(built.duckdb)) as connection:
        [day] = connection.execute("select min(event_date) from marts.fct_ad_events").fetchone()
        connection.execute("delete from marts.fct_ad_events where event_date = ?", [day])
        connection.execute("delete from marts.fct_ad_events_daily where event_date = ?", [day])
    built.dbt("dev", "build", *NO_TESTS)
    assert built.published() == before


KILLED_LOAD = """
import sys
from scripts import land
from tools.campaigns.moments import kill_at, watch

watch(["os:rename"], kill_at(2 * int(sys.argv[1]) - 1))
land.main(sys.argv[2:])
"""


def test_marts_after_a_killed_load_are_those_of_a_clean_one(built: Warehouse, house: Warehouse, drop: Path) -> None:
    """Killed before each commit in turn; what is built in between holds whole deliveries only."""
    house.run("land", "--prepare")
    command = ["ad_serving", str(drop), "--delivered-at", DELIVERED]
    for commit, events in ((1, 0), (2, truth_events(drop, "after_first_delivery"))):
        done = subprocess.run(
            [sys.executable, "-c", KILLED_LOAD, str(commit), *command], cwd=PROJECT, env={**os.environ, **house.env}
        )
        assert done.returncode == -signal.SIGKILL
        house.dbt("dev", "build", *NO_TESTS)
        assert house.rows("select count(*) from marts.fct_ad_events") == [(events,)]
    house.run("land", *command)
    house.dbt("dev", "build", *NO_TESTS)
    assert house.published() == built.published()


def truth_events(drop: Path, moment: str) -> int:
    return json.loads((drop / "truth.json").read_text())["totals"][moment]["overall"]["events"]

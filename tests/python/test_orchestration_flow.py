"""A drop, an object, a changed row and a message reach the published marts by themselves; what blocks is told once.

Real parts: PostgreSQL, an S3 endpoint, Kafka (the mock cluster where no Java is installed), ClickHouse, dbt as a
process of its own. Dagster's sensors and schedules tick in this process. On prod it builds a few models: all of them
take a minute.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import database_of
from duckhouse.pipeline.config import inflows
from duckhouse.settings import published_beside
from duckhouse.sources import load_source
from duckhouse.warehouse import parity
from duckhouse.warehouse.connection import connect
from orchestration import models
from orchestration.assemble import assembled
from support import announcing
from support.bucket import BUCKET, KEY_ID, SECRET, Bucket
from support.consent import COMPANY_COLUMNS, EVENT_COLUMNS, event
from support.dbt import environment
from support.drops import event as ad_event
from support.landing import csv_text
from support.places import place
from support.postgres import SOME_ROWS, new_database
from support.store import new_store
from support.streams import Stream, reading
from support.ticking import Ticking, failures, manifest, ticking
from tools.brokers import LocalBroker
from tools.brokers.apache import apache
from tools.brokers.jars import unavailable
from tools.brokers.mock import mock_cluster
from tools.campaigns.kills.buckets import endpoint

PIPELINE = """
inflows:
  - {name: drops, source: ad_serving, kind: folder, place: drop}
  - {name: exports, source: consent, kind: bucket, place: "s3://%s/consent/"}
  - {name: campaigns, source: ad_delivery, kind: database}
  - {name: devices, source: telemetry, kind: topic}
"""
PUBLISHED = {
    "drop": "select count(*), sum(revenue_usd) from marts.fct_ad_events",
    "object": "select events_sampled from marts.agg_consent_company where company_id = 'key-1'",
    "row": "select campaign_name from marts.dim_ad_delivery_campaigns where campaign_id = 1",
    "message": "select count(*) from marts.fct_device_readings",
}
PUBLISHED_ON_PROD = {
    **{name: PUBLISHED[name] for name in ("drop", "row", "message")},
    "object": "select count(*) from marts.fct_consent_events where company_id = 'key-1'",
}
MARTS_ON_PROD = ("fct_ad_events", "fct_consent_events", "dim_ad_delivery_campaigns", "fct_device_readings")
ON_PROD = " ".join(
    f"+{name}"
    for name in (
        *MARTS_ON_PROD,
        "int_ad_serving__published_days",  # the snapshot of what is published reads it
        "rpt_telemetry_invalid",  # what is published has a view
    )
)
[TOPIC] = [entity.topic for entity in load_source("telemetry").entities]


@dataclass
class World:
    """The outside world of a house, and the Dagster that watches it."""

    folder: Path
    bucket: Bucket
    stream: Stream
    alerts: announcing.Endpoint
    dagster: Ticking

    def drop(self, day: str, amounts: list[float | str]) -> None:
        path = self.folder / "drop" / "events" / f"{day}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        records = [
            ad_event(f"{day}-{n}", f"{day}T{n % 24:02}:00:{n:02}.5Z", amount) for n, amount in enumerate(amounts)
        ]
        path.write_text("".join(json.dumps(record) + "\n" for record in records))

    def put(self, key: str, *rows: list[str]) -> None:
        self.bucket.put(f"consent/{key}", csv_text(list(rows)))

    def published(self) -> dict[str, tuple[Any, ...]]:
        with duckdb.connect(str(published_beside(self.folder / "house.duckdb")), read_only=True) as copy:
            return {name: copy.execute(query).fetchone() or () for name, query in PUBLISHED.items()}

    def published_on_prod(self) -> dict[str, tuple[Any, ...]]:
        client = connect()
        asked = {name: query.replace("marts.", "duckhouse_marts.") for name, query in PUBLISHED_ON_PROD.items()}
        return {name: tuple(client.query(query).first_row) for name, query in asked.items()}

    def build(self) -> Any:
        """The build that the sensor starts, and what is announced after it."""
        [run] = self.dagster.tick("landed")
        self.dagster.announced(run)
        return run


@pytest.fixture
def world(postgres: Embedded, quick_path: Path) -> Iterator[World]:
    (quick_path / "pipeline.yml").write_text(PIPELINE % BUCKET)
    (quick_path / "drop").mkdir()
    database = new_database(postgres)
    with ExitStack() as stack:
        stack.enter_context(new_store("partitions", postgres))
        broker: LocalBroker = stack.enter_context(mock_cluster() if unavailable() else apache(quick_path / "kafka"))
        broker.make_topic(TOPIC, 1)
        url, alerts = stack.enter_context(endpoint()), stack.enter_context(announcing.endpoint())
        settings = {
            "DUCKHOUSE_PIPELINE": str(quick_path / "pipeline.yml"),
            "DUCKHOUSE_LANDING": str(quick_path / "landing"),
            "DUCKHOUSE_DUCKDB": str(quick_path / "house.duckdb"),
            "DUCKHOUSE_PUBLISH": "true",
            "DUCKHOUSE_REPORT": str(quick_path / "report.html"),
            "DUCKHOUSE_LAKE": str(quick_path / "lake"),
            "DUCKHOUSE_ALERT_WEBHOOK": alerts.address,
            "DBT_TARGET_PATH": str(quick_path / "target"),
            "DBT_LOG_PATH": str(quick_path / "logs"),
            "CLICKHOUSE_PORT": str(stack.enter_context(place())[1]),
            "CLICKHOUSE_PREFIX": "duckhouse",
            "POSTGRES_DSN": database.conninfo,
            "KAFKA_BOOTSTRAP": broker.bootstrap,
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
        }
        stack.enter_context(environment(settings))
        with database.connect(autocommit=True) as connection:
            connection.execute(SOME_ROWS)
        dagster = stack.enter_context(ticking(inflows(), select=models.ALL))
        yield World(quick_path, Bucket(url), Stream(broker.bootstrap, TOPIC), alerts, dagster)


def test_what_comes_is_published_by_itself_and_what_blocks_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dagster = world.dagster
    [first] = dagster.scheduled("every_campaigns")
    assert first.success
    change_a_campaign()
    world.drop("2026-01-09", [0.5] * 40)
    (world.folder / "drop" / "publishers.csv").write_text("publisher_id,publisher_name,timezone\n1,Daily News,UTC\n")
    world.put("country_and_industry/industry and country.csv", list(COMPANY_COLUMNS), ["key-1", "Media", "Media", "FR"])
    records = [[event(str(n), "key-1")[column.lower()] for column in EVENT_COLUMNS] for n in range(3)]
    world.put("events/csv/events-company-1.csv", list(EVENT_COLUMNS), *records)
    world.stream.produce(reading())
    assert dagster.tick("new_in_drops") == []
    brought = [dagster.tick(f"new_in_{name}") for name in ("drops", "exports", "devices")]
    brought.append(dagster.scheduled("every_campaigns"))
    assert [[run.success for run in runs] for runs in brought] == [[True]] * 4
    run = world.build()
    assert run.success, failures(run)
    assert (world.folder / "report.html").exists()
    assert world.published() == {"drop": (40, 20), "object": (3,), "row": ("renamed",), "message": (1,)}
    assert made(run, "marts/fct_ad_events") != models.UP_TO_DATE
    assert dagster.tick("landed") == []
    world.alerts.texts()

    world.drop("2026-01-10", [0.5] * 10 + ["n/a"] * 20)
    assert dagster.tick("new_in_drops") == []
    [_] = dagster.tick("new_in_drops")
    blocked = world.build()
    assert not blocked.success
    [said] = failures(blocked)
    assert "nothing new is published" in said
    assert "2026-01-10.jsonl" in said
    assert "dev__published" not in {event.step_key for event in blocked.all_events if event.is_step_start}
    assert world.published()["drop"] == (40, 20)
    assert dagster.tick("landed") == []
    dagster.announced(blocked)
    told = [text for text in world.alerts.texts() if "locked" in text]
    assert len(told) == 1, told

    world.drop("2026-01-10", [0.25] * 30)
    assert dagster.tick("new_in_drops") == []
    [_] = dagster.tick("new_in_drops")
    good = world.build()
    assert good.success, failures(good)
    assert world.published()["drop"] == (70, 27.5)
    assert [text for text in world.alerts.texts() if "no longer blocked" in text]
    assert made(good, "marts/fct_device_readings") == models.UP_TO_DATE
    checks = {found.check_name: found for found in good.get_asset_check_evaluations()}
    assert checks["assert_no_blocking_finding"].passed
    assert {node["name"] for node in manifest()["nodes"].values() if node["resource_type"] == "test"} <= checks.keys()

    monkeypatch.setattr("duckhouse.pipeline.steps.report", lambda _: iter(()))  # it is of all models
    compared_models = [model for model in parity.published_models() if model.name in MARTS_ON_PROD]
    monkeypatch.setattr(parity, "published_models", lambda: compared_models)
    monkeypatch.setenv("DBT_INDIRECT_SELECTION", "cautious")  # no test of a model that is not built
    both = Ticking(assembled(manifest(), inflows(), ("dev", "prod"), ON_PROD), dagster.instance)
    [on_prod] = started(both)
    assert (on_prod.dagster_run.job_name, on_prod.success) == ("build_prod", True), failures(on_prod)
    expected = {"drop": (70, 27.5), "object": (3,), "row": ("renamed",), "message": (1,)}
    assert world.published_on_prod() == expected
    [compared] = started(both)
    [agree] = compared.get_asset_check_evaluations()
    assert (compared.dagster_run.job_name, agree.passed, agree.description) == ("compare", True, None)
    assert started(both) == []


def started(dagster: Ticking) -> list[Any]:
    """The runs that the sensor of landing starts, of whichever target."""
    return [run for asked in dagster.look("landed").run_requests or () for run in dagster.run("landed", asked)]


def change_a_campaign() -> None:
    with database_of(load_source("ad_delivery")) as database, database.connect(autocommit=True) as connection:
        connection.execute("update campaign set name = 'renamed' where id = 1")


def made(run: Any, name: str) -> Any:
    """What Dagster knows of how a node was made: up to date, or dbt's status."""
    [event] = [
        event for event in run.get_asset_materialization_events() if event.asset_key.path == ["dev", *name.split("/")]
    ]
    return event.materialization.metadata["status"].value

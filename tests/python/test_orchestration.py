"""Dagster's definitions, sensors and checks, evaluated in this process; nothing is built here."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from pyarrow import parquet

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.graph import Done
from duckhouse.landing.manifest import iso
from duckhouse.landing.zone import Zone
from duckhouse.pipeline.config import Inflow
from duckhouse.settings import orchestrated_targets
from duckhouse.sources import load_source, sources
from duckhouse.warehouse import news
from orchestration import inflows, landing, models, names
from orchestration.project import attached
from scripts import orchestrate
from support.bucket import BUCKET, KEY_ID, SECRET, Bucket
from support.streams import Stream, reading
from support.ticking import FEW, Ticking, failures, folder_inflow, manifest, ticking
from support.warehouse import called
from tools.brokers.mock import MockCluster
from tools.campaigns.kills.buckets import endpoint

EVENT = '{"event_id": "%s", "event_type": "impression", "timestamp": "%s", "publisher_id": 1, "revenue_usd": 0.5}\n'
PUBLISHERS = "publisher_id,publisher_name,timezone\n1,Daily News,UTC\n"
COMPANIES = "PUBLIC_API_KEY,INDUSTRY_BACK,INDUSTRY_FRONT,HQ_COUNTRY\nkey-1,Media,Media,FR\n"
TOPIC = "device-readings"


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DUCKHOUSE_DUCKDB", str(tmp_path / "house.duckdb"))
    monkeypatch.setenv("DUCKHOUSE_LAKE", str(tmp_path / "lake"))
    return tmp_path


@pytest.fixture
def drop(folders: Path) -> Path:
    """A watched folder."""
    folder = folders / "drop"
    (folder / "events").mkdir(parents=True)
    return folder


@pytest.fixture
def drops(drop: Path) -> Iterator[Ticking]:
    with ticking([folder_inflow(drop)]) as dagster:
        yield dagster


def put(drop: Path, day: str, *moments: str) -> Path:
    path = drop / "events" / f"{day}.jsonl"
    path.write_text("".join(EVENT % (f"{day}-{number}", moment) for number, moment in enumerate(moments)))
    return path


def brought(drops: Ticking) -> Any:
    """The run that the folder's sensor starts once files have settled."""
    assert drops.tick("new_in_drops") == []
    [run] = drops.tick("new_in_drops")
    return run


# ---------- definitions


def test_everything_of_the_project_is_an_asset_or_a_check_of_each_target() -> None:
    with ticking([], ("dev", "prod"), models.ALL) as dagster:
        dg.Definitions.validate_loadable(dagster.definitions)
        graph = dagster.definitions.resolve_asset_graph()
    keys, checks = set(graph.get_all_asset_keys()), graph.asset_check_keys
    nodes = manifest()["nodes"].values()
    made = [
        node
        for node in nodes
        if node["resource_type"] in ("model", "seed", "snapshot") and node["config"]["materialized"] != "ephemeral"
    ]
    tests = [node["name"] for node in nodes if node["resource_type"] == "test"]
    assert len(made) > 200
    assert {names.node_key("dev", node) for node in made} <= keys
    assert sorted(check.name for check in checks if check.asset_key.path[0] == "dev") == sorted(tests)
    for table in manifest()["sources"].values():
        assert names.landing_key(table["source_name"], table["name"]) in keys
    assert {graph.get(key).group_name for key in keys if key.path[0] == "dev"} == {
        *sources(), "shared", "quality", "published_dev",
    }  # fmt: skip
    events = graph.get(dg.AssetKey(["dev", "staging", "stg_ad_serving__events"]))
    assert dg.AssetKey(["landing", "ad_serving", "events"]) in events.parent_keys


def test_a_test_of_several_models_is_a_check_of_the_last_one() -> None:
    def node(kind: str, name: str, *reads: str) -> dict[str, Any]:
        return {
            "resource_type": kind,
            "name": name,
            "package_name": "p",
            "config": {},
            "depends_on": {"nodes": list(reads)},
        }

    nodes = {
        "a": node("model", "a"),
        "z": node("model", "z"),
        "b": node("model", "b", "a"),
        "both": node("test", "both", "b", "z", "a"),
        "one": node("test", "one", "a"),
        "generic": node("test", "generic", "a", "b") | {"attached_node": "a"},
    }
    made = attached({"nodes": nodes, "parent_map": {name: one["depends_on"]["nodes"] for name, one in nodes.items()}})
    assert made["nodes"]["both"]["config"] == {
        "meta": {"dagster": {"ref": {"name": "b", "package": "p", "version": None}}}
    }
    assert [made["nodes"][name]["config"] for name in ("one", "generic")] == [{}, {}]


def test_nothing_runs_twice_at_a_time_on_an_engine_or_in_a_zone(drop: Path) -> None:
    twice = [folder_inflow(drop), Inflow("late", "ad_serving", "folder", str(drop))]
    with ticking(twice, ("dev", "prod")) as dagster:
        pools = {
            job: {node.definition.pool for node in dagster.definitions.resolve_job_def(job).nodes} - {None}
            for job in ("bring_drops", "bring_late", "build_dev", "build_prod", "compare")
        }
    assert pools == {
        "bring_drops": {"landing_ad_serving"},
        "bring_late": {"landing_ad_serving"},
        "build_dev": {"engine_dev"},
        "build_prod": {"engine_prod"},
        "compare": {"engine_prod"},
    }


def test_inflows_that_dagster_cannot_tell_apart_are_refused(drop: Path) -> None:
    both = [Inflow(name, "ad_serving", "folder", str(drop)) for name in ("a-b", "a b")]
    with pytest.raises(UserError, match="inflows a-b and a b are both a_b in Dagster"):
        list(inflows.definitions(both))


@pytest.mark.parametrize(("named", "targets"), [("", ("dev",)), ("prod", ("prod",)), ("dev, prod", ("dev", "prod"))])
def test_targets_are_those_of_the_setting(named: str, targets: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKHOUSE_TARGETS", named)
    assert orchestrated_targets() == targets


@pytest.mark.parametrize("named", ["test", "dev,dev", "dev,"])
def test_targets_that_do_not_exist_are_refused(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKHOUSE_TARGETS", named)
    with pytest.raises(UserError, match="write dev, prod, or dev,prod"):
        orchestrated_targets()


def test_the_command_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orchestrate, "EXTRA", ("dagster", "no_such_package"))
    done = called(lambda: orchestrate.main([]))
    line = "error: Dagster is not installed: pip install -c constraints.txt '.[orchestration]'\n"
    assert (done.returncode, done.stderr) == (1, line)


def test_a_port_that_is_none_is_refused() -> None:
    done = called(lambda: orchestrate.main(["--port", "65536"]))
    assert (done.returncode, done.stderr) == (1, "error: --port 65536 is not a port number\n")


@pytest.mark.parametrize(
    ("file", "partition"),
    [
        ("events/2026-03-21.jsonl", "2026-03-21"),
        ("events/ads_20260321_part-2.jsonl.gz", "2026-03-21"),
        ("events/2026-02-30.jsonl", "events/2026-02-30.jsonl"),
        ("events/120260321.jsonl", "events/120260321.jsonl"),
        ("events/a...b\n.csv", "events/a…b?.csv"),
    ],
)
def test_a_file_is_a_partition_by_the_day_in_its_name(file: str, partition: str) -> None:
    assert names.file_partition(file) == partition


# ---------- inflows


def test_files_land_once_they_have_settled_and_the_run_names_the_delivery(drops: Ticking, drop: Path) -> None:
    assert drops.look("new_in_drops").skip_message == inflows.NOTHING_NEW
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    assert drops.look("new_in_drops").skip_message == inflows.ARRIVING
    put(drop, "2026-01-10", "2026-01-10T00:00:00Z")
    assert drops.look("new_in_drops").skip_message == inflows.ARRIVING
    [run] = drops.tick("new_in_drops")
    assert run.success
    [delivery] = Zone(load_source("ad_serving")).deliveries()
    tags = drops.instance.get_run_by_id(run.run_id).tags
    assert (tags[names.OF_DELIVERIES], tags[names.OF_INFLOW]) == (delivery.id, "drops")
    [event] = run.get_asset_materialization_events()
    assert event.materialization.metadata["records"].value == 2
    assert drops.look("new_in_drops").skip_message == inflows.NOTHING_NEW


def test_a_folder_that_is_gone_is_a_reason_to_wait(drops: Ticking, drop: Path) -> None:
    shutil.rmtree(drop)
    assert "no such folder: mount or make it" in drops.look("new_in_drops").skip_message


def test_a_file_that_does_not_land_fails_the_run_and_is_not_tried_again(drops: Ticking, drop: Path) -> None:
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    (drop / "notes.doc").write_text("?")
    run = brought(drops)
    [said] = failures(run)
    assert "notes.doc" in said
    assert len(Zone(load_source("ad_serving")).deliveries()) == 1
    assert not [event for event in run.all_events if event.is_step_up_for_retry]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with endpoint() as url:
        yield url


def test_objects_of_a_bucket_start_a_run_once(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    bucket = Bucket(url)
    with ticking([Inflow("exports", "consent", "bucket", f"s3://{BUCKET}/drops/")]) as dagster:
        assert "no object of consent" in dagster.look("new_in_exports").skip_message
        bucket.put("drops/country_and_industry/industry and country.csv", COMPANIES)
        [run] = dagster.tick("new_in_exports")
        assert run.success
        assert len(Zone(load_source("consent")).deliveries()) == 1
        assert dagster.look("new_in_exports").skip_message == inflows.NOTHING_NEW
        bucket.put("drops/country_and_industry/industry and country.csv", COMPANIES.replace("FR", "DE"))
        [again] = dagster.look("new_in_exports").run_requests
        [same] = dagster.look("new_in_exports").run_requests
        assert again.run_key == same.run_key


def test_a_topic_starts_a_run_where_the_lake_is_behind(mock: MockCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", mock.bootstrap)
    mock.make_topic(TOPIC, 2)
    with ticking([Inflow("devices", "telemetry", "topic")]) as dagster:
        assert dagster.look("new_in_devices").skip_message == inflows.NOTHING_NEW
        stream = Stream(mock.bootstrap, TOPIC)
        stream.produce(reading())
        [first] = dagster.look("new_in_devices").run_requests
        stream.produce(reading(), partition=1)
        [second] = dagster.look("new_in_devices").run_requests
        assert first.run_key != second.run_key
        mock.delete_topic(TOPIC)
        assert "there is no topic" in dagster.look("new_in_devices").skip_message


def test_a_database_is_asked_every_hour() -> None:
    with ticking([Inflow("campaigns", "ad_delivery", "database")]) as dagster:
        schedule = dagster.definitions.resolve_schedule_def("every_campaigns")
        assert (schedule.cron_schedule, schedule.job_name) == ("0 * * * *", "bring_campaigns")


# ---------- what landed


def test_what_landed_is_recorded_by_partition_whoever_landed_it(drops: Ticking, drop: Path) -> None:
    assert drops.look("landed").skip_message == "nothing has landed yet"
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z", "2026-01-09T01:00:00Z")
    put(drop, "2026-01-10", "no time")
    (drop / "publishers.csv").write_text(PUBLISHERS)
    brought(drops)
    [delivery] = Zone(load_source("ad_serving")).deliveries()
    asked = drops.look("landed")
    assert drops.partitions("ad_serving") == [delivery.id]
    assert drops.instance.get_dynamic_partitions("ad_serving_events_files") == ["2026-01-09", "2026-01-10"]
    recorded = {
        (event.asset_key.path[-1], event.partition): {name: value.value for name, value in event.metadata.items()}
        for event in asked.asset_events
    }
    assert recorded["events", "2026-01-09"]["records_landed"] == 2
    assert recorded["events", "2026-01-10"]["records_read"] == 1
    assert recorded["publishers", delivery.id]["delivery"] == delivery.id
    assert list(drops.look("landed").asset_events) == []


def test_a_build_is_asked_for_once_a_state_and_not_while_one_runs(
    drops: Ticking, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    brought(drops)
    [first] = drops.look("landed").run_requests
    [delivery] = drops.partitions("ad_serving")
    assert (first.job_name, first.tags[names.OF_DELIVERIES]) == ("build_dev", delivery)
    [same] = drops.look("landed").run_requests
    assert same.run_key == first.run_key
    put(drop, "2026-01-10", "2026-01-10T00:00:00Z")
    brought(drops)
    active = drops.definitions.resolve_job_def("build_dev")
    run = drops.instance.create_run_for_job(active, status=dg.DagsterRunStatus.STARTED)
    assert drops.look("landed").skip_message == "dev is being built"
    drops.instance.delete_run(run.run_id)
    [second] = drops.look("landed").run_requests
    assert second.run_key != first.run_key
    assert second.tags[names.OF_DELIVERIES] == drops.partitions("ad_serving")[1]
    monkeypatch.setattr(news, "news", lambda target: news.News("same", "same"))
    assert drops.look("landed").skip_message == "everything that landed is built"


def test_targets_are_compared_once_both_have_built_everything(drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ticking([folder_inflow(drop)], ("dev", "prod")) as dagster:
        put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
        brought(dagster)
        state = {"dev": news.News("2", "2"), "prod": news.News("2", "1")}
        monkeypatch.setattr(news, "news", state.get)
        assert [request.job_name for request in dagster.look("landed").run_requests] == ["build_prod"]
        state["prod"] = news.News("2", "2")
        [request] = dagster.look("landed").run_requests
        assert (request.job_name, request.run_key) == ("compare", "compare 2 2")


def test_a_target_that_does_not_answer_is_a_reason_to_wait(
    drops: Ticking, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(target: str) -> news.News:
        raise UserError(f"{target} is open in another process")

    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    brought(drops)
    monkeypatch.setattr(news, "news", away)
    assert drops.look("landed").skip_message == "dev is open in another process"


# ---------- what dbt makes, and what it leaves out

MART = dg.AssetKey(["dev", "marts", "fct_ad_events_daily"])


@pytest.fixture
def run_of_dbt(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """A run in which dbt says what the test says; the warehouse knows every node as made before."""

    def run(*events: Any) -> Any:
        class Saying:
            def __init__(self, **_: Any) -> None:
                """Takes the options of dbt."""

            def cli(self, *_: Any, **__: Any) -> "Saying":
                return self

            def stream(self) -> Iterator[Any]:
                for event in events:
                    if isinstance(event, Exception):
                        raise event
                    yield event

        known = {name: Done("v", "success", "2026-01-01T00:00:00", "7") for name in manifest()["nodes"]}
        monkeypatch.setattr(models, "Dbt", Saying)
        monkeypatch.setattr(models, "records", lambda _: known)
        monkeypatch.setattr(models, "AGAIN", dg.RetryPolicy(max_retries=0))
        return dg.materialize([models.models("dev", manifest(), FEW)], raise_on_error=False)

    return run


def test_what_dbt_leaves_out_is_recorded_as_made_or_passed_before(run_of_dbt: Callable[..., Any]) -> None:
    run = run_of_dbt(dg.Output(None, MART.to_python_identifier()))
    assert run.success, failures(run)
    found = {event.asset_key: event.materialization.metadata for event in run.get_asset_materialization_events()}
    assert len(found) > 5
    assert "status" not in found.pop(MART)
    assert {(told["status"].value, told["dagster/row_count"].value) for told in found.values()} == {("up to date", 7)}
    checks = run.get_asset_check_evaluations()
    assert {(check.passed, check.metadata["tested_at"].value) for check in checks} == {(True, "2026-01-01T00:00:00")}


def test_a_test_that_fails_says_what_blocks(run_of_dbt: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    failed = dg.AssetCheckResult(passed=False, asset_key=MART, check_name="fct_ad_events_daily_checks")
    monkeypatch.setattr(models, "blocked", lambda _: None)
    run = run_of_dbt(failed, DagsterDbtCliRuntimeError("dbt ended with 1"))
    assert failures(run) == [
        "nothing is published, dev keeps the figures of the last good build: fct_ad_events_daily_checks failed"
    ]
    monkeypatch.setattr(models, "blocked", lambda _: "what blocks")
    monkeypatch.setattr(models, "lines", lambda found: [found, "what to do"])
    reported: list[str] = []
    monkeypatch.setattr(models.steps, "has_report", lambda: True)
    monkeypatch.setattr(models.steps, "report", lambda target: reported.append(target) or [])
    assert failures(run_of_dbt(failed, DagsterDbtCliRuntimeError("dbt ended with 1"))) == ["what blocks\nwhat to do"]
    assert reported == ["dev"]


def test_another_failure_of_dbt_is_told_as_it_is(run_of_dbt: Callable[..., Any]) -> None:
    assert failures(run_of_dbt(DagsterDbtCliRuntimeError("the file is locked"))) == ["the file is locked"]


# ---------- checks


def judged(drops: Ticking, source: str = "ad_serving") -> dict[tuple[str, str], tuple[bool, bool, str]]:
    """For each table and check of a source: whether it passed, whether it would block, and what it says."""
    chosen = dg.AssetSelection.checks_for_assets(
        *(names.landing_key(source, table) for table in landing.tables(manifest())[source])
    )
    job = dg.define_asset_job("checked", selection=chosen)
    definitions = dg.Definitions(
        asset_checks=list(landing.checks(manifest())), assets=landing.specs(manifest(), []), jobs=[job]
    )
    run = definitions.resolve_job_def("checked").execute_in_process(instance=drops.instance, raise_on_error=False)
    return {
        (found.asset_key.path[-1], found.check_name): (
            found.passed,
            found.severity == dg.AssetCheckSeverity.ERROR,
            found.description or "",
        )
        for found in run.get_asset_check_evaluations()
    }


def test_deliveries_that_are_as_they_landed_pass(drops: Ticking, drop: Path) -> None:
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    brought(drops)
    found = judged(drops)
    assert len(found) == 2 * len(landing.tables(manifest())["ad_serving"]) + 1
    assert {passed for passed, _, _ in found.values()} == {True}


def test_a_file_that_was_lost_or_spoilt_blocks(drops: Ticking, drop: Path) -> None:
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z", "2026-01-09T01:00:00Z")
    (drop / "publishers.csv").write_text(PUBLISHERS)
    brought(drops)
    [delivery] = Zone(load_source("ad_serving")).deliveries()
    [events] = (delivery.path / "events").glob("*.parquet")
    [publishers] = (delivery.path / "publishers").glob("*.parquet")
    events.unlink()
    publishers.write_bytes(b"PAR1")
    found = judged(drops)
    assert found["events", landing.ROWS] == (False, True, f"{delivery.id}: 0 rows, its manifest says 2")
    passed, blocks, said = found["publishers", landing.ROWS]
    assert (passed, blocks) == (False, True)
    assert said.startswith(f"{delivery.id}: a file does not open")
    assert found["publishers", landing.COLUMNS][0]


def test_a_column_of_another_type_blocks_and_an_undeclared_one_warns(drops: Ticking, drop: Path) -> None:
    (drop / "publishers.csv").write_text(PUBLISHERS.replace("timezone", "planet"))
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    brought(drops)
    [delivery] = Zone(load_source("ad_serving")).deliveries()
    [events] = (delivery.path / "events").glob("*.parquet")
    table = parquet.read_table(events)
    place = table.schema.get_field_index("event_id")
    parquet.write_table(table.set_column(place, "event_id", pa.array([7], pa.int64())), events)
    found = judged(drops)
    assert found["events", landing.COLUMNS] == (False, True, f"{delivery.id}: event_id is int64, declared is string")
    assert found["publishers", landing.COLUMNS] == (False, False, f"{delivery.id}, publishers.csv: planet")


@pytest.mark.parametrize(("hours", "judgement"), [(1, (True, False)), (30, (False, False)), (80, (False, True))])
def test_a_source_is_fresh_by_the_limits_of_dbt(
    drops: Ticking, folders: Path, hours: int, judgement: tuple[bool, bool]
) -> None:
    look = folders / "landing" / "ad_serving" / "looked_at.txt"
    look.parent.mkdir(parents=True)
    look.write_text(iso(datetime.now(UTC) - timedelta(hours=hours)))
    found = judged(drops)
    assert found["_files", landing.FRESH][:2] == judgement


def test_a_source_that_was_never_looked_at_is_stale(drops: Ticking) -> None:
    [run] = drops.scheduled("every_hour")
    assert {(found.passed, found.severity) for found in run.get_asset_check_evaluations()} == {
        (False, dg.AssetCheckSeverity.ERROR)
    }
    assert len(run.get_asset_check_evaluations()) == len(sources())


def test_a_build_does_not_start_where_a_delivery_is_not_what_landed(
    drops: Ticking, drop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "DBT", "no such dbt")
    put(drop, "2026-01-09", "2026-01-09T00:00:00Z")
    brought(drops)
    [delivery] = Zone(load_source("ad_serving")).deliveries()
    shutil.rmtree(delivery.path / "events")
    [run] = drops.tick("landed")
    assert not run.success
    assert {event.step_key for event in run.all_events if event.is_step_failure} == {"landed_ad_serving"}
    started = {event.step_key for event in run.all_events if event.is_step_start}
    assert started == {f"landed_{source}" for source in sources()}

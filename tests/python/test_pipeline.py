"""The pipeline: what it brings, that one fault stops nothing else, and what it leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from duckhouse.cli import UserError
from duckhouse.dbt_plugin.blocks import Finding
from duckhouse.landing import load
from duckhouse.landing.zone import Zone
from duckhouse.locks import held
from duckhouse.pipeline import cycle, steps
from duckhouse.pipeline.config import Inflow, inflows
from duckhouse.pipeline.steps import Brought, bring
from duckhouse.settings import PROJECT, landing_dir
from duckhouse.sources import load_source, sources
from duckhouse.state import state_path
from duckhouse.warehouse import connection, news, parity
from duckhouse.warehouse.blocked import Blocked
from scripts import land, pipeline
from support.bucket import BUCKET, Bucket
from support.dbt import environment
from support.postgres import Extraction, dsn_of
from support.store import new_store
from support.streams import Stream, reading
from support.warehouse import called
from tools.brokers.mock import MockCluster
from tools.campaigns.kills.buckets import endpoint

FOLDER = {"source": "ad_serving", "kind": "folder", "place": "drop"}
EVENT = '{"event_id": "e1", "timestamp": "2026-03-01T00:00:00Z"}\n'


@pytest.fixture(autouse=True)
def config(tmp_path: Path) -> Iterator[Path]:
    """The file of inflows; nothing is in it."""
    file = tmp_path / "pipeline.yml"
    settings = {
        "DUCKHOUSE_PIPELINE": str(file),
        "DUCKHOUSE_LANDING": str(tmp_path / "landing"),
        "DUCKHOUSE_FAILURES": "",
        "DUCKHOUSE_DUCKDB": str(tmp_path / "shop.duckdb"),
        "DUCKHOUSE_ALERT_WEBHOOK": "",
    }
    with environment(settings):
        yield file


def write(file: Path, *entries: Mapping[str, str | bool]) -> None:
    file.write_text(json.dumps({"inflows": entries}, indent=1))


def drop(folder: Path, text: str = EVENT, name: str = "2026-03-01.jsonl") -> Path:
    path = folder / "events" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# ---------- what to bring


def test_without_a_file_nothing_is_brought(config: Path) -> None:
    assert inflows() == []
    config.write_text("# nothing yet\n")
    assert inflows() == []


def test_the_example_names_every_kind_of_inflow(config: Path) -> None:
    config.write_text((PROJECT / "pipeline.example.yml").read_text())
    found = inflows()
    assert {inflow.kind for inflow in found} == {"folder", "bucket", "database", "topic"}
    assert {inflow.source for inflow in found} == set(sources())
    assert found[0] == Inflow("ad_serving_drops", "ad_serving", "folder", str(config.parent / "drops/ad_serving"))


def test_a_name_may_be_left_out_and_a_place_may_be_anywhere(config: Path) -> None:
    database = {"source": "ad_delivery", "kind": "database", "cdc": True}
    write(config, FOLDER, database, FOLDER | {"name": "b", "place": "/srv/drop"})
    places = [str(config.parent / "drop"), "", "/srv/drop"]
    assert [(inflow.place, inflow.cdc) for inflow in inflows()] == list(zip(places, (False, True, False), strict=True))
    assert [inflow.name for inflow in inflows()] == ["ad_serving_folder", "ad_delivery_database", "b"]


KEYS = "name, source, kind, place, cdc"
ONE_KEY = "write one key, inflows, with a list; pipeline.example.yml shows it"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("inflows: [", "not valid YAML: line 1: "),
        ("- source: consent", ONE_KEY),
        ("inflow: []", ONE_KEY),
        ("inflows: {}", ONE_KEY),
        ("inflows:\n\n- consent", f"line 3: an inflow says {KEYS}; pipeline.example.yml shows it"),
        ("inflows:\n- kind: topic", "line 2: source is missing"),
        ("inflows:\n- source: telemetry", "line 2: kind is missing"),
        ("inflows:\n- source: telemetry\n  kind: 1", "line 2: kind is no text: write kind: and a text"),
        ("inflows:\n- {source: consent, kind: folder, place: ''}", "line 2: place is no text"),
        (
            "inflows:\n- {source: consent, kind: folder, dsn: x}",
            f"line 2: 'dsn' is no key of an inflow: it says {KEYS}",
        ),
        ("inflows:\n- {source: nobody, kind: folder}", "line 2: there is no source 'nobody': known are ad_delivery, "),
        (
            "inflows:\n- {source: consent, kind: ftp}",
            "line 2: kind 'ftp': an inflow is a folder, bucket, database or topic",
        ),
        (
            "inflows:\n- {source: ad_delivery, kind: folder, place: x}",
            "line 2: source ad_delivery is of kind postgres, which comes from a database, not from a folder",
        ),
        (
            "inflows:\n- {source: consent, kind: topic}",
            "line 2: source consent is of kind files, which comes from a folder or bucket, not from a topic",
        ),
        ("inflows:\n- {source: consent, kind: bucket}", "line 2: place is missing: where is the bucket?"),
        (
            "inflows:\n- {source: consent, kind: bucket, place: x}",
            "line 2: the place of a bucket is s3://BUCKET/PREFIX",
        ),
        (
            "inflows:\n- {source: consent, kind: bucket, place: 's3://a:secret@b/'}",
            "line 2: an s3:// path names no bucket",
        ),
        (
            "inflows:\n- {source: consent, kind: folder, place: 's3://b/'}",
            "line 2: the place of a folder is a path; of s3://BUCKET/PREFIX the kind is bucket",
        ),
        ("inflows:\n- {source: ad_delivery, kind: database, cdc: 'yes'}", "line 2: cdc is true or false"),
        (
            "inflows:\n- {source: telemetry, kind: topic, cdc: false}",
            "line 2: cdc is about a database: a topic has none, so leave it out",
        ),
        (
            "inflows:\n- {source: ad_delivery, kind: database, place: 'postgresql://u:secret@h/d'}",
            "line 2: a database has no place: leave it out; its address is a setting (.env.example)",
        ),
        (
            "inflows:\n- &a {source: telemetry, kind: topic}\n- *a",
            "2 inflows are named telemetry_topic: give each a name of its own",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(config: Path, text: str, told: str) -> None:
    config.write_text(text)
    done = called(lambda: pipeline.main([]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {config}: {told}")
    assert done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


# ---------- inflows


def test_a_folder_is_read_again_only_when_something_in_it_changed(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hashed = config.parent / "drop", []
    inflow = Inflow("drops", "ad_serving", "folder", str(folder))
    digests = load.digests
    monkeypatch.setattr(load, "digests", lambda paths: hashed.append(len(paths)) or digests(paths))
    with pytest.raises(UserError, match="drop: no such folder: mount or make it, or correct the place of inflow drops"):
        bring(inflow)
    folder.mkdir()
    (folder / "events" / "old").mkdir(parents=True)
    (folder / "events" / ".2026-03-01.jsonl.part").touch()  # which somebody uploads
    assert bring(inflow) == Brought(inflow, [], 0, [f"{folder} is empty"])
    assert not (landing_dir() / "ad_serving").exists()
    path = drop(folder)
    first = bring(inflow)
    assert (len(first.deliveries), first.records, first.faults, hashed) == (1, 1, [], [1])
    look = landing_dir() / "ad_serving" / "looked_at.txt"
    looked_at = look.read_text()
    assert (bring(inflow).deliveries, hashed, look.read_text() > looked_at) == ([], [1], True)
    path.write_text(EVENT * 2)
    second = bring(inflow)
    assert (len(second.deliveries), second.records, hashed) == (1, 2, [1, 1])
    for delivery in second.deliveries:  # which somebody takes out of landing
        (landing_dir() / "ad_serving" / f"delivery={delivery}").rename(config.parent / "out")
    assert bring(inflow).records == 2
    odd = folder / "notes.docx"
    odd.write_text("?")
    for _ in range(2):
        assert bring(inflow).faults == ["not landed: notes.docx: no file pattern of ad_serving matches it"]
    odd.unlink()
    assert bring(inflow).lines == ["nothing new"]


def retract(delivery: str) -> None:
    assert land.main(["ad_serving", "--retract", delivery, "--reason", "wrong"]) == 0


def deliveries() -> list[str]:
    """Those that landed files, the newest last."""
    return [each.id for each in Zone(load_source("ad_serving")).deliveries() if not each.retracts]


def test_a_file_of_a_retracted_delivery_waits_for_other_bytes_or_for_somebody(config: Path) -> None:
    folder = config.parent / "drop"
    inflow = Inflow("drops", "ad_serving", "folder", str(folder))
    path = drop(folder)
    drop(folder, EVENT * 2, "2026-03-02.jsonl")
    [first] = bring(inflow).deliveries
    retract(first)
    told = [f"skipped events/2026-03-0{day}.jsonl: already landed in {first}, which is retracted" for day in (1, 2)]
    assert bring(inflow).lines[:2] == told
    path.rename(path.with_name("2026-03-01-again.jsonl"))
    assert (bring(inflow).deliveries, deliveries()) == ([], [first])
    drop(folder, EVENT * 3, "2026-03-02.jsonl")
    [corrected] = bring(inflow).deliveries
    assert bring(inflow).deliveries == []
    assert land.main(["ad_serving", str(folder)]) == 0
    assert bring(inflow).deliveries == []
    assert deliveries()[:2] == [first, corrected]
    [by_hand] = deliveries()[2:]
    retract(by_hand)
    assert bring(inflow).deliveries == []
    drop(folder, EVENT * 2, "2026-03-02.jsonl")  # other bytes than those before
    assert len(bring(inflow).deliveries) == 1


def test_a_redelivery_counts_or_not_whichever_of_the_two_is_retracted(config: Path) -> None:
    folder = config.parent / "drop"
    inflow = Inflow("drops", "ad_serving", "folder", str(folder))
    drop(folder)
    drop(folder / "redelivery", EVENT * 2)
    first, second = bring(inflow).deliveries
    for wrong in (first, second):
        retract(wrong)
        assert bring(inflow).deliveries == []
    assert deliveries() == [first, second]


def test_a_bucket(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint() as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
        }.items():  # fmt: skip
            monkeypatch.setenv(name, value)
        bucket = Bucket(url)
        bucket.put("drops/events/2026-03-01.jsonl", EVENT)
        inflow = Inflow("bucket", "ad_serving", "bucket", f"s3://{BUCKET}/drops/")
        first, again = bring(inflow), bring(inflow)
        retract(*first.deliveries)
        assert bring(inflow).deliveries == []
        bucket.put("drops/events/2026-03-01.jsonl", EVENT, at="2026-03-26T06:00:00")
        assert bring(inflow).deliveries == []
        bucket.put("drops/events/2026-03-01.jsonl", EVENT * 2, at="2026-03-27T06:00:00")
        corrected = bring(inflow)
    assert (len(first.deliveries), first.records, first.faults) == (1, 1, [])
    assert (again.deliveries, again.records, again.faults) == ([], 0, [])
    assert (len(corrected.deliveries), corrected.records, corrected.faults) == (1, 2, [])


def test_a_database(shop: Extraction, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (10, 11, 12))
    monkeypatch.setattr("duckhouse.extraction.run._at", lambda *_: next(moments))
    inflow = Inflow("campaigns", "ad_delivery", "database")
    with environment(dsn_of(shop.database)):
        first = bring(inflow)
        shop.sql("update campaign set name = 'other' where id = 1")
        second, third = bring(inflow), bring(replace(inflow, cdc=True))
    assert (first.records, second.records) == (2 + 3 + 20 + 5, 1)  # the rows of four tables; one of them
    assert (third.deliveries, third.records, third.faults) == ([], 0, [])
    assert third.lines[0].startswith(f"nothing has changed since delivery {second.deliveries[0]}: by cdc")
    assert first.deliveries < second.deliveries
    assert first.lines[0].startswith(f"delivery {first.deliveries[0]}, by compare")


def test_a_database_that_is_away_is_a_fault_of_its_inflow() -> None:
    with (
        environment({"POSTGRES_DSN": "postgresql://u:secret@127.0.0.1:1/d"}),
        pytest.raises(UserError, match=r"127\.0\.0\.1:1/d: .*check POSTGRES_DSN") as told,
    ):
        bring(Inflow("campaigns", "ad_delivery", "database"))
    assert "secret" not in str(told.value)


def test_a_topic(mock: MockCluster, postgres: Any, config: Path) -> None:
    mock.make_topic("device-readings", 1)
    Stream(mock.bootstrap, "device-readings").produce(reading(), reading(temperature=1.5), b"{")
    with new_store("partitions", postgres):
        settings = {
            "KAFKA_BOOTSTRAP": mock.bootstrap,
            "DUCKHOUSE_LAKE": str(config.parent / "lake"), "DUCKHOUSE_LAKE_CATALOG": "",
        }  # fmt: skip
        with environment(settings):
            inflow = Inflow("devices", "telemetry", "topic")
            first, again = bring(inflow), bring(inflow)
    assert (len(first.deliveries), first.records, first.faults) == (1, 3, [])
    assert "consumed 3 of topic device-readings" in first.lines[0]
    assert (again.deliveries, again.records, again.faults) == ([], 0, [])


# ---------- a run


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Builds do nothing but note their target here; nothing follows them."""
    targets: list[str] = []
    monkeypatch.setattr(steps, "build", targets.append)
    monkeypatch.setattr(cycle, "FOLLOWING", ())
    return targets


def last() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(state_path("last_dev.json").read_text())
    return found


def test_one_inflow_that_fails_does_not_stop_the_others(config: Path, built: list[str]) -> None:
    drop(config.parent / "drop")
    write(config, FOLDER | {"name": "gone", "place": "gone"}, FOLDER)
    done = called(lambda: pipeline.main([]))
    gone = f"{config.parent}/gone: no such folder: mount or make it, or correct the place of inflow gone"
    assert (done.returncode, done.stderr) == (1, f"error: bring gone: {gone}\n")
    assert built == ["dev"]
    found = last()
    assert (found["outcome"], found["target"], found["faults"]) == ("failed", "dev", [])
    assert [(step["name"], len(step["deliveries"]), step["records"], step["faults"]) for step in found["steps"]] == [
        ("bring gone", 0, None, [gone]), ("bring ad_serving_folder", 1, 1, []), ("build", 0, None, []),
    ]  # fmt: skip
    delivery = found["steps"][1]["deliveries"][0]
    assert done.stdout.startswith(f"ad_serving_folder: delivery {delivery}: 1 files")
    log = state_path("pipeline.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in log if "ERROR" in line] == [f"ERROR dev: bring gone: {gone}"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}Z INFO dev: failed after \d+\.\d s", log[-1])
    assert {path.name: path.stat().st_mode & 0o777 for path in state_path("").iterdir()} == dict.fromkeys(
        ("last_dev.json", "pipeline.log", "pipeline.lock", "folders.json"), 0o600
    )


def test_a_document_is_all_of_standard_output(
    config: Path, built: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    drop(config.parent / "drop")
    write(config, FOLDER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "build", lambda _: subprocess.run(["echo", "what dbt prints"]))
        assert pipeline.main(["--json"]) == 0
    printed, others = capfd.readouterr()
    assert json.loads(printed) == last()
    assert last()["outcome"] == "done"
    assert "what dbt prints" in others


def test_nothing_new_is_not_built(config: Path, built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "is_new", lambda _: False)
    done = called(lambda: pipeline.main(["--if-new"]))
    assert (done.returncode, done.stdout, done.stderr, built) == (0, "dev is up to date\n", "", [])
    assert last()["outcome"] == "up to date"
    write(config, FOLDER | {"place": "gone"})
    assert called(lambda: pipeline.main(["--if-new"])).returncode == 1
    assert (built, last()["outcome"]) == ([], "failed")
    assert (called(lambda: pipeline.main(["--once"])).returncode, built) == (1, ["dev"])


def test_after_a_build_that_fails_only_alerts_follow(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> None:
        raise UserError("dbt build ended with 1; password=hunter2")

    followed: list[str] = []
    monkeypatch.setattr(steps, "AFTER", (lambda _: iter(["what follows"]),))
    monkeypatch.setattr(cycle, "alerts", lambda _: followed.append("alerts"))
    monkeypatch.setattr(cycle, "FOLLOWING", (cycle.after, cycle.alerts))
    done = called(lambda: pipeline.main([]))
    assert (done.returncode, done.stdout, followed) == (0, "what follows\n", ["alerts"])
    monkeypatch.setattr(steps, "build", fail)
    done = called(lambda: pipeline.main([]))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: build: dbt build ended with 1; password=***\n"
    assert followed == ["alerts", "alerts"]
    assert last()["steps"] == [
        last()["steps"][0] | {"name": "build", "faults": ["dbt build ended with 1; password=***"]}
    ]
    assert "hunter2" not in state_path("last_dev.json").read_text() + state_path("pipeline.log").read_text()


@pytest.mark.parametrize("is_there", [True, False], ids=["a report is there", "none yet"])
def test_after_a_blocked_build_the_report_says_so(
    tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    def fail(_: str) -> None:
        raise UserError("dbt build ended with 1")

    followed: list[str] = []
    block = Blocked(datetime(2026, 3, 27, 6), [Finding("shop__rule", "File cut off", "a.csv", "2 of 9", "Ask.", 2)])
    monkeypatch.setattr(steps, "build", fail)
    monkeypatch.setattr(steps, "report", lambda target: iter([f"report of {target}"]))
    monkeypatch.setattr("duckhouse.warehouse.blocked.blocked", lambda _: block)
    monkeypatch.setattr(cycle, "AFTER_A_BLOCK", (cycle.say_what_blocks, lambda _: followed.append("alerts")))
    if is_there:
        (tmp_path / "index.html").touch()
    with environment({"DUCKHOUSE_REPORT": str(tmp_path / "index.html")}):
        done = called(lambda: pipeline.main([]))
    assert (done.returncode, done.stdout, followed) == (1, "report of dev\n" * is_there, ["alerts"])


def test_two_pipelines_do_not_run_at_once(built: list[str]) -> None:
    with held(state_path("pipeline.lock")):
        done = called(lambda: pipeline.main([]))
    assert (done.returncode, done.stderr) == (3, "error: another pipeline is running: this one does nothing\n")
    assert (built, state_path("last_dev.json").exists()) == ([], False)
    assert called(lambda: pipeline.main([])).returncode == 0


def test_a_log_that_is_full_is_moved_aside(built: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cycle, "MOST_BYTES", 100)
    monkeypatch.setattr(cycle, "LOGS_KEPT", 2)
    for _ in range(5):
        assert called(lambda: pipeline.main([])).returncode == 0
    kept = sorted(path.name for path in state_path("").glob("pipeline.log*"))
    assert kept == ["pipeline.log", "pipeline.log.1", "pipeline.log.2"]


WAITING = """
import select
import sys
from duckhouse import cli
from duckhouse.pipeline import cycle, steps
from duckhouse.warehouse import connection, news, parity
from scripts import pipeline

def build(target):
    print("building", flush=True)
    while not select.select([sys.stdin], [], [], 0.1)[0]:  # a signal just before a read would not end the read
        pass

steps.build, cycle.FOLLOWING = build, ()
sys.argv = ["pipeline"]
cli.run(pipeline.main)
"""


@pytest.mark.parametrize(("number", "code", "outcome"), [(signal.SIGKILL, -9, None), (signal.SIGTERM, 143, "stopped")])
def test_a_pipeline_that_is_stopped_is_in_nobodys_way(
    built: list[str], number: signal.Signals, code: int, outcome: str | None
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(PROJECT), str(PROJECT / "plugins")))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "building\n"
        assert called(lambda: pipeline.main([])).returncode == 3
        running.send_signal(number)
        assert running.wait(120) == code
    assert (last()["outcome"] if state_path("last_dev.json").exists() else None) == outcome
    assert called(lambda: pipeline.main([])).returncode == 0
    assert last()["outcome"] == "done"


def test_parity_compares_what_is_built_from_the_same_deliveries(monkeypatch: pytest.MonkeyPatch) -> None:
    new, results = {"dev"}, [{"model": "daily", "equal": True, "rows": 3}]
    monkeypatch.setattr(news, "is_new", lambda target: target in new)
    monkeypatch.setattr(parity, "published_models", list)
    monkeypatch.setattr(parity, "compare_all", lambda _: results)
    monkeypatch.setattr(connection, "answers", lambda _: True)
    assert list(steps.parity("dev")) == []  # there is no file of dev
    Path(os.environ["DUCKHOUSE_DUCKDB"]).touch()
    assert list(steps.parity("dev")) == ["parity is left out: dev and prod are not built from the same deliveries"]
    new.clear()
    assert list(steps.parity("dev")) == ["parity: 1 table equal on dev and prod"]
    results.append({"model": "weekly", "equal": False, "problem": "reporting.weekly is not on dev"})
    with pytest.raises(UserError, match=r"dev and prod differ: DIFFERS  weekly: reporting\.weekly is not on dev"):
        list(steps.parity("dev"))
    monkeypatch.setattr(connection, "answers", lambda _: False)
    assert list(steps.parity("dev")) == []

"""python -m scripts.land telemetry on a lake of Iceberg: deliveries, repairs, maintenance, faults in one line."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from duckhouse.settings import environment
from duckhouse.streaming.lake.maintenance import maintain
from scripts import land
from support.lake import ONE, TOPIC, ZERO, lake, rows
from support.landing import read
from support.warehouse import called

FIRST, SECOND = f"device-readings/{TOPIC}/0", f"device-readings/{TOPIC}/1"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DUCKHOUSE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DUCKHOUSE_LAKE_CATALOG", "")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return called(lambda: land.main(["telemetry", *arguments]))


def delivered() -> dict[str, Any]:
    done = command("--json")
    assert (done.returncode, done.stderr) == (0, "")
    [delivery] = json.loads(done.stdout)["deliveries"]
    return delivery


def places(folder: Path, table: str) -> list[tuple[str, int]]:
    found = read(folder / "landing" / "telemetry" / "delivery=*" / table / "*.parquet")
    return sorted((row["_source_file"], row["_source_row"]) for row in found)


def test_what_is_new_in_the_lake_lands_once(tmp_path: Path) -> None:
    with lake(tmp_path / "lake") as store:
        store.write(rows(range(10), invalid=[3, 4]), {}, {ZERO: 10})
        store.write(rows(range(5), ONE), {}, {ONE: 5})
        first = delivered()
        assert {file["name"]: (file["offsets"], file["records_read"]) for file in first["files"]} == {
            FIRST: ([0, 10], 10), SECOND: ([0, 5], 5),
        }  # fmt: skip
        read_then = first["lake"]["readings"]
        assert read_then["snapshot"] == str(store.table.refresh().current_snapshot().snapshot_id)
        assert (read_then["start"], read_then["end"]) == ({}, {TOPIC: {"0": 10, "1": 5}})
        assert (read_then["rows"], read_then["valid"]) == (15, 13)
        assert delivered()["delivery_id"] is None
        store.write(rows(range(10, 12)), {ZERO: 10}, {ZERO: 12})
        assert store.repair(rows([3])) == 1
        store.add(rows([7], ONE))
        assert store.table.refresh() is not None
        second = delivered()
        assert second["lake"]["readings"]["start"] == read_then["end"]
        assert delivered()["delivery_id"] is None
    landed = [(FIRST, at) for at in range(12) if at != 4] + [(SECOND, at) for at in range(5)]
    assert places(tmp_path, "readings") == landed
    assert places(tmp_path, "_rejected") == [(FIRST, 3), (FIRST, 4)]


def test_a_message_below_the_offsets_that_a_replay_found_lands(tmp_path: Path) -> None:
    with lake(tmp_path / "lake") as store:
        store.write(rows([0, 1, 4, 5]), {}, {ZERO: 6})
        delivered()
        store.add(rows([2, 3], invalid=[3]))
        delivered()
        assert delivered()["delivery_id"] is None
    assert places(tmp_path, "readings") == [(FIRST, at) for at in (0, 1, 2, 4, 5)]
    assert places(tmp_path, "_rejected") == [(FIRST, 3)]


def test_maintenance_of_the_lake_is_no_news(tmp_path: Path) -> None:
    with lake(tmp_path / "lake") as store:
        for start in range(0, 40, 10):
            before = {ZERO: start} if start else {}
            store.write(rows(range(start, start + 10), invalid=[start]), before, {ZERO: start + 10})
        delivered()
        maintain(store.table)
        assert delivered()["delivery_id"] is None
        store.write(rows(range(40, 42)), {ZERO: 40}, {ZERO: 42})
        [file] = delivered()["files"]
        assert (file["offsets"], file["records_read"]) == ([40, 42], 2)


def test_a_lake_without_messages_is_looked_at(tmp_path: Path) -> None:
    done = command()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing new to land")
    assert (tmp_path / "landing" / "telemetry" / "looked_at.txt").exists()


def test_a_stream_has_no_files(tmp_path: Path) -> None:
    done = command("drop", "s3://bucket/x")
    assert (done.returncode, done.stderr) == (
        1, "error: source telemetry is a stream: it lands from its lake, so leave out drop, s3://bucket/x\n",
    )  # fmt: skip
    [noted] = (tmp_path / "landing" / "failures.jsonl").read_text().splitlines()
    assert json.loads(noted)["source"] == "telemetry"


def test_a_lake_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "lake").write_text("no folder")
    done = command()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    with environment(
        {"DUCKHOUSE_LAKE": str(tmp_path / "other"), "DUCKHOUSE_LAKE_CATALOG": "postgresql://a:b@127.0.0.1:1/c"}
    ):
        done = command()
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "a:b" not in done.stderr
    assert not list((tmp_path / "landing").glob("telemetry/delivery=2*"))

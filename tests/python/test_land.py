"""`python -m scripts.land`: drops become deliveries, once, whole, and the same on every run."""

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from hashlib import sha256
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse import landed_rows
from duckhouse import sources as declarations
from duckhouse.cli import UserError
from duckhouse.landed_schemas import FILES_SCHEMA, REJECTED_SCHEMA
from duckhouse.landing import files, workers
from duckhouse.landing.manifest import Delivery
from duckhouse.landing.zone import Zone as LandingZone
from duckhouse.landing.zone import prepare_missing
from duckhouse.settings import PROJECT
from duckhouse.sources import load_source, sources
from scripts import land
from support.landing import COLUMNS, ENTITIES, Zone, killed_loads, read

REAL_DROP = PROJECT.parent / "shared" / "data" / "ad_serving"


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    return Zone(tmp_path, monkeypatch)


def deliveries(source: str) -> list[Delivery]:
    return LandingZone(load_source(source)).deliveries()


def fill(zone: Zone) -> None:
    zone.file("events/1.jsonl", '{"id": 1}\n{bad\n\n')
    zone.file("events/2.jsonl", '{"id": 2}\n')
    zone.file("people.csv", "id,at\n1,x\n")
    zone.file("truth.json", "{}")
    zone.file(".hidden", "x")
    zone.file("events/.DS_Store", "x")


# ---------------------------------------------------------------- the zone


def test_a_delivery_is_a_folder_with_manifest_entities_rejects_and_files(zone: Zone) -> None:
    fill(zone)
    assert zone.land().code == 0
    [(name, manifest)] = zone.manifests().items()
    contents = sorted(
        (entity, path, sha256((zone.drop / path).read_bytes()).hexdigest())
        for entity, path in [("events", "events/1.jsonl"), ("events", "events/2.jsonl"), ("people", "people.csv")]
    )
    digest = sha256(json.dumps([list(content) for content in contents]).encode()).hexdigest()
    assert name == f"delivery=20260325T060000000000Z-{digest[:8]}"
    assert manifest["delivered_at"] == "2026-03-25T06:00:00.000000Z"
    assert [(file["entity"], file["name"], file["sha256"]) for file in manifest["files"]] == contents
    folder = zone.source / name
    for file in manifest["files"]:
        assert pq.read_metadata(folder / file["landed_as"]).num_rows == file["records_landed"]
        assert file["size_bytes"] == (zone.drop / file["name"]).stat().st_size
    assert sorted(p.name for p in folder.iterdir()) == ["_files", "_rejected", "events", "manifest.json", "people"]
    assert zone.leftovers() == []


def test_landed_columns_have_the_order_and_types_of_the_contract(zone: Zone) -> None:
    fill(zone)
    zone.file("people/p.csv", "id\n7\n")
    pq.write_table(pa.table({"id": [5]}), zone.file("events/3.parquet", b""))
    assert zone.land().code == 0
    text = pa.string()
    expected = {column["name"]: text for column in COLUMNS} | {
        "_delivery_id": text,
        "_delivered_at": pa.timestamp("us"),
        "_source_file": text,
        "_source_row": pa.int64(),
        "_unmapped": text,
    }
    landed = [path for name in ("events", "people") for path in zone.source.glob(f"delivery=*/{name}/*.parquet")]
    assert len(landed) == 5 + 2
    for path in landed:
        schema = pq.read_schema(path)
        assert list(zip(schema.names, schema.types, strict=True)) == list(expected.items()), path
        assert pq.ParquetFile(path).metadata.num_row_groups == 0 or "ZSTD" in str(
            pq.ParquetFile(path).metadata.row_group(0).column(0)
        )
    for table, schema in {"_files": FILES_SCHEMA, "_rejected": REJECTED_SCHEMA}.items():
        for path in zone.source.glob(f"delivery=*/{table}/*.parquet"):
            assert pq.read_schema(path).equals(schema), path


def test_files_and_rejects_are_tables_too(zone: Zone) -> None:
    fill(zone)
    zone.land()
    [first, *_] = zone.rows("_files")
    assert first["_source_file"] == "events/1.jsonl"
    assert [first[f"records_{what}"] for what in ("read", "landed", "rejected", "blank")] == [3, 1, 1, 1]
    [reject] = zone.rows("_rejected")
    assert (reject["entity"], reject["_source_file"], reject["_source_row"]) == ("events", "events/1.jsonl", 2)
    assert reject["_delivery_id"] == reject["delivery"] == zone.rows()[0]["_delivery_id"]
    assert str(reject["_delivered_at"]) == "2026-03-25 06:00:00"


def test_landing_one_source_leaves_the_others_readable_for_dbt(zone: Zone) -> None:
    other = zone.staging / "depot" / "_depot__sources.yml"
    other.parent.mkdir()
    other.write_text((zone.staging / "shop" / "_shop__sources.yml").read_text().replace("shop", "depot"))
    zone.file("people.csv", "id\n1\n")
    assert zone.land("--dry-run").code == 0
    assert not (zone.root / "depot").exists()
    assert zone.land().code == 0
    assert read(zone.root / "depot" / "delivery=*" / "people" / "*.parquet") == []


def test_every_entity_exists_before_any_data_and_follows_the_contract(zone: Zone) -> None:
    assert land.main(["--prepare", "shop"]) == 0
    assert zone.rows("events") == zone.rows("people") == zone.rows("_files") == zone.rows("_rejected") == []
    assert deliveries("shop") == []
    assert not list(zone.source.glob("*/manifest.json"))
    path = zone.source / "delivery=00000000-empty" / "events" / "empty.parquet"
    before = path.stat().st_ino
    assert land.main(["--prepare"]) == 0
    assert path.stat().st_ino == before
    zone.contract(ENTITIES | {"orders": {"files": ["orders.csv"]}}, [*COLUMNS, {"name": "late"}])
    assert land.main(["--prepare"]) == 0
    assert "late" in pq.read_schema(path).names
    assert zone.rows("orders") == []
    path.write_bytes(b"torn")
    zone.file("people.csv", "id\n1\n")
    assert zone.land().code == 0
    assert zone.rows("events") == []
    assert zone.leftovers() == []


def test_readers_get_deliveries_in_the_order_of_time(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land(at="2026-03-26")
    zone.land(at="2026-03-25T12:00:00+02:00")
    found = deliveries("shop")
    assert [delivery.delivered_at.isoformat() for delivery in found] == [
        "2026-03-25T10:00:00+00:00",
        "2026-03-26T00:00:00+00:00",
    ]
    assert [delivery.id for delivery in found] == sorted(delivery.id for delivery in found)
    assert found[0].files[0].records_landed == 1
    assert (found[0].path / found[0].files[0].landed_as).exists()


def test_a_delivery_folder_without_manifest_is_an_error_with_a_fix(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    (zone.source / "delivery=20260101T000000000000Z-00000000" / "events").mkdir(parents=True)
    run = zone.land()
    assert run.code == 1
    assert "not a readable manifest" in run.err


# ---------------------------------------------------------------- once


def test_the_same_bytes_land_once_and_a_second_run_says_so(zone: Zone) -> None:
    fill(zone)
    assert zone.land(at=None).code == 0
    before = zone.manifests()
    run = zone.land(at=None)
    assert run.code == 0
    assert "nothing new to land" in run.out
    assert "skipped events/1.jsonl: already landed in" in run.out
    assert zone.manifests() == before


def test_the_same_name_with_other_bytes_is_a_new_delivery(zone: Zone) -> None:
    fill(zone)
    zone.land(at=None)
    zone.file("events/1.jsonl", '{"id": 9}\n')
    zone.land(at=None)
    assert [[file["name"] for file in m["files"]] for m in zone.manifests().values()][1] == ["events/1.jsonl"]
    assert zone.values("id") == ["1", "2", "9"]


def test_known_bytes_land_again_at_a_time_of_their_own_but_once_at_each(zone: Zone) -> None:
    states = ["id\nA\n", "id\nB\n", "id\nA\n"]
    for day, state in enumerate(states, 1):
        zone.file("people.csv", state)
        assert zone.land(at=f"2026-03-0{day}").code == 0
        run = zone.land(at=f"2026-03-0{day}T02:00:00+02:00")
        assert "nothing new to land" in run.out
    assert zone.values("id", "people") == ["A", "B", "A"]
    assert "nothing new" in zone.land(at=None).out
    assert len(zone.manifests()) == 3


def test_a_file_that_returns_to_earlier_bytes_counts_again(zone: Zone) -> None:
    fill(zone)
    zone.file("people.csv", "id\nA\n")
    for state in ("A", "B", "A"):
        zone.file("people.csv", f"id\n{state}\n")
        run = zone.land(at=None)
        assert run.code == 0
        assert "nothing new to land" in zone.land(at=None).out
    assert zone.values("id", "people") == ["A", "B", "A"]
    first, second, third = deliveries("shop")
    told = f"people.csv has the bytes of {first.id} again, which {second.id} had replaced: they count from now on"
    assert told in run.out
    assert [file.name for file in third.files] == ["people.csv"]


def test_of_states_under_names_of_their_own_the_last_name_counts(zone: Zone) -> None:
    for day, state in enumerate("ABA", 1):
        zone.file(f"people/{day}.csv", f"id\n{state}\n")
    run = zone.land(at=None)
    assert "skipped people/1.csv: the same bytes as people/3.csv" in run.out
    assert "dated" not in run.out
    assert zone.values("id", "people") == ["B", "A"]
    zone.file("people/4.csv", "id\nB\n")
    assert zone.land(at=None).code == 0
    assert zone.values("id", "people") == ["B", "A", "B"]
    zone.file("people/5.csv", "id\nB\n").rename(zone.drop / "people" / "4.csv")
    assert "nothing new to land" in zone.land(at=None).out


def test_a_drop_with_its_redelivery_lands_once_from_wherever_a_run_was_killed(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("redelivery/people.csv", "id\n2\n")
    assert zone.land("--no-redelivery", at=None).code == 0
    for _ in range(2):
        assert zone.land(at=None).code == 0
        assert zone.values("id", "people") == ["1", "2"]
    assert "nothing new" in zone.land(zone.drop / "redelivery", at=None).out
    assert zone.land("--no-redelivery", at=None).code == 0
    assert zone.values("id", "people") == ["1", "2", "1"]


def test_other_bytes_of_a_name_at_one_time_are_refused(zone: Zone) -> None:
    fill(zone)
    zone.land()
    zone.file("people.csv", "id\n2\n")
    zone.file("events/3.jsonl", '{"id": 3}\n')
    run = zone.land()
    assert run.code == 1
    [delivery] = [each for each in deliveries("shop") if any(file.entity == "people" for file in each.files)]
    assert f"people.csv: {delivery.id} has other bytes of it, of the same time" in run.err
    assert zone.values("id", "people") == ["1"]
    assert zone.values("id")[-1] == "3"


def test_a_clock_that_was_set_back_does_not_change_the_order(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land(at="2999-01-01")
    zone.file("people.csv", "id\n2\n")
    run = zone.land(at=None)
    assert run.code == 0
    assert "dated right after the newest delivery, of 2999-01-01T00:00:00.000000Z" in run.out
    assert zone.values("id", "people") == ["1", "2"]
    assert str(deliveries("shop")[1].delivered_at) == "2999-01-01 00:00:00.000001+00:00"


def test_the_same_bytes_of_another_entity_do_land(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("events/1.csv", "id\n1\n")
    assert zone.land().code == 0
    assert zone.values("id") == zone.values("id", "people") == ["1"]


def test_of_two_files_with_the_same_bytes_one_lands_and_the_other_is_named(zone: Zone) -> None:
    zone.file("events/1.jsonl", '{"id": 1}\n')
    zone.file("events/2.jsonl", '{"id": 1}\n')
    run = zone.land()
    assert run.code == 0
    assert "skipped events/1.jsonl: the same bytes as events/2.jsonl" in run.out
    assert zone.values("id") == ["1"]
    zone.file("events/3.jsonl", '{"id": 3}\n')
    assert zone.land(at=None).code == 0
    assert zone.values("id") == ["1", "3"]
    assert "nothing new to land" in zone.land(at=None).out


def test_of_files_with_the_same_bytes_each_name_is_asked_for_its_last_ones(zone: Zone) -> None:
    """A file that returns to earlier bytes counts again beside a copy that kept them."""
    zone.file("people.csv", "id,at\n1,Alpha\n")
    zone.file("people/copy.csv", "id,at\n1,Alpha\n")
    zone.land(at=None)
    alone = zone.drop.parent / "alone" / "people.csv"
    alone.parent.mkdir()
    alone.write_text("id,at\n1,Beta\n")
    zone.land(alone, at=None)
    assert zone.land(at=None).code == 0
    assert zone.values("at", "people") == ["Alpha", "Beta", "Alpha"]
    assert "nothing new to land" in zone.land(at=None).out
    zone.file("people.csv", "id,at\n1,Gamma\n")
    zone.file("people/copy.csv", "id,at\n1,Gamma\n")
    assert "skipped people.csv: the same bytes as people/copy.csv" in zone.land(at=None).out
    assert "nothing new to land" in zone.land(at=None).out
    assert zone.values("at", "people") == ["Alpha", "Beta", "Alpha", "Gamma"]


def test_a_copy_that_never_landed_lands_no_later_than_its_drop(zone: Zone) -> None:
    zone.file("events/1.jsonl", '{"id": 1}\n')
    zone.file("events/2.jsonl", '{"id": 1}\n')
    zone.file("events/3.jsonl", '{"id": 3}\n')
    assert zone.land(at=None).code == 0
    assert "nothing new to land" in zone.land(at=None).out
    zone.file("redelivery/events/2.jsonl", '{"id": 2}\n')
    for _ in range(2):
        assert zone.land(at=None).code == 0
        assert zone.values("id") == ["1", "3", "2"]


def test_two_runs_of_one_drop_give_the_same_manifest_bytes_and_rows(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(zone)
    zone.file("events/3.jsonl", "".join(f'{{"id": {i}, "new": "{i % 7}"}}\n' for i in range(30_000)))
    zone.land()
    first = {p.relative_to(zone.source): p.read_bytes() for p in zone.source.glob("*/manifest.json")}
    rows = zone.rows(), zone.rows("people"), zone.rows("_rejected"), zone.rows("_files")
    other = zone.root.with_name("other")
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(other))
    zone.root, zone.source = other, other / "shop"
    zone.land()
    assert {p.relative_to(zone.source): p.read_bytes() for p in zone.source.glob("*/manifest.json")} == first
    assert (zone.rows(), zone.rows("people"), zone.rows("_rejected"), zone.rows("_files")) == rows


# ---------------------------------------------------------------- redelivery and time


def test_a_redelivery_is_a_second_delivery_one_day_later_under_the_same_names(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("redelivery/people.csv", "id\n2\n")
    zone.file("redelivery/truth.json", "{}")
    assert zone.land().code == 0
    assert [(row["id"], row["_source_file"], str(row["_delivered_at"])) for row in zone.rows("people")] == [
        ("1", "people.csv", "2026-03-25 06:00:00"),
        ("2", "people.csv", "2026-03-26 06:00:00"),
    ]


def test_without_a_time_the_redelivery_is_still_later(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("redelivery/people.csv", "id\n2\n")
    assert zone.land(at=None).code == 0
    assert zone.values("id", "people") == ["1", "2"]
    first, second = deliveries("shop")
    assert first.delivered_at < second.delivered_at


def test_a_redelivery_can_be_left_out_and_land_by_itself(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("redelivery/people.csv", "id\n2\n")
    assert zone.land("--no-redelivery").code == 0
    assert zone.values("id", "people") == ["1"]
    assert zone.land(zone.drop / "redelivery", at="2026-03-26T06:00:00Z").code == 0
    assert [(row["id"], row["_source_file"]) for row in zone.rows("people")] == [
        ("1", "people.csv"),
        ("2", "people.csv"),
    ]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "1", ""])
def test_a_time_that_cannot_be_read_is_an_error(zone: Zone, text: str) -> None:
    zone.file("people.csv", "id\n1\n")
    with pytest.raises(UserError, match="not ISO 8601"):
        land.main(["shop", str(zone.drop), "--delivered-at", text])


def test_a_time_in_the_future_is_taken(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    assert zone.land(at="2999-01-01").code == 0


# ---------------------------------------------------------------- what is in a drop


def test_what_is_not_recognised_is_named_and_the_rest_lands(zone: Zone) -> None:
    fill(zone)
    zone.file("events/deep/1.jsonl", '{"id": 3}\n')
    zone.file("notes.txt", "x")
    zone.file("new\nline.csv", "x")
    run = zone.land()
    assert run.code == 1
    named = [line.split(": ")[1] for line in run.err.splitlines()]
    assert named == ["'new\\nline.csv'", "notes.txt", "events/deep/1.jsonl"]
    assert zone.values("id") == ["1", "2"]


def test_a_file_that_no_pattern_takes_is_named_with_what_may_be_meant(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    for name in ("1.jsonl", "events/2.json", "people.xlsx", "notes.md"):
        zone.file(name, "x")
    zone.file("people/sheet.csv", b"PK\x03\x04")
    run = zone.land()
    told = dict(line.removeprefix("not landed: ").split(": ", 1) for line in run.err.splitlines())
    unknown, zipped = "no file pattern of shop matches it", "byte 0: the bytes are zip, the name says otherwise"

    assert run.code == 1
    assert told == {
        "1.jsonl": f"{unknown}: in the folder events/ it would be taken",
        "events/2.json": f"{unknown}: .jsonl is what files are named that have one JSON object a line",
        "people.xlsx": f"{unknown}: save each sheet of the workbook as CSV",
        "notes.md": unknown,
        "people/sheet.csv": f"{zipped}: give the file the ending of its format; save a workbook as CSV",
    }


def test_a_link_that_leads_nowhere_is_told_from_a_path_that_is_not_there(zone: Zone) -> None:
    (zone.drop / "loop").symlink_to("loop")
    for name, told in (("loop", "a link that leads nowhere"), ("gone", "no such file or folder")):
        with pytest.raises(UserError, match=f"{name}: {told}"):
            land.main(["shop", str(zone.drop / name)])


def test_a_single_file_is_known_by_the_end_of_its_path(zone: Zone) -> None:
    paths = [zone.file("events/1.jsonl", '{"id": 1}\n'), zone.file("x/y/people.csv", "id\n1\n")]
    assert zone.land(*paths).code == 0
    assert [row["_source_file"] for row in zone.rows()] == ["events/1.jsonl"]
    assert [row["_source_file"] for row in zone.rows("people")] == ["people.csv"]


def test_a_relative_path_is_known_too(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.file("events/1.jsonl", '{"id": 1}\n')
    monkeypatch.chdir(zone.drop / "events")
    assert zone.land("1.jsonl").code == 0
    assert zone.values("_source_file") == ["events/1.jsonl"]


def test_a_path_that_is_given_twice_is_read_once_and_named(zone: Zone) -> None:
    path = zone.file("events/1.jsonl", '{"id": 1}\n')
    run = zone.land(zone.drop, path, zone.drop)
    assert run.code == 0
    assert run.out.count("skipped events/1.jsonl: given twice") + run.out.count("skipped 1.jsonl: given twice") == 2
    assert zone.values("id") == ["1"]


def test_a_file_that_only_a_dot_keeps_from_landing_is_named(zone: Zone) -> None:
    zone.file("events/.2.jsonl", '{"id": 2}\n')
    zone.file("events/.DS_Store", "x")
    zone.file(".trash/people.csv", "id\n1\n")
    told = "events/.2.jsonl: its name begins with a dot: rename it to land it"
    refused = zone.land()
    assert (refused.code, refused.err.endswith(f"; {told}\n")) == (1, True)

    zone.file("events/1.jsonl", '{"id": 1}\n')
    run = zone.land()
    assert (run.code, run.err) == (0, "")
    assert [line for line in run.out.splitlines() if line.startswith("skipped")] == [f"skipped {told}"]
    assert zone.values("id") == ["1"]


def test_two_files_of_one_name_in_one_delivery_are_refused(zone: Zone) -> None:
    zone.file("a/people.csv", "id\n1\n")
    zone.file("b/people.csv", "id\n2\n")
    run = zone.land(zone.drop / "a", zone.drop / "b")
    assert run.code == 1
    assert "two files of this name" in run.err
    assert not zone.manifests()


def test_links_that_leave_the_drop_are_named_and_not_followed(zone: Zone, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.jsonl").write_text('{"id": 1}\n')
    zone.file("people.csv", "id\n1\n")
    (zone.drop / "events").symlink_to(outside)
    (zone.drop / "people").mkdir()
    (zone.drop / "people" / "p.csv").symlink_to(tmp_path / "missing.csv")
    (zone.drop / "people" / "loop").symlink_to(zone.drop)
    run = zone.land()
    assert run.code == 1
    assert [line.split(": ")[1] for line in run.err.splitlines()] == ["events", "people/loop", "people/p.csv"]
    assert zone.rows() == []


def test_a_pipe_is_not_opened(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    (zone.drop / "events").mkdir()
    os.mkfifo(zone.drop / "events" / "1.jsonl")
    run = zone.land()
    assert run.code == 1
    assert "not a regular file" in run.err


def test_odd_file_names_are_safe(zone: Zone) -> None:
    names = [
        "a'b.jsonl",
        'a"b.jsonl',
        "a b=c.jsonl",
        "é☃.jsonl",
        "a\nb.jsonl",
        "..jsonl.jsonl",
        "a;drop table x.jsonl",
        "a" * 240 + ".jsonl",
    ]
    names = [name for name in names if not name.startswith(".")]
    for i, name in enumerate(names):
        zone.file(f"events/{name}", f'{{"id": {i}}}\n')
    (zone.drop / "events" / os.fsdecode(b"\xff.jsonl")).write_text('{"id": "raw"}\n')
    run = zone.land()
    assert (run.code, run.err) == (0, "")
    assert sorted(zone.values("_source_file")) == sorted([*(f"events/{name}" for name in names), "events/\\xff.jsonl"])
    for file in next(iter(zone.manifests().values()))["files"]:
        assert file["landed_as"].isascii()
        assert not set("'\" =\n;") & set(file["landed_as"])


@pytest.mark.parametrize("missing", ["nowhere", "events/none.jsonl"])
def test_a_path_that_is_missing_is_an_error(zone: Zone, missing: str) -> None:
    run = zone.land(zone.drop / missing)
    assert run.code == 1
    assert "no such file or folder" in run.err


def test_a_folder_with_nothing_of_the_source_is_an_error(zone: Zone) -> None:
    run = zone.land()
    assert run.code == 1
    assert "no file of shop" in run.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_named(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.file("events/1.jsonl", '{"id": 1}\n').chmod(0)
    run = zone.land()
    assert run.code == 1
    assert "events/1.jsonl: cannot be read" in run.err


def test_a_folder_that_may_not_be_read_is_named_and_the_rest_lands(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(zone)
    listed = os.scandir

    def refused(path: str) -> Iterator[os.DirEntry[str]]:
        if path == str(zone.drop / "events"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refused)
    run = zone.land()
    assert (run.code, run.err) == (1, "not landed: events/: cannot be read: Permission denied\n")
    assert zone.values("id", "people") == ["1"]
    (zone.drop / "people.csv").unlink()
    assert "no file of shop in it" in (told := zone.land().err)
    assert "events/: cannot be read: Permission denied" in told


def test_files_in_a_folder_that_may_be_listed_and_not_entered_are_named(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(zone)
    zone.file("redelivery/people.csv", "id\n2\n")

    def unless_inside(asked: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def answer(path: str | Path, **options: Any) -> os.stat_result:
            if str(path).startswith(f"{zone.drop}/events/"):
                raise PermissionError(13, "Permission denied", str(path))
            return asked(path, **options)

        return answer

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, unless_inside(getattr(os, name)))
    run = zone.land()
    assert run.code == 1
    assert run.err == "".join(
        f"not landed: events/{number}.jsonl: cannot be read: Permission denied\n" for number in (1, 2)
    )
    assert zone.values("id", "people") == ["1", "2"]


def test_output_that_nobody_reads_ends_without_a_word(zone: Zone) -> None:
    fill(zone)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "scripts.land", "ad_serving", "--prepare"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, cwd=PROJECT, env=environment, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_files_whose_names_begin_alike_have_a_place_each(zone: Zone) -> None:
    alike = [
        "events/day.part-00063127.jsonl",
        "events/day.part-00073009.jsonl",
    ]  # 8 digits of their hashes are the same
    assert len({sha256(name.encode()).hexdigest()[:8] for name in alike}) == 1
    for place, name in enumerate(alike):
        zone.file(name, f'{{"id": {place}}}\n')
    assert zone.land().code == 0
    assert zone.values("id") == ["0", "1"]


def test_a_file_that_changes_while_it_is_read_does_not_land(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.file("people.csv", "id\n1\n")
    path = zone.file("events/1.jsonl", '{"id": 1}\n')
    original = files.jsonl.land

    def meddled(*arguments: object) -> object:
        path.write_text('{"id": 2}\n{"id": 3}\n')
        return original(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(files.jsonl, "land", meddled)
    run = zone.land()
    assert run.code == 1
    assert "events/1.jsonl: it was changed while it was read" in run.err
    assert zone.rows() == []
    assert zone.values("id", "people") == ["1"]


def test_the_id_is_made_of_what_lands(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.land("--no-redelivery")
    [alone] = zone.manifests()
    zone.file("events/bad.parquet", b"x")
    zone.root = zone.root.with_name("other")
    os.environ["DUCKHOUSE_LANDING"] = str(zone.root)
    zone.source = zone.root / "shop"
    assert zone.land().code == 1
    assert list(zone.manifests()) == [alone]
    assert {row["_delivery_id"] for row in zone.rows("people")} == {alone.removeprefix("delivery=")}


# ---------------------------------------------------------------- what a delivery lost


def test_a_file_of_which_most_records_are_rejected_is_named_with_the_first_reason(zone: Zone) -> None:
    zone.file("events/1.jsonl", '{"id": 1}\n\n{bad\nworse\n')
    zone.file("events/half.jsonl", '{"id": 2}\n{bad\n')
    zone.file("people.csv", "id\n1\n")
    run = zone.land()
    told = "events/1.jsonl: 2 of 4 records are rejected, the first in row 3: invalid_json"
    assert (run.code, run.err) == (1, f"landed with a loss: {told}\n")
    assert zone.values("id") == ["1", "2"]
    assert zone.land().code == 0


@pytest.mark.parametrize("text", ['[{"id": 1}, {"id": 2}]', '[\n{"id": 1},\n{"id": 2}\n]'])
def test_an_array_in_place_of_lines_is_said_to_be_one(zone: Zone, text: str) -> None:
    zone.file("events/1.jsonl", text)
    run = zone.land("--json")
    assert run.code == 1
    [loss] = run.json["deliveries"][0]["lost"]
    assert loss["name"] == "events/1.jsonl"
    assert "JSONL is one object a line, and this is an array: convert the file" in loss["reason"]
    assert len(zone.rows("_rejected")) + len(zone.rows()) == len(text.splitlines())


KNOWN = {"files": ["events/*"], "key": "id", "day": "at", "keep_last": ["amount"]}


@pytest.mark.parametrize(
    ("name", "columns", "lost"),
    [
        ("1.csv", ("key", "at", "amount"), "id"),
        ("1.jsonl", ("key", "at", "amount"), "id"),
        ("1.parquet", ("key", "at", "amount"), "id"),
        ("1.csv", ("id", "when", "amount"), "at"),
        ("1.jsonl", ("id", "at", "price"), "amount"),
        ("1.csv", ("id", "at", "amount", "flg"), "flag"),
        ("1.jsonl", ("id", "at", "amount", "geography"), None),
        ("1.csv", ("id", "at", "amount", "new"), None),
        ("1.csv", ("id", "at"), None),
        ("1.jsonl", ("id", "flag"), None),
    ],
)
def test_a_column_under_a_name_that_nobody_declared_is_a_loss(
    zone: Zone, name: str, columns: tuple[str, ...], lost: str | None
) -> None:
    zone.contract({"events": KNOWN})
    path = zone.file(f"events/{name}", "\n".join([",".join(columns), ",".join("1" for _ in columns)]))
    if name.endswith("jsonl"):
        path.write_text(json.dumps(dict.fromkeys(columns, "1")))
    elif name.endswith("parquet"):
        pq.write_table(pa.table({column: ["1"] for column in columns}), path)
    run = zone.land()
    assert run.code == (1 if lost else 0), run.err
    if lost:
        others = ", ".join(name for name in columns if name not in ("id", "at", "amount"))
        told = f"events/{name}: no record of events has {lost}; not declared are {others}: "
        assert run.err.startswith(f"landed with a loss: {told}")
    assert len(zone.rows()) == 1


@pytest.mark.parametrize(
    ("dates", "told"),
    [
        (["02/09/2026", "03/01/2026"], "02/09"),
        (["02/09/2026", "02/13/2026", "14/02/2026"], "02/09"),
        (["02/09/2026", " 02/13/2026 "], None),
        (["02-09-2026", "13-02-2026"], None),
        (["2.9.2026", "2026-02-09", "02/02/2026", "", "soon"], None),
    ],
)
def test_dates_of_which_the_order_is_not_known_are_named(zone: Zone, dates: list[str], told: str | None) -> None:
    zone.contract(ENTITIES, [{"name": "id"}, {"name": "at", "config": {"meta": {"type": "date"}}}])
    zone.file("people.csv", "\n".join(["id,at", *(f"1,{date}" for date in dates)]))
    run = zone.land()
    assert run.code == (1 if told else 0), run.err
    assert not told or f"landed with a loss: people.csv: at has dates such as {told}, " in run.err
    assert len(zone.rows("people")) == len(dates)


def test_a_column_that_the_delivery_before_had_is_a_loss_where_records_replace_others(zone: Zone) -> None:
    zone.contract({"events": ENTITIES["events"], "people": ENTITIES["people"] | {"key": "id"}})
    zone.file("people/1.csv", "id,at,geo\n1,x,y\n")
    zone.file("events/1.csv", "id,geo\n1,x\n")
    assert zone.land(at="2026-03-01").code == 0
    zone.file("people/1.csv", "id,geo\n1,y\n")
    zone.file("events/1.csv", "id,at,flag\n1,x,y\n")
    run = zone.land(at="2026-03-02")
    assert run.code == 1
    assert [line.split(":")[1:3] for line in run.err.splitlines()] == [[" people/1.csv", " no record of people has at"]]
    zone.file("people/1.csv", "id,geo\n2,y\n")
    assert zone.land(at="2026-03-03").code == 0
    zone.file("people/1.csv", "id,at\n2,y\n")
    assert zone.land(at="2026-02-28").code == 0


# ---------------------------------------------------------------- the command


def test_rows_that_do_not_add_up_are_not_committed(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.file("people.csv", "id\n1\n")
    monkeypatch.setattr(files, "rows_in", lambda path: 0)
    with pytest.raises(RuntimeError, match="read 1, landed 0"):
        zone.land()
    assert not zone.manifests()
    assert zone.leftovers() == []


def test_a_dry_run_writes_nothing_and_tells_what_would_happen(zone: Zone) -> None:
    fill(zone)
    zone.file("notes.txt", "x")
    run = zone.land("--dry-run")
    assert run.code == 1
    assert "would land events/1.jsonl as events" in run.out
    assert "notes.txt" in run.err
    assert not zone.root.exists()
    zone.land()
    before = sorted(zone.root.rglob("*"))
    document = zone.land("--dry-run", "--json").json
    assert [entry["name"] for entry in document["deliveries"][0]["skipped"]] == [
        "events/1.jsonl",
        "events/2.jsonl",
        "people.csv",
    ]
    assert document["deliveries"][0]["would_land"] == []
    assert sorted(zone.root.rglob("*")) == before


def test_json_is_one_document(zone: Zone) -> None:
    fill(zone)
    document = zone.land("--json").json
    [delivery] = document["deliveries"]
    assert (document["source"], document["dry_run"]) == ("shop", False)
    assert [file["records_landed"] for file in delivery["files"]] == [1, 1, 1]
    assert delivery["delivery_id"] == deliveries("shop")[0].id


def test_a_second_load_is_refused_while_one_runs(zone: Zone) -> None:
    zone.file("people.csv", "id\n1\n")
    zone.source.mkdir(parents=True)
    with (zone.source / ".lock").open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        run = zone.land()
        assert run.code == 1
        assert "another load is running" in run.err
    assert zone.land().code == 0


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "rejects of jsonl", "rejects of csv", "wide parquet"])
def test_a_disk_that_is_full_is_one_line_and_leaves_nothing(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    texts = [sha256(str(i).encode()).hexdigest() for i in range(4_000)]
    zone.file("people.csv", "id\n1\n")
    if kind.endswith("jsonl"):
        start = "{bad" if kind.startswith("rejects") else '{"id": "'
        zone.file("events/1.jsonl", "".join(f'{start}{text}"}}\n' for text in texts))
    elif kind.endswith("csv"):
        start = "x,y" if kind.startswith("rejects") else ""
        zone.file("events/1.csv", "id\n" + "".join(f"{start}{text}\n" for text in texts))
    else:
        columns = {"id": pa.array(texts), "amount": pa.nulls(4_000, pa.decimal256(50, 20))}
        pq.write_table(
            pa.table(columns).select(["id", *["amount"] * ("wide" in kind)]), zone.file("events/1.parquet", b"")
        )
    monkeypatch.setattr(landed_rows, "BATCH_ROWS", 1_000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(UserError, match="File too large") as told:
            land.main(["shop", str(zone.drop)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(str(told.value).splitlines()) == 1
    assert (zone.manifests(), zone.leftovers()) == ({}, [])
    assert zone.land("--json").json["deliveries"][0]["failed"] == []


def test_leftovers_of_a_killed_load_go_and_are_never_seen(zone: Zone) -> None:
    left = zone.source / ".incoming" / "load-1" / "events"
    left.mkdir(parents=True)
    (left / "x.parquet").write_bytes(b"half")
    zone.file("people.csv", "id\n1\n")
    assert zone.land().code == 0
    assert zone.leftovers() == []
    assert zone.rows() == []


def test_an_interruption_while_a_load_tidies_up_leaves_nothing(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = shutil.rmtree

    def interrupted(path: Path, **options: Any) -> None:
        if path.name == ".incoming" and path.exists():
            os.kill(os.getpid(), signal.SIGINT)
        plain(path, **options)

    zone.file("people.csv", "id\n1\n")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(shutil, "rmtree", interrupted)
    try:
        with pytest.raises(KeyboardInterrupt):
            zone.land()
    finally:
        signal.signal(signal.SIGINT, before)
    assert zone.leftovers() == []
    assert len(zone.manifests()) == 1


def test_worker_processes_land_what_one_process_does(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(zone)
    zone.file("events/bad.jsonl.gz", b"x")
    monkeypatch.setattr(workers, "WORTH_A_PROCESS", 0)
    run = zone.land()
    assert run.code == 1
    assert "events/bad.jsonl.gz" in run.err
    assert zone.values("id") == ["1", "2"]
    assert zone.rejected() == [(2, "invalid_json", "{bad")]


def deadly_work(pipe: Connection) -> None:
    """A worker that the system kills at a large file."""
    outcome = workers._outcome

    def killed(job: files.Job, advance: Callable[[int], object]) -> workers.Result:
        if job.size > 100:
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome(job, advance)

    workers._outcome = killed
    workers._work(pipe)


def test_a_worker_that_the_system_kills_takes_one_file_along(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        zone.file(f"events/{number}.csv", f"id\n{number}\n")
    zone.file("events/9.csv", "id\n" + "9\n" * 99)
    monkeypatch.setattr(workers, "WORTH_A_PROCESS", 0)
    monkeypatch.setattr(workers, "_work", deadly_work)
    run = zone.land()
    assert run.code == 1
    assert run.err == (
        "not landed: events/9.csv: its reader was ended by SIGKILL (out of memory?): export it in smaller files\n"
    )
    assert zone.values("id") == ["0", "1", "2", "3"]


@pytest.mark.parametrize("arguments", [["nothing", "."], ["shop"], []])
def test_wrong_arguments_are_errors(zone: Zone, arguments: list[str]) -> None:
    with pytest.raises(UserError):
        land.main(arguments)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources: [", "not valid YAML"),
        ("sources: [{name: other, tables: []}]", "needs one source"),
        ("sources: [{name: shop, tables: [{name: a}]}]", "names no columns"),
        ("sources: [{name: shop, tables: [{name: a, columns: [{name: x}, {name: x}]}]}]", "more than once"),
        ("sources: [{name: shop, tables: [{name: a, columns: [{name: x}, {name: X}]}]}]", "in case only"),
        ("sources: [{name: shop, tables: [{name: a, columns: [{name: x}]}]}]", "zone None: write 'shop'"),
        ("sources: [{name: shop, config: {meta: {zone: shop, kind: ftp}}, tables: []}]", "kind 'ftp'"),
    ],
)
def test_a_contract_that_landing_cannot_work_by_is_an_error(zone: Zone, text: str, told: str) -> None:
    (declarations.STAGING / "shop" / "_shop__sources.yml").write_text(text)
    with pytest.raises(UserError, match=told):
        load_source("shop")


def test_zones_of_other_sources_are_made_unless_another_load_is_about_to(zone: Zone) -> None:
    empty = zone.source / "delivery=00000000-empty" / "events" / "empty.parquet"
    zone.source.mkdir(parents=True)
    with (zone.source / ".lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        prepare_missing()
        assert not empty.exists()
    prepare_missing()
    assert empty.exists()


def test_files_of_a_source_that_is_a_database_are_refused(zone: Zone) -> None:
    meta = "config: {meta: {zone: shop, kind: postgres}}"
    declared = f"sources: [{{name: shop, {meta}, tables: [{{name: a, columns: [{{name: x}}]}}]}}]"
    (declarations.STAGING / "shop" / "_shop__sources.yml").write_text(declared)
    with pytest.raises(UserError, match="source shop is of kind postgres"):
        land.main(["shop", str(zone.drop)])


def test_errors_have_one_line_and_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scripts.land", "ad_serving", "nowhere"]
    env = {**os.environ, "DUCKHOUSE_LANDING": str(tmp_path)}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "error: nowhere: no such file or folder\n"


def test_the_projects_contracts_are_readable() -> None:
    assert "ad_serving" in sources()
    for source in sources():
        assert load_source(source).entities


@pytest.mark.skipif(not REAL_DROP.exists(), reason="the real files are not here")
def test_the_real_drop_lands_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path))
    assert land.main(["ad_serving", str(REAL_DROP), "--delivered-at", "2026-03-25T06:00:00Z"]) == 0
    first, second = deliveries("ad_serving")
    assert [sum(file.entity == "events" for file in d.files) for d in (first, second)] == [5, 3]
    rows = read(tmp_path / "ad_serving" / "delivery=*" / "events" / "*.parquet")
    assert (
        len(rows)
        == sum(file.records_read for d in (first, second) for file in d.files if file.entity == "events")
        == 43_029
    )
    assert all(row["_unmapped"] is None and row["revenue_usd"] not in ("nan", "inf") for row in rows)


HEAVY = (
    "altair",
    "boto3",
    "botocore",
    "chdb",
    "clickhouse_connect",
    "dbt",
    "duckdb",
    "numpy",
    "pandas",
    "psycopg",
    "pyarrow",
    "tqdm",
)


@pytest.mark.parametrize("module", ["scripts.land", "scripts.push", "duckhouse.warehouse.connection"])
def test_a_command_starts_without_what_it_may_not_need(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    assert said_by(code) == "[]"


def test_arrow_does_not_import_pandas_and_others_may() -> None:
    used = "import sys; from duckhouse.arrow import pa; pa.array(['x']); import pyarrow.dataset"
    assert said_by(f"{used}; print('pandas' in sys.modules); import pandas; print(pandas.__name__)") == "False\npandas"


def said_by(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


# ---------------------------------------------------------------- killed at any moment


def test_a_load_killed_at_any_step_and_run_again_is_one_clean_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = Zone(tmp_path, monkeypatch)
    zone.file("events/1.csv", 'id,at\n1,x\n"bad\n\n')
    zone.file("people.csv", "id,at\n1,x\n")
    zone.file("redelivery/people.csv", "id\n2\n")
    zone.land()
    clean = snapshot(zone)
    zones = tmp_path / "zones"
    killed_loads(zone.staging, zones, "", "shop", zone.drop, "--delivered-at", "2026-03-25T06:00:00Z")
    loads = sorted(zones.iterdir())
    assert len(loads) > 60
    for root in loads:
        zone.source = root / "shop"
        assert snapshot(zone) == clean, root


ORPHANED = """
    import os, signal, sys, threading, time
    from pathlib import Path
    sys.path.insert(0, {project!r})
    from scripts import land
    from duckhouse import sources as declarations
    from duckhouse.landing import workers

    if __name__ == "__main__":
        declarations.STAGING = Path({staging!r})
        workers.WORTH_A_PROCESS = 0
        import psutil

        def kill():
            while not (children := psutil.Process().children()):
                pass
            print(*(child.pid for child in children), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=kill).start()
        land.main(["shop", {drop!r}])
"""


def test_workers_do_not_outlive_a_killed_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone(tmp_path, monkeypatch)
    for number in range(4):
        zone.file(f"events/{number}.csv", "id\n" + f"{number}\n" * 30_000)
    script = tmp_path / "load.py"
    script.write_text(
        textwrap.dedent(ORPHANED.format(project=str(PROJECT), staging=str(zone.staging), drop=str(zone.drop)))
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    started = {int(pid) for pid in done.stdout.split()}
    assert started
    _, alive = psutil.wait_procs([process for process in psutil.process_iter() if process.pid in started], timeout=20)
    assert not alive
    assert zone.land().code == 0
    assert len(zone.rows()) == 120_000
    assert zone.leftovers() == []


def snapshot(zone: Zone) -> list[object]:
    manifests = {path.relative_to(zone.source): path.read_bytes() for path in zone.source.glob("*/manifest.json")}
    files = sorted(path.relative_to(zone.source) for path in zone.source.rglob("*"))
    return [manifests, files, *(zone.rows(name) for name in ("events", "people", "_files", "_rejected"))]

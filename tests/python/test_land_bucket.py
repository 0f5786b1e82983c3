"""`python -m scripts.land SOURCE s3://BUCKET/PREFIX`: what is new in a bucket is one delivery, and lands once."""

import gzip
import json
import os
import re
import resource
import shutil
import sys
import threading
import tracemalloc
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from duckhouse.cli import UserError
from duckhouse.landing import bucket as objects
from duckhouse.landing import fetch
from duckhouse.landing.bucket import Address, Store
from duckhouse.landing.manifest import ObjectVersion
from duckhouse.settings import PROJECT
from duckhouse.sources import load_source
from scripts import land as command
from support.bucket import BUCKET, KEY_ID, SECRET, TOKEN, Bucket
from support.landing import Run, Zone, killed_loads
from tools.campaigns.kills.buckets import endpoint

DROPS = f"s3://{BUCKET}/drops"
MORNING, NOON, EVENING = "2026-03-25T06:00:00", "2026-03-25T12:00:00", "2026-03-25T18:00:00"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with endpoint() as url:
        yield url


@pytest.fixture
def settings(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": TOKEN,
        "AWS_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def made_stores() -> dict[str, Store]:
    return {}


@pytest.fixture
def bucket(url: str, settings: None, made_stores: dict[str, Store], monkeypatch: pytest.MonkeyPatch) -> Bucket:
    made = Bucket(url)
    made.watch(monkeypatch)
    if url not in made_stores:
        made_stores[url] = objects.store()
    monkeypatch.setattr(fetch, "store", lambda: made_stores[url])  # a client costs more than all else in most tests
    return made


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    return Zone(tmp_path, monkeypatch)


class Paged:
    """A client that lists these keys, a thousand at a time."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = iter(keys)

    def list_objects_v2(self, **_: Any) -> Any:
        return {"Contents": [], "ResponseMetadata": {"HTTPHeaders": {"date": "Wed, 25 Mar 2026 06:00:00 GMT"}}}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        entry = {"ETag": '"e"', "Size": 1, "LastModified": datetime(2026, 3, 25, tzinfo=UTC)}
        while page := [{"Key": key, **entry} for key in islice(self.keys, 1_000)]:
            yield {"Contents": page}


def land(zone: Zone, *places: str, at: str | None = None) -> Run:
    return zone.land(*(places or [DROPS]), at=at)


def delivered(zone: Zone) -> list[tuple[str, list[str]]]:
    """Each delivery: its time, and the objects that it holds."""
    return [
        (manifest["delivered_at"], [each["uri"] for file in manifest["files"] for each in file["objects"]])
        for manifest in zone.manifests().values()
    ]


def leftovers(zone: Zone) -> list[str]:
    return [name for name in zone.leftovers() if name != ".fetched"]


# ---------------------------------------------------------------- one run, one delivery


def test_what_is_new_in_a_bucket_is_one_delivery_that_names_its_objects(zone: Zone, bucket: Bucket) -> None:
    etag = bucket.put("drops/events/1.jsonl", '{"id": 1}\n{bad\n', MORNING)
    bucket.put("drops/people.csv", "id\n1\n", NOON)
    bucket.put("drops/events/2.jsonl", '{"id": 2}\n', MORNING)
    run = land(zone)
    assert (run.code, run.err) == (0, "")
    [(name, manifest)] = zone.manifests().items()
    assert name.startswith("delivery=20260325T120000000000Z-")
    assert manifest["delivered_at"] == "2026-03-25T12:00:00.000000Z"
    assert [file["name"] for file in manifest["files"]] == ["events/1.jsonl", "events/2.jsonl", "people.csv"]
    assert manifest["files"][0]["objects"] == [
        {
            "uri": f"{DROPS}/events/1.jsonl",
            "etag": etag,
            "size": 15,
            "last_modified": "2026-03-25T06:00:00.000000Z",
            "version_id": None,
            "fetch": 1,
        }
    ]
    assert zone.values("id") == ["1", "2"]
    assert zone.rejected() == [(2, "invalid_json", "{bad")]
    assert leftovers(zone) == []


def test_a_second_run_fetches_nothing(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n")
    land(zone)
    assert bucket.got() == ["drops/people.csv"]
    run = land(zone)
    assert (run.code, run.err) == (0, "")
    assert "nothing new to land" in run.out
    assert f"skipped {DROPS}/: 1 objects were fetched before" in run.out
    assert bucket.got() == []
    assert len(zone.manifests()) == 1


def test_a_corrected_object_is_a_later_delivery_and_returns_to_earlier_bytes(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n', MORNING)
    for body, at in [("id\nA\n", MORNING), ("id\nB\n", NOON), ("id\nA\n", EVENING)]:
        bucket.put("drops/people.csv", body, at)
        assert land(zone).code == 0
        assert "nothing new" in land(zone).out
    assert zone.values("id", "people") == ["A", "B", "A"]
    assert [at[11:13] for at, _ in delivered(zone)] == ["06", "12", "18"]
    assert zone.values("id") == ["1"]


def test_of_a_state_that_nobody_fetched_nothing_lands(zone: Zone, bucket: Bucket) -> None:
    for body, at in [("id\nA\n", MORNING), ("id\nB\n", NOON)]:
        bucket.put("drops/people.csv", body, at)
    assert land(zone).code == 0
    assert zone.values("id", "people") == ["B"]


def test_an_object_that_is_put_again_with_its_bytes_is_fetched_once_more_and_no_more(
    zone: Zone, bucket: Bucket
) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    land(zone)
    bucket.put("drops/people.csv", "id\n1\n", NOON)
    bucket.got()
    run = land(zone)
    assert (run.code, bucket.got()) == (0, ["drops/people.csv"])
    assert "skipped people.csv: already landed in" in run.out
    assert "nothing new" in land(zone).out
    assert bucket.got() == []
    assert len(zone.manifests()) == 1
    bucket.put("drops/people.csv", "id\n2\n", EVENING)
    land(zone)
    bucket.put("drops/people.csv", "id\n1\n", "2026-03-25T20:00:00")
    land(zone)
    assert zone.values("id", "people") == ["1", "2", "1"]


def test_copies_in_one_run_land_once_and_are_not_fetched_again(zone: Zone, bucket: Bucket) -> None:
    for name in ("1", "2", "3"):
        bucket.put(f"drops/events/{name}.jsonl", '{"id": 1}\n' if name != "3" else '{"id": 3}\n')
    run = land(zone)
    assert "skipped events/1.jsonl: the same bytes as events/2.jsonl" in run.out
    assert [sorted(uris) for _, uris in delivered(zone)] == [[f"{DROPS}/events/{name}.jsonl" for name in "123"]]
    bucket.got()
    assert "nothing new" in land(zone).out
    assert bucket.got() == []
    assert zone.values("id") == ["1", "3"]


def test_a_version_that_comes_back_when_the_last_one_is_deleted_counts_again(zone: Zone, bucket: Bucket) -> None:
    versioning = {"Status": "Enabled"}
    bucket.client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration=versioning)
    ids = []
    for body, at in [("id\nA\n", MORNING), ("id\nB\n", NOON)]:
        bucket.put("drops/people.csv", body, at)
        assert land(zone).code == 0
        [entry] = zone.manifests()[sorted(zone.manifests())[-1]]["files"]
        ids.append(entry["objects"][0]["version_id"])
    listed = bucket.client.list_object_versions(Bucket=BUCKET)["Versions"]
    assert {each["VersionId"] for each in listed} == set(ids)
    bucket.client.delete_object(Bucket=BUCKET, Key="drops/people.csv", VersionId=ids[1])
    run = land(zone)
    assert run.code == 0
    assert "dated right after what it follows: its latest object is of 2026-03-25T06:00:00.000000Z" in run.out
    assert zone.values("id", "people") == ["A", "B", "A"]
    assert "nothing new" in land(zone).out


def test_what_is_removed_from_landing_is_fetched_again_when_it_is_asked_for(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    land(zone)
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n', NOON)
    land(zone)
    bucket.got()
    [old] = zone.source.glob("delivery=20260325T06*")
    shutil.rmtree(old)
    run = land(zone)
    note = zone.source / ".fetched"
    assert (run.code, bucket.got()) == (0, [])
    told = f"1 objects were fetched before, and are in no delivery any more: remove {note} to fetch them again"
    assert f"skipped {DROPS}/: {told}" in run.out
    note.unlink()
    assert land(zone).code == 0
    assert bucket.got() == ["drops/people.csv"]
    assert delivered(zone)[0] == ("2026-03-25T06:00:00.000000Z", [f"{DROPS}/people.csv"])


def test_a_deleted_object_stays_landed(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n")
    land(zone)
    bucket.client.delete_object(Bucket=BUCKET, Key="drops/people.csv")
    run = land(zone)
    assert (run.code, run.err) == (0, "")
    assert zone.values("id", "people") == ["1"]


def test_several_addresses_are_one_delivery_and_what_is_given_twice_is_read_once(zone: Zone, bucket: Bucket) -> None:
    bucket.put("north/people.csv", "id\n1\n", MORNING)
    bucket.put("south/events/1.jsonl", '{"id": 1}\n', NOON)
    north, south = f"s3://{BUCKET}/north", f"s3://{BUCKET}/south/"
    run = land(zone, north, south, north, f"{south}events/1.jsonl")
    assert run.code == 0
    assert run.out.count("1 objects are given twice: read once") == 2
    assert delivered(zone) == [
        ("2026-03-25T12:00:00.000000Z", [f"{south}events/1.jsonl", f"{north}/people.csv"]),
    ]


def test_one_object_can_be_given_and_a_name_beside_it_is_none_of_it(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n')
    bucket.put("drops/events/1.jsonl.old", "x")
    bucket.put("drops-of-others/people.csv", "id\n1\n")
    assert land(zone, f"{DROPS}/events/1.jsonl").code == 0
    assert zone.values("_source_file") == ["events/1.jsonl"]
    assert land(zone).code == 1
    assert zone.values("id", "people") == []
    assert len(zone.manifests()) == 1


# ---------------------------------------------------------------- the order of deliveries


def test_objects_of_one_time_are_delivered_in_the_order_of_the_runs(zone: Zone, bucket: Bucket) -> None:
    for body in "ABC":
        bucket.put("drops/people.csv", f"id\n{body}\n", NOON)
        assert land(zone).code == 0
    bucket.put("drops/people.csv", "id\nA\n", NOON)
    assert land(zone).code == 0
    assert "nothing new" in land(zone).out
    assert zone.values("id", "people") == ["A", "B", "C", "A"]
    assert [at[11:] for at, _ in delivered(zone)] == [f"12:00:00.00000{place}Z" for place in range(4)]


@pytest.mark.parametrize("order", [("north", "south"), ("south", "north")])
def test_buckets_can_be_landed_in_any_order(zone: Zone, bucket: Bucket, order: tuple[str, str]) -> None:
    bucket.put("north/people.csv", "id,at\n1,old\n", MORNING)
    bucket.put("south/people.csv", "id,at\n1,new\n", NOON)
    for _ in range(2):
        for folder in order:
            assert land(zone, f"s3://{BUCKET}/{folder}").code == 0
    assert zone.values("at", "people") == ["old", "new"]
    assert [str(row["_delivered_at"]) for row in zone.rows("people")] == ["2026-03-25 06:00:00", "2026-03-25 12:00:00"]


def test_of_two_buckets_with_one_time_the_one_that_is_landed_later_is_later(zone: Zone, bucket: Bucket) -> None:
    for folder in ("north", "south"):
        bucket.put(f"{folder}/people.csv", f"id,at\n1,{folder}\n", NOON)
    for folder in ("south", "north", "south"):
        assert land(zone, f"s3://{BUCKET}/{folder}").code == 0
    assert zone.values("at", "people") == ["south", "north"]
    assert [at[11:] for at, _ in delivered(zone)] == ["12:00:00.000000Z", "12:00:00.000001Z"]


def test_two_objects_of_one_name_are_refused_before_they_are_fetched(zone: Zone, bucket: Bucket) -> None:
    bucket.put("north/people.csv", "id\n1\n")
    bucket.put("south/people.csv", "id\n2\n")
    run = land(zone, f"s3://{BUCKET}/north", f"s3://{BUCKET}/south")
    assert run.code == 1
    assert "people.csv: two files of this name are given: land them in two runs" in run.err
    assert bucket.got() == []


def test_a_time_that_is_given_dates_what_is_new(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", EVENING)
    for _ in range(2):
        assert land(zone, at="2026-03-01T00:00:00Z").code == 0
    assert [at for at, _ in delivered(zone)] == ["2026-03-01T00:00:00.000000Z"]
    assert bucket.got() == ["drops/people.csv"]
    bucket.put("drops/people.csv", "id\n2\n", "2026-03-25T19:00:00")
    run = land(zone, at="2026-03-01T00:00:00Z")
    assert run.code == 1
    assert "has other bytes of it, of the same time: say another --delivered-at" in run.err
    assert land(zone).code == 0
    assert [(row["id"], str(row["_delivered_at"])) for row in zone.rows("people")] == [
        ("1", "2026-03-01 00:00:00"),
        ("2", "2026-03-25 19:00:00"),
    ]


def test_a_version_follows_what_was_landed_of_its_object_whatever_the_times_say(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    land(zone, at="2030-01-01T00:00:00Z")
    bucket.put("drops/people.csv", "id\n2\n", NOON)
    assert land(zone).code == 0
    assert zone.values("id", "people") == ["1", "2"]
    assert [at for at, _ in delivered(zone)][1] == "2030-01-01T00:00:00.000001Z"


def test_what_came_after_the_run_began_is_left_to_the_next_one(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be later than an object that the listing has passed already, and is put anew meanwhile."""
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n', MORNING)
    bucket.put("drops/people.csv", "id\n1\n", EVENING)
    with monkeypatch.context() as noon:
        noon.setattr(objects, "_time", lambda text: datetime(2026, 3, 25, 12, tzinfo=UTC))
        run = land(zone)
    assert run.code == 0
    assert f"skipped {DROPS}/: 1 objects came after this run began: the next one takes them" in run.out
    bucket.put("drops/events/1.jsonl", '{"id": 2}\n', "2026-03-25T17:00:00")
    assert land(zone).code == 0
    assert [(at[11:13], len(uris)) for at, uris in delivered(zone)] == [("06", 1), ("18", 2)]
    assert zone.values("id") == ["1", "2"]


# ---------------------------------------------------------------- what is in a bucket


def test_what_is_not_recognised_is_named_up_to_a_bound_and_the_rest_lands(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n")
    bucket.put("drops/truth.json", "{}")
    bucket.put("drops/events/", "")
    bucket.put("drops/events/.hidden.jsonl", "x")
    bucket.put("drops/.hidden/people.csv", "x")
    bucket.put("drops/events/1.parquet.gz", "x")
    for number in range(23):
        bucket.put(f"drops/notes/{number:02d}.txt", "x")
    run = land(zone)
    assert run.code == 1
    named = [line.split(": ")[1] for line in run.err.splitlines()]
    assert named == ["events/1.parquet.gz", *(f"notes/{number:02d}.txt" for number in range(19)), "and more"]
    assert "and more: 4 others, for such reasons" in run.err
    assert f"skipped {DROPS}/: 1 objects have names that begin with a dot: rename them to land them" in run.out
    assert bucket.got() == ["drops/people.csv"]
    assert zone.values("id", "people") == ["1"]


HOSTILE = ["../people.csv", "a/../people.csv", "/people.csv", "/etc/people.csv", "./people.csv", "people//x.csv"]
ODD = ["a'b", 'a"b', "a b=c", "é☃", "a;drop table x", "a&b<c>", "%2e%2e%2f", "a+b", "..", "a" * 240]


@pytest.mark.parametrize("key", HOSTILE)
def test_a_key_that_is_no_name_of_a_file_is_named_and_never_fetched(zone: Zone, bucket: Bucket, key: str) -> None:
    zone.contract({"people": {"files": ["people.csv", "*/people.csv", "*/*/people.csv", "*/*/*.csv"]}})
    before = set(around(zone))
    bucket.put(f"drops/{key}", "id\n1\n")
    bucket.put("drops/people.csv", "id\n2\n")
    run = land(zone)
    assert run.code == 1
    assert f"not landed: {key}: its key has an empty part, or . or .." in run.err
    assert bucket.got() == ["drops/people.csv"]
    assert zone.values("_source_file", "people") == ["people.csv"]
    assert all(path.is_relative_to(zone.root) for path in set(around(zone)) - before)


def around(zone: Zone) -> Iterator[Path]:
    """What is in the folder of the test and right beside it; servers of other tests write in folders beside it."""
    yield from zone.drop.parent.rglob("*")
    yield from zone.drop.parent.parent.glob("*")


def test_odd_keys_land_under_their_names(zone: Zone, bucket: Bucket) -> None:
    for place, name in enumerate(ODD):
        bucket.put(f"drops/events/x{name}.jsonl", f'{{"id": {place}}}\n')
    assert (land(zone).code, land(zone).err) == (0, "")
    assert sorted(zone.values("_source_file")) == sorted(f"events/x{name}.jsonl" for name in ODD)
    [(_, uris)] = delivered(zone)
    assert sorted(uris) == sorted(f"{DROPS}/events/x{name}.jsonl" for name in ODD)
    assert leftovers(zone) == []


def test_a_redelivery_below_a_prefix_is_a_run_of_its_own(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    for name in ("1", "2"):
        bucket.put(f"drops/redelivery/events/{name}.jsonl", f'{{"id": {name}}}\n', NOON)
    run = land(zone)
    assert run.code == 1
    told = f"a run is one delivery: land {DROPS}/redelivery/ by itself (--no-redelivery leaves it out)"
    assert run.err == f"not landed: redelivery/: {told}\n"
    assert (land(zone, DROPS, "--no-redelivery").code, zone.values("id")) == (0, [])
    assert land(zone, f"{DROPS}/redelivery").code == 0
    assert zone.values("_source_file") == ["events/1.jsonl", "events/2.jsonl"]


def test_a_damaged_object_is_named_on_every_run_until_it_is_replaced(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    for name in ("0", "1"):
        bucket.put(f"drops/events/{name}.jsonl.gz", b"x", MORNING)
    for _ in range(2):
        run = land(zone)
        assert run.code == 1
        assert run.err.startswith("not landed: events/1.jsonl.gz: ")
    bucket.put("drops/events/1.jsonl.gz", gzip.compress(b'{"id": 1}\n'), NOON)
    run = land(zone)
    assert run.code == 1
    assert run.err.startswith("not landed: events/0.jsonl.gz: ")
    bucket.client.delete_object(Bucket=BUCKET, Key="drops/events/0.jsonl.gz")
    assert land(zone).code == 0
    assert (zone.values("id"), zone.values("id", "people")) == (["1"], ["1"])


def test_a_dry_run_lists_what_would_be_fetched_and_reads_nothing(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n")
    bucket.put("drops/notes.txt", "x")
    run = land(zone, DROPS, "--dry-run")
    assert run.code == 1
    assert "would fetch people.csv as people" in run.out
    assert "notes.txt" in run.err
    assert (bucket.got(), zone.root.exists()) == ([], False)
    land(zone)
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n')
    before = {path: path.stat().st_mtime_ns for path in zone.root.rglob("*")}
    bucket.got()
    [document] = land(zone, DROPS, "--dry-run", "--json").json["deliveries"]
    assert document["would_fetch"] == [{"name": "events/1.jsonl", "entity": "events"}]
    assert (bucket.got(), {path: path.stat().st_mtime_ns for path in zone.root.rglob("*")}) == ([], before)


def test_a_manifest_of_before_is_read_and_one_of_local_files_names_no_objects(zone: Zone, bucket: Bucket) -> None:
    zone.file("people.csv", "id\n1\n")
    assert zone.land(at="2026-03-24").code == 0
    [entry] = next(iter(zone.manifests().values()))["files"]
    assert "objects" not in entry
    bucket.put("drops/people.csv", "id\n1\n")
    run = land(zone)
    assert "skipped people.csv: already landed in" in run.out
    assert len(zone.manifests()) == 1


def test_100_000_keys_are_listed_in_bounded_memory(monkeypatch: pytest.MonkeyPatch, zone: Zone) -> None:
    """Known, ignored and unrecognised ones take up no memory; a page does, and what is new."""
    counts = {"events": 20_000, "other": 20_000, ".hidden": 59_999}
    names = [f"{folder}/{place:05d}.jsonl" for folder, count in counts.items() for place in range(count)]
    names.append("people.csv")
    assert len(names) == 100_000
    known = {
        f"{DROPS}/{name}": ObjectVersion(f"{DROPS}/{name}", "e", 1, "2026-03-25T00:00:00.000000Z", None, 1)
        for name in names
        if name.startswith("events/")
    }
    fetched = fetch.Fetched(zone.source / ".fetched", known)

    monkeypatch.setattr(fetch, "store", lambda: Store(Paged(f"drops/{name}" for name in names)))
    source = load_source("shop")
    tracemalloc.start()
    try:
        found = fetch.look(source, [Address(BUCKET, "drops/")], fetched, redelivery=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [file.name for file in found.drop.files] == ["people.csv"]
    assert found.skipped == [(f"{DROPS}/", "20,000 objects were fetched before")]
    assert len(found.unknown.told()) == 21
    assert found.unknown.told()[-1] == ("and more", "19,980 others, for such reasons")
    assert peak < 4 << 20


def test_a_key_with_a_line_feed_is_told_on_one_line(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ["drops/a\nb.txt", "drops/people.csv"]
    monkeypatch.setattr(fetch, "store", lambda: Store(Paged(keys)))
    run = land(zone, DROPS + "/", "--dry-run")
    assert run.err.splitlines() == ["not landed: 'a\\nb.txt': no file pattern of shop matches it"]


# ---------------------------------------------------------------- what goes wrong


def test_an_object_that_changes_while_it_is_read_is_a_fault_and_the_rest_lands(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n', MORNING)
    bucket.put("drops/events/2.jsonl", '{"id": 2}\n', MORNING)
    original = Store.download

    def meddled(self: Store, version: ObjectVersion, *rest: Any) -> str | None:
        if version.uri.endswith("1.jsonl"):
            bucket.put("drops/events/1.jsonl", '{"id": 9}\n', NOON)
        if version.uri.endswith("2.jsonl"):
            bucket.client.delete_object(Bucket=BUCKET, Key="drops/events/2.jsonl")
        return original(self, version, *rest)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Store, "download", meddled)
        run = land(zone)
    assert run.code == 1
    assert run.err.splitlines() == [
        "not landed: events/1.jsonl: it was changed while it was read: run again",
        "not landed: events/2.jsonl: it was deleted after it was listed",
    ]
    assert (zone.values("id"), zone.values("id", "people")) == ([], ["1"])
    assert land(zone).code == 0
    assert zone.values("id") == ["9"]


def test_an_endpoint_that_does_not_know_conditions_is_asked_for_the_etag(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    answered = BaseClient._make_api_call

    def careless(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "GetObject":
            bucket.put("drops/people.csv", "id\n2\n", NOON)
            arguments = {name: value for name, value in arguments.items() if name != "IfMatch"}
        return answered(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", careless)
    run = land(zone)
    assert (run.code, zone.manifests()) == (1, {})
    assert run.err.startswith("not landed: people.csv: it was changed while it was read")


@pytest.mark.parametrize(("broken", "lands"), [(2, True), (3, False)])
@pytest.mark.parametrize("how", ["short", "other bytes", "error"])
def test_bytes_that_break_off_are_asked_for_again_up_to_a_bound(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, broken: int, lands: bool, how: str
) -> None:
    """Of an object with a checksum boto3 notices by itself, of one without only its size tells."""
    unchecked = bucket.service("s3", config=Config(request_checksum_calculation="when_required"))
    client = unchecked if how == "short" else bucket.client
    client.put_object(Bucket=BUCKET, Key="drops/people.csv", Body=b"id\n" + b"1\n" * 99)
    left = broken
    original = StreamingBody.read

    def read(body: StreamingBody, amt: int | None = None) -> bytes:
        nonlocal left
        content = original(body, amt)
        if left == 0 or not content:
            return content
        left -= 1
        if how == "error":
            raise ConnectionResetError
        return content[:50] if how == "short" else content.replace(b"1", b"2")

    monkeypatch.setattr(StreamingBody, "read", read)
    run = land(zone)
    assert run.code == (0 if lands else 1)
    assert zone.values("id", "people") == ["1"] * 99 * lands
    assert run.err == ("" if lands else "not landed: people.csv: its bytes broke off 3 times: run again\n")
    assert bucket.got() == ["drops/people.csv"] * 3


def test_an_archived_object_is_named(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n", StorageClass="GLACIER")
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n', StorageClass="GLACIER_IR")
    run = land(zone)
    assert (run.code, run.err) == (1, "not landed: people.csv: it is archived: restore it in the bucket first\n")
    assert zone.values("id") == ["1"]


def test_a_disk_that_is_full_is_one_line_and_loses_nothing(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n" + "1\n" * 30_000)
    bucket.put("drops/events/1.jsonl", '{"id": 1}\n')
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, hard))
    try:
        with pytest.raises(UserError, match="File too large") as told:
            command.main(["shop", DROPS])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(str(told.value).splitlines()) == 1
    assert (zone.manifests(), leftovers(zone)) == ({}, [])
    assert land(zone).code == 0
    assert len(zone.values("id", "people")) == 30_000


@pytest.mark.parametrize(
    ("changed", "place", "told"),
    [
        ({}, "s3://nowhere-at-all/drops", "s3://nowhere-at-all: there is no such bucket"),
        ({}, f"{DROPS}/none", f"{DROPS}/none/: no object of shop in it (expected events/*.jsonl, "),
        ({}, "s3://", "an s3:// path names no bucket: write s3://BUCKET/PREFIX"),
        ({}, f"s3://{KEY_ID}:{SECRET}@deliveries/drops", "an s3:// path names no bucket: write s3://BUCKET/PREFIX"),
        (
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""},
            DROPS,
            f"{DROPS}: there are no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        ),
        (
            {"AWS_ENDPOINT_URL": f"http://someone:{SECRET.replace('/', '%2F')}@127.0.0.1:9"},
            DROPS,
            f"{DROPS}: 127.0.0.1:9 does not answer (EndpointConnectionError): see AWS_ENDPOINT_URL, and run again",
        ),
        ({"AWS_ENDPOINT_URL": "nonsense"}, DROPS, "AWS_ENDPOINT_URL or AWS_REGION cannot be used"),
        ({"AWS_PROFILE": "nobody"}, DROPS, "the AWS settings cannot be used (ProfileNotFound): see .env.example"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(
    zone: Zone,
    url: str,
    settings: None,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    place: str,
    told: str,
) -> None:
    Bucket(url)
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
        if not value:
            monkeypatch.delenv(name)
    run = land(zone, place)
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith(f"error: {told}")
    assert len(run.err.splitlines()) == 1
    assert not any(secret in run.err for secret in (KEY_ID, SECRET, SECRET.replace("/", "%2F"), TOKEN))
    assert (zone.manifests(), leftovers(zone) if zone.source.exists() else []) == ({}, [])


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (
            403,
            "<Error><Code>AccessDenied</Code><Message>{sent}</Message></Error>",
            "access is denied: who lists it needs",
        ),
        (403, "<Error><Code>InvalidAccessKeyId</Code></Error>", "does not take these credentials (InvalidAccessKeyId)"),
        (301, "<Error><Code>PermanentRedirect</Code></Error>", "the bucket is in another region: set AWS_REGION"),
        (307, "<Error><Code>PermanentRedirect</Code></Error>", "does not speak S3"),
        (503, "<Error><Code>SlowDown</Code></Error>", "the endpoint answers SlowDown: run again"),
        (
            400,
            "<Error><Code>{sent}</Code><Message>{sent}</Message></Error>",
            "the endpoint answers an error: run again",
        ),
        (200, "<html>{sent}", "the endpoint answers 500: run again"),
        (200, "<ListBucketResult><Contents><Size>1</Size></Contents></ListBucketResult>", "does not speak S3"),
    ],
)
def test_what_an_endpoint_answers_is_told_by_its_code_alone(
    zone: Zone, settings: None, monkeypatch: pytest.MonkeyPatch, status: int, body: str, told: str
) -> None:
    """An endpoint may answer with what it was sent: the token, the key's id."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = "".join(f"{name}: {value} " for name, value in self.headers.items())
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.format(sent=sent).encode())

        def do_HEAD(self) -> None:
            self.send_response(403 if status == 301 else status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        run = land(zone)
        server.shutdown()
    assert run.code == 1
    assert told in run.err
    assert len(run.err.splitlines()) == 1
    assert not any(secret in run.err for secret in (KEY_ID, SECRET, TOKEN))


def test_local_files_and_a_bucket_are_not_landed_together(zone: Zone, bucket: Bucket) -> None:
    zone.file("people.csv", "id\n1\n")
    run = land(zone, str(zone.drop), DROPS)
    told = "error: local files and s3:// are given together: land them in two runs, each is a delivery\n"
    assert (run.code, run.err) == (1, told)
    assert not zone.source.exists()


def test_without_boto3_one_line_says_what_to_install(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    run = land(zone)
    told = "error: boto3 is not installed, which reads s3://: pip install -c constraints.txt '.[s3]'\n"
    assert (run.code, run.err) == (1, told)


def test_a_note_of_what_was_fetched_that_cannot_be_read_is_one_line(zone: Zone, bucket: Bucket) -> None:
    bucket.put("drops/people.csv", "id\n1\n")
    assert land(zone).code == 0
    (zone.source / ".fetched").write_text("{")
    run = land(zone)
    assert run.code == 1
    assert re.fullmatch(
        r"error: .*/\.fetched: not readable \(.*\): remove it; objects that are in no .* then fetched again\n",
        run.err,
    )


def test_no_secret_is_told_or_kept(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    bucket.put("drops/events/1.jsonl.gz", b"x", MORNING)
    bucket.put("drops/notes.txt", "x", MORNING)
    runs = [land(zone), land(zone, DROPS, "--json")]
    bucket.put("drops/people.csv", "id\n1\n", NOON)
    runs += [land(zone), land(zone, DROPS, "--dry-run", "--json")]
    kept = [path.read_bytes() for path in zone.source.rglob("*") if path.is_file()]
    assert len(zone.manifests()) == 1
    assert (zone.source / ".fetched").exists()
    rows = [zone.rows(name) for name in ("people", "events", "_files", "_rejected")]
    told = [run.out + run.err for run in runs] + [caplog.text, str(rows)]
    for secret in (KEY_ID, SECRET, TOKEN):
        assert not any(secret in text for text in told)
        assert not any(secret.encode() in content for content in kept)


# ---------------------------------------------------------------- what an administrator applies


def test_the_policy_of_the_docs_is_enough_and_no_more(
    zone: Zone, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint of the tests checks actions and resources, and ignores conditions."""
    bucket.put("drops/people.csv", "id\n1\n")
    bucket.put("private/people.csv", "id\n2\n")
    policy = (PROJECT / "docs" / "s3" / "policy.json").read_text().replace("example-deliveries", BUCKET)
    iam = bucket.service("iam")
    iam.create_user(UserName="landing")
    iam.put_user_policy(UserName="landing", PolicyName="drops", PolicyDocument=policy)
    key = iam.create_access_key(UserName="landing")["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    monkeypatch.setattr(fetch, "store", objects.store)
    with bucket.checking_rights():
        assert land(zone).code == 0
        run = land(zone, f"s3://{BUCKET}/private")
        reason = "access is denied: its reader needs s3:GetObject (docs/s3/policy.json)"
        assert (run.code, run.err) == (1, f"not landed: people.csv: {reason}\n")
        client = objects.store().client
        for act in (client.put_object, client.delete_object):
            with pytest.raises(ClientError, match="AccessDenied"):
                act(Bucket=BUCKET, Key="drops/people.csv")
        with pytest.raises(ClientError, match="AccessDenied"):
            client.list_buckets()
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
        assert "does not take these credentials (SignatureDoesNotMatch)" in land(zone).err
    assert zone.values("id", "people") == ["1"]


def test_the_lifecycle_of_the_docs_is_taken_and_what_is_cold_stays_landed(zone: Zone, bucket: Bucket) -> None:
    given = json.loads((PROJECT / "docs" / "s3" / "lifecycle.json").read_text())
    bucket.client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration=given)
    [rule] = bucket.client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert rule == given["Rules"][0]
    assert [(step["Days"], step["StorageClass"]) for step in rule["Transitions"]] == [
        (30, "STANDARD_IA"),
        (90, "GLACIER_IR"),
    ]


# ---------------------------------------------------------------- killed at any moment


def test_a_run_killed_at_any_step_and_run_again_lands_each_object_once(
    zone: Zone, bucket: Bucket, tmp_path: Path, url: str
) -> None:
    """A corrected object, a new one, a copy of it, and one that is put again with its bytes."""
    bucket.put("drops/people.csv", "id\n1\n", MORNING)
    bucket.put("drops/events/1.csv", "id\n1\n", MORNING)
    assert land(zone).code == 0
    shutil.copytree(zone.root, tmp_path / "before")
    bucket.put("drops/people.csv", "id\n2\n", NOON)
    bucket.put("drops/events/1.csv", "id\n1\n", NOON)
    bucket.put("drops/events/2.csv", 'id\n2\n"bad\n', NOON)
    bucket.put("drops/events/3.csv", 'id\n2\n"bad\n', NOON)
    zones = tmp_path / "zones"
    killed_loads(zone.staging, zones, tmp_path / "before", "shop", DROPS)
    loads = sorted(zones.iterdir())
    assert len(loads) > 40
    names = set()
    for root in loads:
        zone.root, zone.source = root, root / "shop"
        assert [(row["id"], str(row["_delivered_at"])[11:]) for row in zone.rows("people")] == [
            ("1", "06:00:00"),
            ("2", "12:00:00"),
        ], root
        assert zone.values("id") == ["1", "2"], root
        assert [reason for _, reason, _ in zone.rejected()] == ["unclosed_quote"], root
        [_, (_, uris)] = delivered(zone)
        assert uris == [f"{DROPS}/events/2.csv", f"{DROPS}/events/3.csv", f"{DROPS}/people.csv"], root
        noted = json.loads((root / "shop" / ".fetched").read_text())
        assert [each["uri"] for each in noted["landed"]] == sorted(uris), root
        assert [(each["uri"], each["last_modified"]) for each in noted["without_news"]] == [
            (f"{DROPS}/events/1.csv", "2026-03-25T12:00:00.000000Z")
        ], root
        assert leftovers(zone) == [], root
        names.add(str(sorted(path.relative_to(root) for path in (root / "shop").rglob("*"))))
    assert len(names) == 1

"""Backup and restore of files: what is kept, what a day costs, what is refused. test_restore.py restores warehouses."""

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
import pytest

from duckhouse.backup import make, manifests
from duckhouse.backup.chunks import CHUNK
from duckhouse.landing.zone import Zone
from duckhouse.sources import load_source
from scripts import backup, restore
from support.bucket import BUCKET, KEY_ID, SECRET, Bucket
from support.lake import ONE, ZERO, lake, places, rows
from support.postgres import Extraction, counts
from support.warehouse import called
from tools.campaigns.kills.buckets import endpoint

DELIVERY = "landing/reviews/delivery=20260101T060000000000Z-00000000"


@dataclass(frozen=True)
class House:
    """Places with some data, and a place for backups."""

    folder: Path

    @property
    def place(self) -> Path:
        return self.folder / "backups"

    @property
    def duckdb(self) -> Path:
        return self.folder / "house.duckdb"

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def back_up(self, *words: str, place: str = "") -> dict[str, Any]:
        done = called(lambda: backup.main(["--to", place or str(self.place), "--json", *words]))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, main: Callable[..., int], *words: str) -> str:
        """What the command says that ends with 1."""
        done = called(lambda: main([*words, "--to" if main is backup.main else "--from", str(self.place)]))
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        return line.removeprefix("error: ").replace(str(self.folder), "")

    def restore(self, *words: str, place: str = "") -> None:
        done = called(lambda: restore.main(["--from", place or str(self.place), *words]))
        assert done.returncode == 0, done.stderr

    def files(self) -> dict[str, bytes]:
        """All that a backup keeps, with its content."""
        found = (path for root in (self.duckdb, self.landing) for path in [root, *root.rglob("*")] if path.is_file())
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in found
            if not path.name.endswith(".lock")
        }

    def lose(self) -> None:
        """Everything but the backups."""
        self.duckdb.unlink()
        shutil.rmtree(self.landing)

    def chunk(self) -> Path:
        return max((self.place / "chunks").rglob("*/*"), key=lambda path: path.stat().st_size)

    def execute(self, sql: str) -> None:
        with duckdb.connect(str(self.duckdb)) as connection:
            connection.execute(sql)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    made = House(tmp_path)
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(made.landing))
    monkeypatch.setenv("DUCKHOUSE_DUCKDB", str(made.duckdb))
    monkeypatch.setenv("DUCKHOUSE_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("DUCKHOUSE_LAKE_CATALOG", "")
    made.execute("create table numbers as select hash(i) as number from range(1_000_000) as range(i)")
    (tmp_path / DELIVERY).mkdir(parents=True)
    (tmp_path / DELIVERY / "manifest.json").write_text("{}")
    (tmp_path / DELIVERY / "empty.parquet").touch()
    return made


def test_what_is_restored_is_what_was_backed_up(house: House) -> None:
    done = house.back_up()
    before = house.files()
    assert before.keys() >= {"house.duckdb", f"{DELIVERY}/manifest.json", f"{DELIVERY}/empty.parquet"}
    assert done["bytes"] == sum(map(len, before.values()))
    house.lose()
    house.restore()
    assert house.files() == before
    modes = {stat.S_IMODE(path.stat().st_mode) for path in house.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}


def test_a_day_costs_what_is_new_in_it(house: House) -> None:
    first = house.back_up()
    assert first["new_bytes"] > 7 * CHUNK  # a million random numbers of eight bytes
    again = house.back_up()
    assert (again["new_chunks"], again["files"], again["bytes"]) == (0, first["files"], first["bytes"])
    house.execute("insert into numbers values (1)")
    (house.folder / DELIVERY / "more.json").write_text("[]")
    more = house.back_up()
    assert (more["files"], 2 <= more["new_chunks"] <= 4) == (first["files"] + 1, True)
    # an untouched file is not read again
    os.utime(house.duckdb, ns=(0, 0))
    (house.landing / "reviews" / ".lock").touch()
    assert house.back_up()["new_chunks"] == 0


def test_each_backup_is_there_until_it_is_removed(house: House) -> None:
    first = house.back_up()["backup"]
    before = house.files()
    house.execute("create or replace table numbers as select hash(-i) as number from range(1_000_000) as range(i)")
    second = house.back_up()["backup"]
    size = sum(path.stat().st_size for path in house.place.rglob("*") if path.is_file())
    house.lose()
    house.restore("--backup", first)
    assert house.files() == before
    listed = called(lambda: restore.main(["--from", str(house.place), "--list"]))
    assert listed.stdout.split() == [first, second]
    third = house.back_up("--keep", "1")
    assert third["removed"] == [first, second]
    assert sum(path.stat().st_size for path in house.place.rglob("*") if path.is_file()) < 0.6 * size
    house.lose()
    house.restore()
    assert house.files() == before


def test_a_killed_backup_counts_for_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = house.back_up()["backup"]
    before = house.files()
    house.execute("create or replace table numbers as select 1 as number")
    with monkeypatch.context() as patch:
        patch.setattr(manifests, "save", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        killed = called(lambda: backup.main(["--to", str(house.place)]))
    assert (killed.returncode, killed.stderr) == (130, "error: interrupted\n")
    (house.place / ".new").write_bytes(b"half")
    house.lose()
    house.restore()
    assert house.files() == before
    assert called(lambda: restore.main(["--from", str(house.place), "--list"])).stdout.split() == [whole]


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("spoil", "told"), [(cut, "is damaged"), (flip, "is damaged"), (Path.unlink, "is missing")])
def test_a_spoilt_chunk_is_named_and_nothing_is_touched(house: House, spoil: Callable[[Path], None], told: str) -> None:
    house.back_up()
    chunk = house.chunk()
    spoil(chunk)
    house.lose()
    name = chunk.relative_to(house.folder)
    said = f"/{name} {told}, and holds a part of duckdb/house.duckdb: nothing is restored; use another backup"
    assert house.refused(restore.main) == house.refused(restore.main, "--check") == said
    assert [path.name for path in house.folder.iterdir()] == ["backups"]


@pytest.mark.parametrize("spoil", [cut, flip])
def test_a_spoilt_manifest_is_named(house: House, spoil: Callable[[Path], None]) -> None:
    identity = house.back_up()["backup"]
    spoil(house.place / "backups" / f"{identity}.json")
    said = f"/backups/backups/{identity}.json is damaged: nothing is restored; use another backup"
    assert house.refused(restore.main) == said


@pytest.mark.parametrize("name", ["notes.txt", "chunks/ab/ab", "backups/20260101T000000000000Z.json"])
def test_a_file_that_belongs_to_no_backup_is_named(house: House, name: str) -> None:
    house.back_up()
    (house.place / name).parent.mkdir(exist_ok=True)
    (house.place / name).touch()
    said = f"/backups/{name} is no file of a backup: move it away, or name another place"
    assert house.refused(restore.main) == house.refused(backup.main) == said


def test_a_place_without_the_backup_is_refused(house: House) -> None:
    assert house.refused(restore.main) == "/backups: holds no backup"
    house.back_up()
    assert house.refused(restore.main, "--backup", "20260101") == "/backups: holds no backup 20260101"


def test_a_name_that_leads_elsewhere_is_refused(house: House) -> None:
    house.back_up()
    [path] = (house.place / "backups").iterdir()
    document = json.loads(path.read_text())
    document["files"]["landing/../../x"] = document["files"].pop(f"{DELIVERY}/manifest.json")
    content = json.dumps(document).encode()
    path.unlink()
    (path.parent / f"20260101T000000000000Z-{sha256(content).hexdigest()}.json").write_bytes(content)
    house.lose()
    assert house.refused(restore.main) == "'landing/../../x' is outside of the backup: nothing is restored"


@pytest.mark.parametrize(
    ("lost", "in_the_way", "setting"),
    [
        ("landing", "house.duckdb", "DUCKHOUSE_DUCKDB"),
        ("house.duckdb", f"{DELIVERY}/empty.parquet", "DUCKHOUSE_LANDING"),
    ],
)
def test_nothing_is_overwritten(house: House, lost: str, in_the_way: str, setting: str) -> None:
    house.back_up()
    shutil.rmtree(house.folder / lost) if lost == "landing" else house.duckdb.unlink()
    before = set(house.folder.rglob("*"))
    said = house.refused(restore.main)
    assert said.startswith(f"/{in_the_way} is in the way: ")
    assert said.endswith(setting)
    assert set(house.folder.rglob("*")) == before


def test_what_a_crash_left_of_the_database_is_in_the_way(house: House) -> None:
    house.back_up()
    house.lose()
    Path(f"{house.duckdb}.wal").touch()
    assert house.refused(restore.main).startswith("/house.duckdb.wal is in the way")


def test_the_database_keeps_its_name(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.back_up()
    house.lose()
    monkeypatch.setenv("DUCKHOUSE_DUCKDB", str(house.folder / "other.duckdb"))
    assert re.match(
        "DUCKHOUSE_DUCKDB is .*/other.duckdb: its views know the file as house.duckdb", house.refused(restore.main)
    )


def test_a_prepared_landing_zone_is_not_in_the_way(house: House) -> None:
    house.back_up()
    before = house.files()
    house.lose()
    with Zone(load_source("reviews")).session():
        pass
    house.restore()
    assert house.files() == before


def test_a_load_a_build_and_another_backup_keep_it_waiting(house: House) -> None:
    with Zone(load_source("reviews")).session():
        assert "another load is running on /landing/reviews" in house.refused(backup.main)
    with make.held(make.state_path(make.LOCK)):
        assert house.refused(backup.main) == "another backup is running: wait for it to end"
    hold = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", hold, str(house.duckdb)], **pipes) as build:
        build.stdout.readline()
        assert "house.duckdb is open in another process" in house.refused(backup.main)
        build.stdin.close()
    assert house.back_up()["files"]


def test_a_build_is_kept_out_while_its_file_is_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of DuckDB is that of a process, and ends with the first file that the process closes."""
    told = []
    connect = "import sys, duckdb; duckdb.connect(sys.argv[1])"
    keep = make.Making.stream

    def while_it_is_read(making: make.Making, name: str, *more: Any) -> None:
        keep(making, name, *more)
        if name.startswith("duckdb/"):
            ran = subprocess.run([sys.executable, "-c", connect, str(house.duckdb)], capture_output=True, text=True)
            told.append(ran.stderr)

    monkeypatch.setattr(make.Making, "stream", while_it_is_read)
    house.back_up()
    assert ["Could not set lock" in each for each in told] == [True]


def test_what_was_announced_is_kept_as_it_was_committed(house: House) -> None:
    path = make.state_path("alerts.sqlite")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("create table announced (key text)")
        connection.execute("insert into announced values ('told')")
        connection.execute("begin")
        connection.execute("insert into announced values ('not yet')")
        house.back_up()
        connection.execute("rollback")
    house.lose()
    house.restore()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("select * from announced").fetchall() == [("told",)]


def test_a_bucket_holds_backups(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with endpoint() as url:
        for name, value in {"AWS_ENDPOINT_URL": url, **known}.items():
            monkeypatch.setenv(name, value)
        bucket = Bucket(url)
        place = f"s3://{BUCKET}/backups"
        house.back_up(place=place)
        house.execute("insert into numbers values (1)")
        assert house.back_up("--keep", "1", place=place)["new_chunks"] < 5
        before = house.files()
        house.lose()
        house.restore(place=place)
        assert house.files() == before
        listed = [each["Key"] for each in bucket.client.list_objects_v2(Bucket=BUCKET)["Contents"]]
        gone = next(key for key in listed if "/chunks/" in key)
        bucket.client.delete_object(Bucket=BUCKET, Key=gone)
        done = called(lambda: restore.main(["--from", place, "--check"]))
        assert (done.returncode, done.stderr.split(" is ")[0]) == (1, f"error: s3://{BUCKET}/{gone}")


def test_a_lake_is_restored_in_its_place_and_consumption_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    where = house.folder / "lake"
    with lake(where) as opened:
        opened.write(rows([0, 1, 2], invalid=[1]), {}, {ZERO: 3})
        opened.write(rows([7], ONE), {}, {ONE: 8})
        at_backup = (places(opened), opened.offsets())
        house.back_up()
        opened.write(rows([3, 4]), {ZERO: 3}, {ZERO: 5})
        later = (places(opened), opened.offsets())
    house.lose()
    shutil.rmtree(where)
    with monkeypatch.context() as patch:
        patch.setenv("DUCKHOUSE_LAKE", str(house.folder / "elsewhere"))
        assert "can only be restored in /lake" in house.refused(restore.main)
    house.restore()
    with lake(where) as opened:
        assert (places(opened), opened.offsets()) == at_backup
        opened.write(rows([3, 4]), {ZERO: 3}, {ZERO: 5})
        assert (places(opened), opened.offsets()) == later
    shutil.rmtree(house.landing)
    house.duckdb.unlink()
    assert house.refused(restore.main) == "/lake is in the way: move it away"


def test_a_copy_of_a_lake_is_refused(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake(house.folder / "lake") as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
    shutil.copytree(house.folder / "lake", house.folder / "copy")
    monkeypatch.setenv("DUCKHOUSE_LAKE", str(house.folder / "copy"))
    assert house.refused(backup.main).endswith("so a lake cannot be moved or copied")


def test_a_lake_elsewhere_is_left_out_and_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUCKHOUSE_LAKE", f"s3://{BUCKET}/lake")
    assert house.back_up()["left_out"].startswith("the lake is not in this backup")


def test_what_is_known_of_a_database_is_restored(shop: Extraction, house: House) -> None:
    """The landing zone of `house`, which is the later fixture: the next run finds only what is new since the backup."""
    shop.run()
    house.back_up()
    shop.sql("insert into clicks (campaign_id) values (1)")
    shop.run()
    house.lose()
    house.restore()
    shop.sql("delete from impressions where id = 3")
    shop.check(again := shop.run())
    assert counts(again) == {"impressions": (0, 0, 1), "clicks": (1, 0, 0)}


def test_a_slot_that_is_ahead_of_what_was_restored_leads_to_a_comparison(shop: Extraction, house: House) -> None:
    shop.run("cdc")
    house.back_up()
    shop.sql("insert into clicks (campaign_id) values (1)")
    shop.run("cdc")
    house.lose()
    house.restore()
    shop.sql("insert into clicks (campaign_id) values (2)")
    shop.check(again := shop.run("cdc"))
    assert counts(again) == {"clicks": (2, 0, 0)}

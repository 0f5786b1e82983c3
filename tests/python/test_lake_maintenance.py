"""Maintenance of the lake: rows and offsets stay, files and snapshots become few, and every engine reads the same."""

import json
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.table import Table

from duckhouse.cli import UserError
from duckhouse.settings import environment
from duckhouse.streaming.lake import compaction, expiry, iceberg, leftovers
from duckhouse.streaming.lake.compaction import compact
from duckhouse.streaming.lake.expiry import expire
from duckhouse.streaming.lake.iceberg import Lake
from duckhouse.streaming.lake.leftovers import NOTES, remove_leftovers
from duckhouse.streaming.lake.maintenance import Maintained, maintain
from duckhouse.streaming.lake.scans import in_order
from duckhouse.streaming.lake.status import status, tables
from scripts.lake import main
from support.lake import NOON, ONE, ZERO, by_clickhouse, by_duckdb, content, lake, places, rows, with_column

NEXT_DAY = NOON + timedelta(days=1)
HOUR = timedelta(hours=1)
SUMS = "count(*), sum(_offset), sum(temperature), count(_fault), count(battery), sum(battery), count(device_id)"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Lake]:
    with lake(tmp_path) as made:
        yield made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of at most four rows, groups of at most eight."""
    monkeypatch.setattr(compaction, "ROWS_OF_A_PIECE", 2)
    monkeypatch.setattr(compaction, "ROWS_OF_A_FILE", 4)
    monkeypatch.setattr(compaction, "ROWS_OF_A_GROUP", 8)
    monkeypatch.setattr(compaction, "ROWS_OF_A_SMALL_FILE", 2)
    monkeypatch.setattr(compaction, "SMALL_FILES", 3)


def write(opened: Lake, start: int, end: int, at: datetime = NOON, **named: Any) -> None:
    opened.write(rows(range(start, end), at=at, **named), opened.offsets(), {ZERO: end})


def files(opened: Lake) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = opened.table.refresh().inspect.files().to_pylist()
    return found


def test_a_closed_day_is_sorted_once(opened: Lake) -> None:
    write(opened, 0, 3)
    write(opened, 3, 6, invalid=[4])
    write(opened, 6, 7, at=NEXT_DAY)
    before = content(opened)
    assert compact(opened.table, NEXT_DAY) == 2
    [day, other] = sorted(files(opened), key=lambda file: -file["record_count"])
    assert (day["record_count"], day["sort_order_id"], other["record_count"]) == (6, 1, 1)
    order = [(row["device_id"], row["_offset"]) for row in opened.table.scan().to_arrow().to_pylist()]
    # by device, then by the time of measuring, which is the later the lower the offset; the invalid row has neither
    sorted_day = [(None, 4), ("device-0", 3), ("device-0", 0), ("device-1", 1), ("device-2", 5), ("device-2", 2)]
    assert [entry for entry in order if entry[1] < 6] == sorted_day
    assert (content(opened), opened.offsets()) == (before, {ZERO: 7})
    assert compact(opened.table, NEXT_DAY) == 0


def test_a_compaction_that_fails_leaves_no_rows_on_the_disk(
    opened: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError("read-only")

    write(opened, 0, 3)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(compaction, "file_of", refused)
    with pytest.raises(OSError, match="read-only") as raised:
        compact(opened.table, NEXT_DAY)
    assert list(scratch.iterdir()) == [], raised  # which holds what was going on then


def test_a_day_is_closed_an_hour_after_its_end(opened: Lake) -> None:
    write(opened, 0, 1)
    midnight = NEXT_DAY.replace(hour=0)
    assert compact(opened.table, midnight + HOUR - timedelta(seconds=1)) == 0
    assert compact(opened.table, midnight + HOUR) == 1


@pytest.mark.usefixtures("small")
def test_small_files_of_the_day_that_lasts_are_put_together(opened: Lake) -> None:
    write(opened, 0, 2)  # large enough
    write(opened, 2, 3)
    write(opened, 3, 4)
    assert compact(opened.table, NOON) == 0
    write(opened, 4, 5)
    assert compact(opened.table, NOON) == 3
    assert sorted(file["record_count"] for file in files(opened)) == [2, 3]
    assert places(opened) == [(0, offset) for offset in range(5)]


@pytest.mark.usefixtures("small")
def test_what_is_written_together_is_bounded(opened: Lake) -> None:
    for start in range(0, 20, 5):
        write(opened, start, start + 5)
    assert compact(opened.table, NEXT_DAY, most=1) == 1
    assert sorted(file["record_count"] for file in files(opened)) == [1, 4, 5, 5, 5]
    assert compact(opened.table, NEXT_DAY) == 3
    assert places(opened) == [(0, offset) for offset in range(20)]


def test_a_replay_into_a_closed_day_is_sorted_too(opened: Lake) -> None:
    write(opened, 0, 2)
    maintain(opened.table, NEXT_DAY)
    opened.add(rows([5]))
    assert compact(opened.table, NEXT_DAY) == 1
    assert places(opened) == [(0, 0), (0, 1), (0, 5)]


def test_a_repair_keeps_a_sorted_file_sorted(opened: Lake) -> None:
    write(opened, 0, 4, invalid=[1])
    compact(opened.table, NEXT_DAY)
    assert opened.repair(rows([1])) == 1
    devices = [row["device_id"] for row in opened.table.refresh().scan().to_arrow().to_pylist()]
    assert devices == ["device-0", "device-0", "device-1", "device-2"]
    assert compact(opened.table, NEXT_DAY) == 0


def test_a_compaction_beside_a_writer(opened: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(opened, 0, 1)
    write(opened, 1, 2)
    with lake(tmp_path) as other:
        act_before_commit(monkeypatch, compaction, lambda: write(other, 2, 3))
        assert compact(opened.table, NEXT_DAY) == 2
    assert (places(opened), opened.offsets()) == ([(0, 0), (0, 1), (0, 2)], {ZERO: 3})


def test_a_compaction_beside_a_repair_gives_way(opened: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(opened, 0, 2, invalid=[1])
    with lake(tmp_path) as other:
        act_before_commit(monkeypatch, compaction, lambda: other.repair(rows([1])))
        assert compact(opened.table, NEXT_DAY) == 0
    assert content(opened) == rows([0, 1]).to_pylist()
    assert len(data_files(opened.table)) == 2  # the repaired one, and that of the snapshot before


def test_snapshots_that_are_kept(opened: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three each hour over three days: the last two, the last of two hours, the last of two days."""
    monkeypatch.setattr(expiry, "LATEST", 2)
    monkeypatch.setattr(expiry, "HOURS", 2)
    monkeypatch.setattr(expiry, "DAYS", 2)
    made = [
        NOON + timedelta(days=day, hours=hour, minutes=20 * part)
        for day in range(3)
        for hour in (0, 1)
        for part in range(3)
    ]
    for number, at in enumerate(made):
        write_at(opened, number, at, monkeypatch)
    assert expire(opened.table, NEXT_DAY) == 14
    # the last of the second day, the last of hour 12 of the third, and the last two of its hour 13
    assert [snapshot_number(each) for each in opened.table.refresh().snapshots()] == [11, 14, 16, 17]
    assert expire(opened.table, NEXT_DAY) == 0
    assert (len(places(opened)), opened.offsets()) == (18, {ZERO: 18})


def test_tags_and_offsets_outlive_expiry(opened: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LATEST", "HOURS", "DAYS"):
        monkeypatch.setattr(expiry, name, 1)
    write(opened, 0, 1)
    tagged = opened.table.refresh().current_snapshot()
    assert tagged
    opened.table.manage_snapshots().create_tag(tagged.snapshot_id, "audit").commit()
    write(opened, 1, 2)
    write(opened, 2, 3)
    opened.table.refresh().overwrite(opened.table.scan().to_arrow())  # another program's: two snapshots without offsets
    assert expire(opened.table, NEXT_DAY) == 1  # the second write
    assert opened.offsets() == {ZERO: 3}
    assert opened.table.scan(snapshot_id=tagged.snapshot_id).count() == 1


def test_leftovers_are_removed_a_day_after_they_are_seen(opened: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LATEST", "HOURS", "DAYS"):
        monkeypatch.setattr(expiry, name, 1)
    write(opened, 0, 2)
    write(opened, 2, 4)
    data = data_files(opened.table)
    compact(opened.table, NEXT_DAY)
    assert remove_leftovers(opened.table, NEXT_DAY) == 0
    assert expire(opened.table, NEXT_DAY) == 2
    begun = NEXT_DAY + HOUR
    assert remove_leftovers(opened.table, begun) == 0
    assert data < data_files(opened.table)
    assert remove_leftovers(opened.table, begun + timedelta(hours=23)) == 0
    assert remove_leftovers(opened.table, begun + timedelta(days=1)) > 2
    assert not data & data_files(opened.table)
    assert places(opened) == [(0, offset) for offset in range(4)]
    write(opened, 4, 5, at=NEXT_DAY)
    assert len(places(opened)) == 5


def test_files_of_a_commit_in_progress_are_left(opened: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    write(opened, 0, 1)
    remove_leftovers(opened.table, NOON - timedelta(days=30))

    def maintained() -> None:
        assert remove_leftovers(opened.table, NOON) == 0
        assert remove_leftovers(opened.table, NOON + timedelta(hours=23)) == 0

    act_before_commit(monkeypatch, iceberg, maintained)
    write(opened, 1, 2)
    assert remove_leftovers(opened.table, NOON + timedelta(days=2)) == 0
    assert places(opened) == [(0, 0), (0, 1)]


def test_a_folder_is_looked_through_once_an_hour(opened: Lake) -> None:
    write(opened, 0, 1)
    notes = Path(opened.table.location()) / NOTES
    remove_leftovers(opened.table, NOON, always=False)
    assert json.loads(notes.read_text())["looked"] == NOON.isoformat()
    remove_leftovers(opened.table, NOON + HOUR - timedelta(seconds=1), always=False)
    assert json.loads(notes.read_text())["looked"] == NOON.isoformat()
    remove_leftovers(opened.table, NOON + HOUR, always=False)
    assert json.loads(notes.read_text())["looked"] == (NOON + HOUR).isoformat()


def test_notes_that_are_cut_short_are_begun_anew(opened: Lake) -> None:
    write(opened, 0, 1)
    stray = Path(opened.table.location()) / "data" / "stray.parquet"
    stray.touch()
    remove_leftovers(opened.table, NOON)
    (Path(opened.table.location()) / NOTES).write_text('{"looked": "2026')
    assert remove_leftovers(opened.table, NOON + leftovers.AGE) == 0
    assert remove_leftovers(opened.table, NOON + 2 * leftovers.AGE) == 1
    assert not stray.exists()


def test_all_engines_agree_after_evolution_repair_and_maintenance(
    opened: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expected by hand: offsets 0 to 9 sum to 45; 3 and 7 are invalid, until 3 is repaired; 8 and 9 have a battery."""
    wider = with_column("battery", "number")
    write(opened, 0, 4, invalid=[3])
    write(opened, 4, 8, invalid=[7])
    seen: list[tuple[Any, ...]] = []
    with lake(tmp_path, wider) as other:
        write(other, 8, 10, entity=wider, battery=1.5)
        evolved = see(tmp_path, seen)
        assert other.repair(rows([3], entity=wider, battery=0.25)) == 1
        repaired = see(tmp_path, seen)
        assert compact(other.table, NEXT_DAY) == 3
        compacted = see(tmp_path, seen)
        assert by_clickhouse([evolved, repaired, compacted], SUMS) == seen
        for name in ("LATEST", "HOURS", "DAYS"):
            monkeypatch.setattr(expiry, name, 1)
        for days in (2, 3, 4):
            done = maintain(other.table, NOON + timedelta(days=days))
        assert done == Maintained(0, 0, 0)
        write(other, 10, 11, entity=wider, at=NOON + timedelta(days=4))
        maintained = see(tmp_path, seen)
    assert seen == [
        (10, 45, 35.0, 2, 2, 3.0, 8),
        (10, 45, 38.0, 1, 3, 3.25, 9),
        (10, 45, 38.0, 1, 3, 3.25, 9),
        (11, 55, 48.0, 1, 3, 3.25, 10),
    ]
    assert by_clickhouse([maintained], SUMS) == seen[-1:]


def test_status_says_what_is_in(opened: Lake, tmp_path: Path) -> None:
    write(opened, 0, 3)
    opened.write(rows([8], ONE), opened.offsets(), {ONE: 9})
    [told] = [status(table) for table in tables(["telemetry"])]
    offsets = f'{{"{ZERO.topic_id}":{{"0":3,"1":9}}}}'
    counted = {"table": "telemetry.readings", "rows": 4, "files": 2, "snapshots": 2, "offsets": offsets}
    assert told == {**counted, "metadata": opened.table.refresh().metadata_location}


def test_the_command_shows_and_maintains(opened: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    write(opened, 0, 2)
    assert main(["telemetry"]) == 0
    shown = capsys.readouterr().out
    assert "rows        2\n" in shown
    assert f"iceberg_scan('{opened.table.refresh().metadata_location}')" in shown
    assert main(["--maintain", "--json"]) == 0  # its clock is today's: the day of the rows is closed
    done = {"table": "telemetry.readings", "rewritten": 1, "expired": 0, "removed": 0}
    assert json.loads(capsys.readouterr().out) == [done]


def test_a_lake_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    named = {"DUCKHOUSE_LAKE": str(tmp_path / "none"), "DUCKHOUSE_LAKE_CATALOG": ""}
    with environment(named), pytest.raises(UserError, match="there is no lake in"):
        main([])
    assert not (tmp_path / "none").exists()


def see(folder: Path, seen: list[tuple[Any, ...]]) -> Table:
    """Notes what DuckDB and pyiceberg read, which is the same."""
    with lake(folder) as opened:
        found = by_pyiceberg(opened.table)
        assert by_duckdb(opened.table, SUMS) == found
        seen.append(found)
        return opened.table


def by_pyiceberg(table: Table) -> tuple[Any, ...]:
    found = table.scan().to_arrow().to_pydict()
    present = {name: [value for value in values if value is not None] for name, values in found.items()}
    sums = [sum(present[name]) for name in ("_offset", "temperature")]
    batteries = present["battery"]
    return (
        len(found["_offset"]),
        *sums,
        len(present["_fault"]),
        len(batteries),
        sum(batteries),
        len(present["device_id"]),
    )


def data_files(table: Table) -> set[Path]:
    return {Path(folder) / name for folder, _, names in os.walk(f"{table.location()}/data") for name in names}


def snapshot_number(snapshot: Any) -> int:
    """The number of a write, by the rows that were in after it."""
    return int(snapshot.summary["total-records"]) - 1


def write_at(opened: Lake, number: int, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes a row in a snapshot of that time."""
    with monkeypatch.context() as patched:
        patched.setattr("pyiceberg.table.snapshots.time.time", lambda: at.timestamp())
        write(opened, number, number + 1, at=at)


def act_before_commit(monkeypatch: pytest.MonkeyPatch, module: Any, act: Any) -> None:
    """Lets `act` happen once, when a module has written its files and asks for its commit."""
    kept = module.commit

    def committed(*words: Any, **named: Any) -> None:
        monkeypatch.setattr(module, "commit", kept)
        act()
        kept(*words, **named)

    monkeypatch.setattr(module, "commit", committed)


@pytest.mark.usefixtures("opened")
def test_a_source_that_is_no_stream_has_no_lake() -> None:
    with pytest.raises(UserError, match=r"^source consent is of kind files: a lake is of a stream$"):
        list(tables(["consent"]))


def test_long_values_are_sorted_without_being_held_in_memory_together() -> None:
    columns = pa.schema([("_offset", pa.int64()), ("_value", pa.binary())])
    values = {offset: bytes([offset]) * (3_000_000 if offset % 3 else 10) for offset in range(40)} | {40: None}
    offsets = [(offset * 7) % 41 for offset in range(41)]
    pieces = [pa.table([[offset], [values[offset]]], schema=columns) for offset in offsets]

    sorted_pieces = list(in_order(pieces, columns, ["_offset"]))

    assert {row["_offset"]: row["_value"] for piece in sorted_pieces for row in piece.to_pylist()} == values
    assert [offset for piece in sorted_pieces for offset in piece["_offset"].to_pylist()] == list(range(41))
    assert [piece.schema for piece in sorted_pieces] == [columns] * len(sorted_pieces)
    assert max(piece.nbytes for piece in sorted_pieces) < 70_000_000
    assert len(sorted_pieces) > 1

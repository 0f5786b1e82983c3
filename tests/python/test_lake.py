"""The lake as a store of the consumer: rows and offsets in one commit, replays, repairs, new columns, other writers."""

import stat
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.table.update.snapshot import UpdateSnapshot
from pyiceberg.types import IntegerType, LongType

from duckhouse.cli import UserError
from duckhouse.settings import environment
from duckhouse.streaming.lake.commits import OFFSETS
from duckhouse.streaming.lake.status import tables
from duckhouse.streaming.offsets import Partition
from duckhouse.streaming.rows import schema
from duckhouse.streaming.sink import Overtaken
from support.lake import NOON, ONE, READINGS, TOPIC, ZERO, content, lake, places, rows, with_column


def test_rows_and_offsets_are_in_one_snapshot(tmp_path: Path) -> None:
    with lake(tmp_path / "lake") as opened:
        assert opened.offsets() == {}
        opened.write(rows([0, 1], invalid=[1]), {}, {ZERO: 2, ONE: 0})
        snapshot = opened.table.refresh().current_snapshot()
        assert snapshot and snapshot.summary
        assert snapshot.summary[OFFSETS] == f'{{"{TOPIC}":{{"0":2,"1":0}}}}'
        assert content(opened) == rows([0, 1], invalid=[1]).to_pylist()
    with lake(tmp_path / "lake") as again:
        assert again.offsets() == {ZERO: 2, ONE: 0}


def test_partitions_that_are_not_named_stay(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        opened.write(rows([7], ONE), {ZERO: 1}, {ONE: 8})
        assert opened.offsets() == {ZERO: 1, ONE: 8}


def test_a_topic_made_anew_has_offsets_of_its_own(tmp_path: Path) -> None:
    anew = Partition("of-the-second-topic", 0)
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        opened.write(rows([0], anew), {ZERO: 1}, {anew: 1})
        assert opened.offsets() == {ZERO: 1, anew: 1}
        assert places(opened) == [(0, 0), (0, 0)]


@pytest.mark.parametrize("expected", [{}, {ZERO: 1}, {ZERO: 3}])
def test_a_partition_that_stands_elsewhere_is_overtaken(tmp_path: Path, expected: dict[Partition, int]) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0, 1]), {}, {ZERO: 2})
        with pytest.raises(Overtaken):
            opened.write(rows([1, 2]), expected, {ZERO: 3})
        assert (opened.offsets(), places(opened)) == ({ZERO: 2}, [(0, 0), (0, 1)])


def test_two_writers_of_the_same_messages_write_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake(tmp_path) as first, lake(tmp_path) as second:
        between(monkeypatch, lambda: second.write(rows([0, 1]), {}, {ZERO: 2}))
        with pytest.raises(Overtaken):
            first.write(rows([0, 1]), {}, {ZERO: 2})
        assert (first.offsets(), places(first)) == ({ZERO: 2}, [(0, 0), (0, 1)])


def test_a_writer_of_other_partitions_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake(tmp_path) as first, lake(tmp_path) as second:
        between(monkeypatch, lambda: second.write(rows([4], ONE), {}, {ONE: 5}))
        first.write(rows([0]), {}, {ZERO: 1})
        assert (first.offsets(), places(first)) == ({ZERO: 1, ONE: 5}, [(0, 0), (1, 4)])


def test_nothing_new_is_no_commit(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        opened.write(rows([]), {ZERO: 1}, {ZERO: 1})
        assert len(opened.table.refresh().snapshots()) == 1
        opened.write(rows([]), {ZERO: 1}, {ZERO: 5})
        assert opened.offsets() == {ZERO: 5}


def test_rows_of_a_partition_come_by_offset(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([5, 3, 4]), {}, {ZERO: 6})
        opened.write(rows([2, 0, 1]), {ZERO: 6}, {ZERO: 7})
        opened.write(rows([3], ONE), {}, {ONE: 4})
        found = pa.concat_tables(opened.rows(ZERO, 1, 5))
        assert found == rows([1, 2, 3, 4])
        assert list(opened.rows(ZERO, 6, 9)) == []


def test_invalid_rows_come_with_their_bytes(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0, 1, 2], invalid=[1]), {}, {ZERO: 3})
        opened.write(rows([3]), {ZERO: 3}, {ZERO: 4})
        opened.write(rows([0], ONE, invalid=[0]), {}, {ONE: 1})
        [found] = opened.invalid()
        assert found.sort_by("_partition") == pa.concat_tables([rows([1], invalid=[1]), rows([0], ONE, invalid=[0])])


def test_a_replay_adds_what_is_missing_and_moves_no_offset(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0, 1, 4]), {}, {ZERO: 5})
        read_again = pa.concat_tables([rows(range(6)), rows([0], ONE)])
        assert opened.missing(read_again) == pa.concat_tables([rows([2, 3, 5]), rows([0], ONE)])
        opened.add(read_again)
        opened.add(read_again)
        assert places(opened) == [*((0, offset) for offset in range(6)), (1, 0)]
        assert opened.offsets() == {ZERO: 5}


def test_two_replays_add_a_message_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake(tmp_path) as first, lake(tmp_path) as second:
        between(monkeypatch, lambda: second.add(rows([1, 2])))
        first.add(rows([0, 1]))
        assert places(first) == [(0, 0), (0, 1), (0, 2)]


def test_a_repair_replaces_invalid_rows_of_the_same_place_only(tmp_path: Path) -> None:
    later = NOON.replace(day=28)
    with lake(tmp_path) as opened:
        opened.write(rows([0, 1, 2, 3], invalid=[1, 2]), {}, {ZERO: 4})
        opened.write(rows([1], ONE, invalid=[1]), {}, {ONE: 2})
        files = len(opened.table.inspect.files())
        repaired = rows([0, 1, 9], at=later, humidity=77.0)
        assert opened.repair(repaired) == 1
        assert opened.repair(repaired) == 0
        found = {(row["_partition"], row["_offset"]): row for row in content(opened)}
        assert found[0, 1] == {**rows([1], at=later, humidity=77.0).to_pylist()[0], "_consumed_at": NOON}
        assert found[0, 0] == rows([0]).to_pylist()[0]
        assert [place for place, row in found.items() if row["_fault"]] == [(0, 2), (1, 1)]
        assert opened.offsets() == {ZERO: 4, ONE: 2}
        assert len(opened.table.inspect.files()) == files


def test_a_repair_beside_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake(tmp_path) as first, lake(tmp_path) as second:
        first.write(rows([0, 1], invalid=[0, 1]), {}, {ZERO: 2})
        between(monkeypatch, lambda: second.repair(rows([1])))
        assert first.repair(rows([0, 1])) == 1
        assert content(first) == rows([0, 1]).to_pylist()


def test_a_new_column_is_added_and_old_rows_have_null(tmp_path: Path) -> None:
    wider = with_column("battery", "number")
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        [file] = opened.table.inspect.files()["file_path"].to_pylist()
    with lake(tmp_path, wider) as opened:
        opened.write(rows([1], entity=wider, battery=3.5), {ZERO: 1}, {ZERO: 2})
        assert [row["battery"] for row in content(opened)] == [None, 3.5]
        assert file in opened.table.inspect.files()["file_path"].to_pylist()
        assert next(opened.rows(ZERO, 0, 2)).schema == schema(wider)
    with lake(tmp_path) as opened:  # an older consumer, or a declaration without the column
        opened.write(rows([2], invalid=[2]), {ZERO: 2}, {ZERO: 3})
        assert next(opened.rows(ZERO, 0, 3)).schema == schema(READINGS)
        assert opened.repair(rows([2])) == 1
        assert [row["battery"] for row in content(opened)] == [None, 3.5, None]


def test_a_column_that_iceberg_can_widen_is_widened(tmp_path: Path) -> None:
    wider = with_column("uptime", "integer")
    with lake(tmp_path) as opened, opened.table.update_schema() as update:
        update.add_column("uptime", IntegerType())
    with lake(tmp_path, wider) as opened:
        assert opened.table.schema().find_type("uptime") == LongType()


def test_a_column_of_another_type_is_refused(tmp_path: Path) -> None:
    with lake(tmp_path):
        pass
    wrong = with_column("pressure", "text")
    with (
        pytest.raises(UserError, match=r"^lake telemetry\.readings: column pressure is double .* string") as told,
        lake(tmp_path, wrong),
    ):
        pass
    assert "\n" not in str(told.value)


def test_rows_without_offsets_are_refused(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.table.append(rows([0]))
        for use in (opened.offsets, lambda: opened.write(rows([0]), {}, {ZERO: 1})):
            with pytest.raises(UserError, match="none of its snapshots has offsets"):
                use()
        assert places(opened) == [(0, 0)]


def test_a_snapshot_without_offsets_has_those_of_its_nearest_ancestor(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        opened.write(rows([1]), {ZERO: 1}, {ZERO: 2})
        opened.table.refresh().overwrite(opened.table.scan().to_arrow())  # as a compaction of another program does
        assert opened.offsets() == {ZERO: 2}
        opened.write(rows([2]), {ZERO: 2}, {ZERO: 3})
        assert (opened.offsets(), places(opened)) == ({ZERO: 3}, [(0, 0), (0, 1), (0, 2)])


def test_offsets_follow_a_rollback_by_hand(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
        first = opened.table.refresh().current_snapshot()
        assert first
        opened.write(rows([1]), {ZERO: 1}, {ZERO: 2})
        opened.table.refresh().manage_snapshots().rollback_to_snapshot(first.snapshot_id).commit()
        assert (opened.offsets(), places(opened)) == ({ZERO: 1}, [(0, 0)])
        opened.write(rows([1]), {ZERO: 1}, {ZERO: 2})
        assert (opened.offsets(), places(opened)) == ({ZERO: 2}, [(0, 0), (0, 1)])


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    with lake(tmp_path / "a" / "lake") as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
    assert stat.S_IMODE((tmp_path / "a" / "lake").stat().st_mode) == 0o700


def test_a_lake_that_was_moved_is_refused(tmp_path: Path) -> None:
    with lake(tmp_path / "lake") as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
    (tmp_path / "copy").symlink_to(tmp_path / "lake")
    with lake(tmp_path / "copy") as opened:
        assert opened.offsets() == {ZERO: 1}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "catalog.db").write_bytes((tmp_path / "lake" / "catalog.db").read_bytes())
    with pytest.raises(UserError, match="cannot be moved or copied"), lake(tmp_path / "other"):
        pass
    named = {"DUCKHOUSE_LAKE": str(tmp_path / "other"), "DUCKHOUSE_LAKE_CATALOG": ""}
    with environment(named), pytest.raises(UserError, match="cannot be moved or copied"):
        next(tables(["telemetry"]))  # which maintenance would change


def test_a_folder_of_another_catalog_is_refused(tmp_path: Path) -> None:
    with lake(tmp_path) as opened:
        opened.write(rows([0]), {}, {ZERO: 1})
    (tmp_path / "catalog.db").unlink()
    with pytest.raises(UserError, match="has data files, but the catalog does not know"), lake(tmp_path):
        pass


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"DUCKHOUSE_LAKE": "s3://bucket/lake"}, "a bucket cannot hold the catalog"),
        ({"DUCKHOUSE_LAKE_CATALOG": "mysql://user:secret@127.0.0.1/lake"}, "is not the address of a catalog"),
        ({"DUCKHOUSE_LAKE_CATALOG": "nothing"}, "is not the address of a catalog"),
        ({"DUCKHOUSE_LAKE_CATALOG": "postgresql://user:secret@127.0.0.1:1/lake"}, "127.0.0.1:1/lake"),
        ({"DUCKHOUSE_LAKE": "/dev/null"}, "/dev/null"),
    ],
    ids=["bucket", "mysql", "nothing", "no server", "no folder"],
)
def test_a_lake_that_cannot_be_had_is_told_in_one_line(tmp_path: Path, settings: dict[str, str], told: str) -> None:
    with pytest.raises(UserError) as refused, lake(tmp_path, **settings):
        pass
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


def between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Lets `act` happen once, in the next commit: after it has read the table, before it writes."""
    kept = UpdateSnapshot.__init__
    waiting = [act]

    def begun(self: UpdateSnapshot, *words: object, **named: object) -> None:
        kept(self, *words, **named)
        if waiting:
            waiting.pop()()

    monkeypatch.setattr(UpdateSnapshot, "__init__", begun)

"""Parquet lands by name, and each value as one text whatever type the file gives it."""

import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.landing import Zone


@pytest.fixture
def zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Zone:
    return Zone(tmp_path, monkeypatch)


def write(zone: Zone, select: str, name: str = "events/a.parquet") -> Path:
    path = zone.drop / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connected:
        connected.execute("set TimeZone = 'America/New_York'")
        connected.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path


@pytest.mark.parametrize(
    ("value", "text", "in_json"),
    [
        ("7::tinyint", "7", "7"),
        ("99999999999999999999999999999999999999::decimal(38, 0)", "9" * 38, "9" * 38),
        ("9223372036854775807::bigint", "9223372036854775807", "9223372036854775807"),
        ("0.1::float", "0.1", "0.1"),
        ("16777217::float", "16777216.0", "16777216.0"),
        ("0.1::double", "0.1", "0.1"),
        ("1e-7::double", "1e-07", "1e-07"),
        ("'nan'::double", "nan", '"nan"'),
        ("12345678901234567.123456789::decimal(38, 9)", "12345678901234567.123456789", "12345678901234567.123456789"),
        ("1.10::decimal(9, 2)", "1.10", "1.10"),
        ("true", "true", "true"),
        ("''", "", '""'),
        ("'a\"' || chr(0) || chr(10) || 'é'", 'a"\0\né', '"a\\"\\u0000\\né"'),
        ("date '2026-01-02'", "2026-01-02", '"2026-01-02"'),
        ("timestamp '2026-01-02 03:04:05'", "2026-01-02T03:04:05", '"2026-01-02T03:04:05"'),
        ("timestamp '2026-01-02 03:04:05.123456'", "2026-01-02T03:04:05.123456", '"2026-01-02T03:04:05.123456"'),
        ("timestamp_ns '2026-01-02 03:04:05.123456789'", "2026-01-02T03:04:05.123456789",
         '"2026-01-02T03:04:05.123456789"'),
        ("timestamptz '2026-01-02 03:04:05+02'", "2026-01-02T01:04:05Z", '"2026-01-02T01:04:05Z"'),
        ("time '01:02:03'", "01:02:03", '"01:02:03"'),
        ("'text'::blob", "text", '"text"'),
        ("'\\xFFA'::blob", "\\xFFA", '"\\\\xFFA"'),
        ("{'x': 0.1::float, 'y z': [1.10::decimal(9, 2), null], 'w': {'t': timestamp '2026-01-01'}}",
         '{"x":0.1,"y z":[1.10,null],"w":{"t":"2026-01-01T00:00:00"}}', None),
        ("[[1, null], null, []]", "[[1,null],null,[]]", "[[1,null],null,[]]"),
        ("map {'k\"': 1.50, 'l': null}", '{"k\\"":1.50,"l":null}', None),
        ("map {1: [{'a': 'b'}]}", '{"1":[{"a":"b"}]}', None),
        ("null::integer", None, "null"),
        ("null::struct(a integer)", None, "null"),
    ],
)  # fmt: skip
def test_each_type_has_one_text(zone: Zone, value: str, text: str | None, in_json: str | None) -> None:
    write(zone, f"select {value} as id, {value} as new")
    assert zone.land().code == 0
    [row] = zone.rows()
    assert row["id"] == text
    assert row["_unmapped"] == f'{{"new":{in_json or text}}}'


def test_columns_go_by_name_alias_and_case_and_rows_are_numbered(zone: Zone) -> None:
    write(
        zone,
        "select i as _x, 'a' || i as TS, case when i > 1 then 'b' || i end as at, i as \"Id\" from range(1, 4) t(i)",
    )
    assert zone.land().code == 0
    rows = zone.rows()
    assert [(row["id"], row["at"], row["_source_row"]) for row in rows] == [
        ("1", "a1", 1),
        ("2", "b2", 2),
        ("3", "b3", 3),
    ]
    assert [json.loads(row["_unmapped"]) for row in rows] == [{"_x": 1}, {"_x": 2, "TS": "a2"}, {"_x": 3, "TS": "a3"}]
    assert zone.only_file()["unmapped_columns"] == ["_x"]


def test_no_row_is_lost_over_many_row_groups(zone: Zone) -> None:
    path = zone.file("events/a.parquet", b"")
    pq.write_table(pa.table({"id": range(20_000)}), path, row_group_size=500)
    assert zone.land().code == 0
    assert (
        [int(row["id"]) + 1 for row in zone.rows()]
        == [row["_source_row"] for row in zone.rows()]
        == list(range(1, 20_001))
    )


def test_a_file_without_rows_is_a_file(zone: Zone) -> None:
    write(zone, "select 1 as id where false")
    assert zone.land().code == 0
    assert zone.only_file()["records_read"] == 0


def test_names_with_wildcards_quotes_and_partitions_are_plain_names(zone: Zone) -> None:
    for i, name in enumerate(["a*[b]?.parquet", 'it\'s "x".parquet', "id=9.parquet", "é\n.parquet", "-.parquet"]):
        write(zone, f"select {i} as id", "events/plain.parquet").rename(zone.drop / "events" / name)
    run = zone.land()
    assert (run.code, run.err) == (0, "")
    assert sorted(zone.values("id")) == ["0", "1", "2", "3", "4"]
    assert {row["_source_file"] for row in zone.rows()} >= {"events/é\n.parquet", "events/a*[b]?.parquet"}


def broken(kind: str, path: Path) -> None:
    content = bytearray(path.read_bytes())
    if kind == "cut off":
        content = content[:-10]
    elif kind == "page":
        content[4:60] = bytes(56)  # the first page header; damage within a page shows by its checksum only
    elif kind == "empty":
        content = bytearray()
    elif kind == "text":
        content = bytearray(b"id\n1\n")
    path.write_bytes(content)


@pytest.mark.parametrize("kind", ["cut off", "page", "empty", "text"])
def test_a_damaged_file_is_named_and_the_rest_lands(zone: Zone, kind: str) -> None:
    write(zone, "select 1 as id", "events/good.parquet")
    broken(kind, write(zone, "select 'id' || i as id from range(20000) t(i)", "events/bad.parquet"))
    run = zone.land()
    assert run.code == 1
    [line] = run.err.splitlines()
    assert "events/bad.parquet" in line
    assert zone.values("id") == ["1"]
    assert [file["name"] for manifest in zone.manifests().values() for file in manifest["files"]] == [
        "events/good.parquet"
    ]
    assert zone.leftovers() == []


def test_a_page_whose_checksum_differs_is_damage(zone: Zone) -> None:
    path = zone.file("events/bad.parquet", b"")
    table = pa.table({"id": ["0123456789" * 10]})
    pq.write_table(
        table, path, compression="none", use_dictionary=False, write_page_checksum=True, write_statistics=False
    )
    path.write_bytes(path.read_bytes().replace(b"0123456789", b"0123406789", 1))
    assert duckdb.sql(f"select id from '{path}'").fetchone()[0][5] == "0"
    run = zone.land()
    assert run.code == 1
    assert "not a whole Parquet file" in run.err


def test_a_file_of_foreign_columns_is_refused(zone: Zone) -> None:
    write(zone, "select 1 as name")
    run = zone.land()
    assert run.code == 1
    assert "no column of events" in run.err

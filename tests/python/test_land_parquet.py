"""Parquet lands by name, and each value as one text whatever type the file gives it."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest

from duckhouse.landing import workers
from duckhouse.readers import exactparquet, parquet
from duckhouse.readers.parquetpages import unpacked_sizes
from support.landing import Zone

MAY_ABORT = workers.MAY_ABORT


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


# ---------------------------------------------------------------- what DuckDB does not read exactly, or not at all


def write_table(zone: Zone, name: str = "events/a.parquet", **columns: pa.Array) -> Path:
    path = zone.file(name, b"")
    pq.write_table(pa.table(columns), path)
    return path


WIDE = pa.decimal256(50, 20)


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([Decimal("1.25"), Decimal("0.000001"), Decimal("-0.5"), None], WIDE),
         ["1.25000000000000000000", "0.00000100000000000000", "-0.50000000000000000000", None]),
        (pa.array([Decimal("9" * 38 + "." + "9" * 38)], pa.decimal256(76, 38)), ["9" * 38 + "." + "9" * 38]),
        (pa.array([Decimal(10**38)], pa.decimal256(39, 0)), [str(10**38)]),
        (pa.array([Decimal("1e-38")], pa.decimal256(76, 38)), ["0." + "0" * 37 + "1"]),
        (pa.array([Decimal("-1.10")], pa.decimal256(20, 2)), ["-1.10"]),
        (pa.array([Decimal("-1.10")], pa.decimal128(38, 2)), ["-1.10"]),
        (pa.array([Decimal("-1.10")], pa.decimal64(18, 2)), ["-1.10"]),
        (pa.array([Decimal("-1.10")], pa.decimal32(9, 2)), ["-1.10"]),
        (pa.array([Decimal("-0.6270"), Decimal(0)], pa.decimal128(4, 4)), ["-0.6270", "0.0000"]),
        (pa.array([{"a": Decimal("0.000001")}], pa.struct([("a", pa.decimal128(6, 6))])), ['{"a":0.000001}']),
        (pa.array([2**64 - 1], pa.uint64()), [str(2**64 - 1)]),
        (pa.array([-(2**63)], pa.int64()), [str(-(2**63))]),
        (pa.array([b"0123456789abcdef"], pa.uuid()), ["30313233-3435-3637-3839-616263646566"]),
        (pa.array([b"id-1"], pa.binary(4)), ["id-1"]),
        (pa.array(["id-1"]).dictionary_encode(), ["id-1"]),
        (pa.array([np.float16(0.5)], pa.float16()), ["0.5"]),
        (pa.array([[Decimal("1.25"), None], []], pa.list_(WIDE)), ["[1.25000000000000000000,null]", "[]"]),
        (pa.array([{"a": Decimal("1.25")}, None], pa.struct([("a", WIDE)])), ['{"a":1.25000000000000000000}', None]),
        (pa.array([[("k", Decimal("1.25"))]], pa.map_(pa.string(), WIDE)), ['{"k":1.25000000000000000000}']),
    ],
)  # fmt: skip
def test_money_and_ids_of_every_type_keep_every_digit(zone: Zone, values: pa.Array, texts: list[str | None]) -> None:
    write_table(zone, amount=values, id=pa.array(map(str, range(len(values)))))
    assert zone.land().code == 0
    assert zone.values("amount") == texts


def test_a_decimal_of_many_digits_changes_nothing_else_in_its_file(zone: Zone) -> None:
    """The rows of a file are the same texts whichever reader takes it."""
    moments = pa.array([0, 1_500_000, None], pa.timestamp("us"))
    columns = {
        "id": pa.array(["a", 'b"\n', None]),
        "at": moments,
        "ts": moments.cast(pa.timestamp("us", "UTC")),
        "amount": pa.array([1.5, 1e-7, float("nan")]),
        "flag": pa.array([True, False, None]),
        "geo": pa.array([{"x": 1, "y": [b"t", None]}, None, {"x": None, "y": None}]),
        "f": pa.array([0.1, float("inf"), None], pa.float32()),
        "day": pa.array([dt.date(2026, 1, 2), None, dt.date(1, 1, 1)]),
        "clock": pa.array([dt.time(1, 2, 3), None, dt.time(1, 2, 3, 400)]),
        "raw": pa.array([b"\xffA'", b"t", None]),
        "fixed": pa.array([[1, 2], None, [3, None]], pa.list_(pa.int8(), 2)),
        "pairs": pa.array([[("k", 1)], [], None], pa.map_(pa.string(), pa.int64())),
    }
    write_table(zone, "events/1.parquet", **columns)
    write_table(zone, "events/2.parquet", **columns, wide=pa.nulls(3, WIDE))
    assert zone.land().code == 0
    rows = zone.rows()
    kept = ("id", "at", "amount", "flag", "geo", "_source_row")
    assert [[row[name] for name in kept] for row in rows[:3]] == [[row[name] for name in kept] for row in rows[3:]]
    for first, second in zip(rows[:3], rows[3:], strict=True):
        assert json.loads(second["_unmapped"]) == json.loads(first["_unmapped"]) | {"wide": None}
    first, second = next(iter(zone.manifests().values()))["files"]
    assert second["unmapped_columns"] == sorted([*first["unmapped_columns"], "wide"])


def test_a_column_may_have_the_name_that_the_reader_gives_row_numbers(zone: Zone) -> None:
    write_table(zone, id=pa.array(["a"]), file_row_number=pa.array([7]))
    assert zone.land().code == 0
    assert [(row["id"], row["_source_row"], row["_unmapped"]) for row in zone.rows()] == [
        ("a", 1, '{"file_row_number":7}')
    ]


def test_an_encoding_that_only_arrow_reads_lands(zone: Zone) -> None:
    path = zone.file("events/a.parquet", b"")
    pq.write_table(pa.table({"id": [1, 2]}), path, use_dictionary=False, column_encoding={"id": "BYTE_STREAM_SPLIT"})
    assert zone.land().code == 0
    assert zone.values("id") == ["1", "2"]


def test_a_time_beyond_all_years_costs_no_other_row(zone: Zone) -> None:
    write_table(zone, id=pa.array(["a", "b"]), at=pa.array([1000, 2**62], pa.timestamp("ms")))
    assert zone.land().code == 0
    assert zone.values("at") == ["1970-01-01T00:00:01", "146140482-04-24T15:36:27.904"]


@pytest.mark.parametrize(
    ("last", "text"),
    [
        (pa.array([2**63 - 1], pa.timestamp("us")), "294247-01-10T04:00:54.775807"),
        (pa.array([-(2**63) + 1], pa.timestamp("us", "UTC")), "-290308-12-21T19:59:05.224193Z"),
        (pa.array([2**63 - 1], pa.timestamp("ns")), "2262-04-11T23:47:16.854775807"),
        (pa.array([2**31 - 1], pa.int32()).cast(pa.date32()), "5881580-07-11"),
        (pa.array([[2**31 - 1]], pa.list_(pa.int32())).cast(pa.list_(pa.date32())), '["5881580-07-11"]'),
    ],
)
def test_the_last_moment_of_a_type_is_a_moment(zone: Zone, last: pa.Array, text: str) -> None:
    write_table(zone, id=pa.array(["a", "b"]), at=pa.concat_arrays([last, pa.nulls(1, last.type)]))
    assert zone.land().code == 0
    assert zone.values("at") == [text, None]


def test_rows_that_arrow_leaves_out_without_a_word_are_missed(zone: Zone) -> None:
    """Pages of one byte: the first one of a nested column has no value, and Arrow ends there."""
    columns = {
        "id": pa.array([1, 2], pa.int64()),
        "geo": pa.array([[[1]], [[2]]]),
        "at": pa.array([0, 1], pa.time64("ns")),
    }
    pq.write_table(pa.table(columns), zone.file("events/a.parquet", b""), data_page_size=1, row_group_size=1)
    zone.file("events/b.jsonl", '{"id": 7}\n')
    assert "events/a.parquet: Arrow reads 0 of its 2 rows: export it with pages" in zone.land().err
    assert zone.values("id") == ["7"]


def test_what_a_library_says_of_a_file_is_told_so_that_a_terminal_shows_it(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise pa.ArrowInvalid("what type: \x1b[2J\x0f")

    write(zone, "select 1 as id")
    monkeypatch.setattr(pq, "ParquetFile", refused)
    assert "not a whole Parquet file (what type: \\x1b[2J\\x0f): export it again\n" in zone.land().err


def test_an_encrypted_file_is_said_to_be_one(zone: Zone) -> None:
    encrypted(zone.file("events/a.parquet", b""), pa.table({"id": [1]}), uniform_encryption=True)
    run = zone.land()
    assert run.code == 1
    assert "events/a.parquet: it is encrypted" in run.err


def nested(depth: int) -> pa.Array:
    kind, value = pa.int64(), 1
    for _ in range(depth):
        kind, value = pa.list_(kind), [value]  # type: ignore[assignment]
    return pa.array([value], kind)


def test_lists_within_lists_take_time_by_their_depth_only(zone: Zone) -> None:
    """DuckDB takes twice as long for each level: years for these."""
    write_table(zone, geo=nested(40))
    assert zone.land().code == 0
    assert zone.values("geo") == ["[" * 40 + "1" + "]" * 40]


def test_columns_that_are_nested_beyond_what_can_be_read_are_named_and_the_rest_lands(zone: Zone) -> None:
    write_table(zone, "events/deep.parquet", geo=nested(150))
    write_table(zone, "events/good.parquet", id=pa.array(["a"]))
    run = zone.land()
    assert run.code == 1
    assert "events/deep.parquet: its columns are nested too deep" in run.err
    assert zone.values("id") == ["a"]


def test_a_file_of_very_many_columns_lands(zone: Zone) -> None:
    columns: dict[str, Any] = {f"c{i}": ["x"] for i in range(4_000)}
    write_table(zone, id=pa.array(["a"]), **columns)
    assert zone.land().code == 0
    assert len(json.loads(zone.values("_unmapped")[0] or "")) == 4_000


def test_a_record_that_is_too_long_is_rejected(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "MAX_RECORD", 1_000)
    monkeypatch.setattr(exactparquet, "KEPT_OF_LONG", 20)
    texts = ["a", "b" * 900, "c" * 1_100, "d" * 600]
    write_table(zone, "events/1.parquet", id=pa.array(texts), at=pa.array(["x", "x", "x", "y" * 600]))
    write_table(zone, "events/2.parquet", id=pa.array(["e"] * 5_000), geo=pa.array([["f" * 9] * 9] * 5_000))
    dictionary = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["g", "h" * 5_000]))
    write_table(zone, "events/3.parquet", id=dictionary)
    assert zone.land().code == 0
    assert zone.rejected() == [
        (3, "too_long", '{"id":"' + "c" * 13),
        (4, "too_long", '{"id":"' + "d" * 13),
        (2, "too_long", '{"id":"' + "h" * 13),
    ]
    ids = zone.values("id")
    assert ids[:2] == texts[:2]
    assert ids[2:] == ["e"] * 5_000 + ["g", "g"]


@pytest.mark.parametrize(("limit", "told"), [("_PAGE", "a page of id unpacks to"), ("_UNPACKED", "bytes unpack to")])
def test_a_small_file_that_unpacks_to_very_much_is_named(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, limit: str, told: str
) -> None:
    monkeypatch.setattr(parquet, limit, 1_000_000)
    write_table(zone, "events/good.parquet", id=pa.array(["a"]))
    bomb = zone.file("events/bomb.parquet", b"")
    pq.write_table(pa.table({"id": ["x" * 50_000_000]}), bomb, compression="zstd")
    run = zone.land()
    assert run.code == 1
    assert "events/bomb.parquet: " in run.err
    assert told in run.err
    assert zone.values("id") == ["a"]


ONCE = pa.DictionaryArray.from_arrays(pa.array([0] * 1_500), pa.array(["x" * 1_000]))


@pytest.mark.parametrize(
    ("values", "options"),
    [
        (ONCE, {}),
        (ONCE.dictionary_decode(), {}),
        (ONCE.dictionary_decode(), {"use_dictionary": False, "column_encoding": {"id": "DELTA_BYTE_ARRAY"}}),
        (ONCE.dictionary_decode().cast(pa.binary()).cast(pa.binary(1_000)), {}),
        (pa.ListArray.from_arrays(list(range(1_501)), ONCE), {}),
        (pa.StructArray.from_arrays([ONCE], ["a"]), {}),
    ],
)
def test_a_text_that_many_rows_share_counts_once_a_row(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, values: pa.Array, options: dict[str, Any]
) -> None:
    write_table(zone, "events/good.parquet", id=pa.array(["a"]))
    bomb = zone.file("events/bomb.parquet", b"")
    pq.write_table(pa.table({"id": values}), bomb, compression="zstd", **options)
    monkeypatch.setattr(parquet, "_UNPACKED", 1_000_000)
    monkeypatch.setattr(parquet, "_TIMES_ITS_SIZE", 1)
    run = zone.land()
    assert run.err.count("\n") == run.code == 1
    assert f"not landed: events/bomb.parquet: its {bomb.stat().st_size:,} bytes unpack to" in run.err
    assert zone.values("id") == ["a"]
    monkeypatch.setattr(parquet, "_UNPACKED", 2_000_000)
    assert zone.land().code == 0
    assert len(zone.rows()) == 1_501


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("dictionary", [True, False])
def test_the_sizes_of_pages_are_in_their_headers(zone: Zone, version: str, dictionary: bool) -> None:
    path = zone.file("events/a.parquet", b"")
    table = pa.table({"id": [f"{i % 5_000}" * 9 for i in range(20_000)], "geo": [[i, i] for i in range(20_000)]})
    options = {"data_page_version": version, "use_dictionary": dictionary, "write_page_checksum": True}
    pq.write_table(table, path, compression="none", row_group_size=15_000, data_page_size=4_096, **options)
    metadata = pq.read_metadata(path)
    pages = list(unpacked_sizes(path, metadata))
    assert len(pages) > 20
    assert {column for column, _ in pages} == {"id", "geo.list.element"}
    chunks = [metadata.row_group(group).column(column) for group in range(2) for column in range(2)]
    headers = sum(chunk.total_uncompressed_size for chunk in chunks) - sum(size for _, size in pages)
    assert 10 * len(pages) < headers < 200 * len(pages)


# ---------------------------------------------------------------- one file takes no other along


def strings(*values: bytes) -> pa.Array:
    return pa.array(values, pa.binary()).view(pa.string())


@pytest.mark.parametrize("dictionary", [True, False])
def test_a_text_that_is_not_utf8_costs_its_record_only(zone: Zone, dictionary: bool) -> None:
    path = zone.file("events/a.parquet", b"")
    geo = pa.ListArray.from_arrays([0, 1, 2, 3], strings(b"x", b"caf\xe9", b"y"))
    table = pa.table({"id": strings(b"caf\xe9", b"b", "ç".encode()), "geo": geo})
    pq.write_table(table, path, use_dictionary=dictionary)
    zone.file("people.csv", "id\n1\n")
    run = zone.land()
    assert run.err.count("\n") == 1
    assert "landed with a loss: events/a.parquet" in run.err
    assert [(row["id"], row["_source_row"]) for row in zone.rows()] == [("ç", 3)]
    assert zone.rejected() == [
        (1, "invalid_utf8", '{"id":"caf\\xe9","geo":["x"]}'),
        (2, "invalid_utf8", '{"id":"b","geo":["caf\\xe9"]}'),
    ]
    assert zone.values("id", "people") == ["1"]


@pytest.mark.parametrize("fails", ["the name of a column", "a reader"])
def test_a_file_that_fails_in_a_reader_is_named_and_the_rest_lands(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = write_table(zone, "events/bad.parquet", id=pa.array(["a"]), column=pa.array([1]))
    zone.file("people.csv", "id\n1\n")
    told = "the name of a column is not valid UTF-8"
    if fails == "a reader":
        monkeypatch.setattr(parquet, "_is_exact", lambda schema: {}[schema.names[0]])
        told = "its reader failed (KeyError: 'id')"
    else:
        path.write_bytes(path.read_bytes().replace(b"column", b"colum\xe9"))
    run = zone.land()
    assert (run.code, run.err.count("\n")) == (1, 1)
    assert run.err.startswith(f"not landed: events/bad.parquet: {told}")
    assert zone.values("id", "people") == ["1"]


class Plain(encryption.KmsClient):
    def wrap_key(self, key: bytes, name: str) -> bytes:
        return key

    def unwrap_key(self, key: bytes, name: str) -> bytes:
        return key


def encrypted(path: Path, table: pa.Table, **settings: Any) -> None:
    factory = encryption.CryptoFactory(lambda _: Plain())
    properties = factory.file_encryption_properties(
        encryption.KmsConnectionConfig(), encryption.EncryptionConfiguration(footer_key="k", **settings)
    )
    pq.write_table(table, path, encryption_properties=properties)


def test_a_file_at_which_a_library_aborts_is_named_and_the_rest_lands(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert "parquet" in MAY_ABORT  # else the abort would end pytest
    monkeypatch.setattr(workers, "MAY_ABORT", MAY_ABORT)
    for name in ("events/1.parquet", "events/3.parquet"):
        bad = zone.file(name, b"")
        encrypted(bad, pa.table({"id": ["x"] * 999, "at": [1] * 999}), column_keys={"c": ["id"]}, plaintext_footer=True)
    write_table(zone, "events/2.parquet", id=pa.array(["a"]))
    zone.file("people.csv", "id\n1\n")
    run = zone.land()
    assert run.code == 1
    told = "its reader ended with SIGABRT: the file is damaged or encrypted: export it again"
    assert run.err == "".join(f"not landed: events/{number}.parquet: {told}\n" for number in (1, 3))
    assert (zone.values("id"), zone.values("id", "people")) == (["a"], ["1"])
    assert capfd.readouterr().err == ""

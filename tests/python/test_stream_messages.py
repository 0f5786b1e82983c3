"""Messages become rows by the declaration: each code of a fault, what is kept of what, and any bytes at all."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duckhouse.sources import Column, Entity
from duckhouse.streaming import rows
from duckhouse.streaming.parse import ENVELOPE, FAULTS, judged, parsed
from support.streams import READING, reading, readings_entity

ENTITY = readings_entity()
AT = datetime(2025, 1, 20, 10, 15, 30, tzinfo=UTC)


def envelope(count: int) -> pa.Table:
    schema = pa.schema([field for field in rows.PLACE + rows.ABOUT if field.name in ENVELOPE])
    told = {"_topic_id": "t", "_partition": 3, "_produced_at": AT, "_consumed_at": AT, "_key": b"sensor-123"}
    return pa.Table.from_pylist([{**told, "_offset": 40 + number} for number in range(count)], schema=schema)


def rows_of(*values: bytes | None, entity: Entity = ENTITY) -> list[dict[str, object]]:
    table = parsed(entity, envelope(len(values)), values)
    assert table.schema == rows.schema(entity)
    return table.to_pylist()


def row_of(value: bytes | None, entity: Entity = ENTITY) -> dict[str, object]:
    [row] = rows_of(value, entity=entity)
    return row


def test_a_reading_as_its_sender_writes_it() -> None:
    [old, new] = rows_of(
        b'{"device_id": "sensor-123", "timestamp": "2025-01-20T10:15:30Z", "temperature": 21.4, "humidity": 68, '
        b'"firmware_version": "v1.2.0"}',
        b'{"device_id": "sensor-123", "timestamp": "2025-01-20T10:15:30Z", "temperature": 21.4, "humidity": 68, '
        b'"firmware_version": "v1.2.0", "pressure": 1013}',
    )
    about = {
        "_topic_id": "t", "_partition": 3, "_produced_at": AT, "_consumed_at": AT, "_key": b"sensor-123",
        "_fault": None, "_fault_detail": None, "_value": None, "_unmapped": None,
    }  # fmt: skip
    said = {
        "device_id": "sensor-123", "timestamp": AT, "temperature": 21.4, "humidity": 68.0,
        "firmware_version": "v1.2.0",
    }  # fmt: skip
    assert old == {**about, **said, "_offset": 40, "pressure": None}
    assert new == {**about, **said, "_offset": 41, "pressure": 1013.0}


INVALID = [
    (None, "empty_message", "tombstone"),
    (b"", "empty_message", "no bytes"),
    (b"{", "not_json", ""),
    (b"\xff\xfe", "not_json", ""),
    (b"\xef\xbb\xbf" + reading(), "not_json", "BOM"),
    (b"[" * 100_000, "not_json", "depth"),
    (reading().replace(b"21.4", b"NaN"), "not_json", ""),
    (reading().replace(b"21.4", b"-Infinity"), "not_json", ""),
    (reading().replace(b"sensor-123", b"\\ud800"), "not_json", "surrogate"),
    (reading()[:-1] + b',"x":1e400,"y":"\\udc00"}', "not_json", ""),
    (reading()[:-1] + b',"x":1e400,"y":NaN}', "not_json", "NaN"),
    (b"x" * 1_000_000, "not_json", ""),
    (b"null", "not_an_object", "null"),
    (b"[1]", "not_an_object", "a list"),
    (b"1e400", "not_an_object", "a number"),
    (b'"text"', "not_an_object", "a text"),
    (b"true", "not_an_object", "true or false"),
    (reading()[:-1] + b',"temperature":21.4}', "duplicate_field", '"temperature"'),
    (reading()[:-1] + b',"x":{"y":1,"y":2}}', "duplicate_field", '"y"'),
    (reading()[:-1] + b',"a\\u0000b":1,"a\\u0000b":1}', "duplicate_field", '"a\\u0000b"'),
    (reading(temperature="warm")[:-1] + b',"temperature":21.4}', "duplicate_field", "temperature"),
    (reading(x="y" * 70_000), "too_large", "65,536"),
    (reading(x="y" * 1_000_000), "too_large", "1,000,"),
    (reading(device_id="s" * 1_001), "too_large", "device_id has 1,001 characters"),
    (reading()[:-1] + b',"x":' + b"[" * 200 + b"]" * 200 + b"}", "too_large", "100 levels"),
    (reading()[:-1] + b',"x":' + b"[" * 1_000 + b"]" * 1_000 + b"}", "too_large", "100 levels"),
    (b"{}", "missing_field", "device_id is missing"),
    (reading(humidity=...), "missing_field", "humidity is missing"),
    (reading(firmware_version=None), "missing_field", "firmware_version is missing"),
    (reading(device_id=1, humidity=...), "missing_field", "humidity is missing"),
    (reading(device_id=123), "wrong_type", "device_id is a number, not a text"),
    (reading(temperature="21.4"), "wrong_type", "temperature is a text, not a number"),
    (reading(temperature=True), "wrong_type", "temperature is true or false, not a number"),
    (reading(pressure={"value": 1013}), "wrong_type", "pressure is an object, not a number"),
    (reading(timestamp=1737368130), "wrong_type", "timestamp is a number, not a text"),
    (reading(device_id="a\0b"), "wrong_type", "device_id has a NUL character"),
    (reading(timestamp="2025-01-20 10:15:30"), "bad_timestamp", "timestamp"),
    (reading(timestamp="2025-01-20T10:15:30"), "bad_timestamp", "zone"),
    (reading(timestamp="2025-02-30T10:15:30Z"), "bad_timestamp", "2025-02-30"),
    (reading(timestamp="2025-01-20T24:15:30Z"), "bad_timestamp", ""),
    (reading(timestamp="0000-01-20T10:15:30Z"), "bad_timestamp", ""),
    (reading(timestamp="0001-01-01T00:15:30+01:00"), "bad_timestamp", ""),
    (reading(timestamp="2025-01-20T10:15:30Z\n"), "bad_timestamp", ""),
    (reading(timestamp="\u0662\u066025-01-20T10:15:30Z"), "bad_timestamp", ""),
    (reading(timestamp="", temperature=999), "bad_timestamp", ""),
    (reading(temperature=100.1), "out_of_range", "temperature is 100.1, not from -90 to 100"),
    (reading(temperature=-91, humidity=101), "out_of_range", "temperature"),
    (reading(humidity=2**63), "out_of_range", "humidity"),
    (reading().replace(b"21.4", b"1e400"), "out_of_range", "temperature is 1e400"),
    (reading().replace(b"21.4", b"9" * 5_000), "out_of_range", "temperature is 999"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "fault", "detail"), INVALID, ids=range(len(INVALID)))
def test_a_message_is_invalid_with_its_reason_and_its_bytes(value: bytes | None, fault: str, detail: str) -> None:
    row = row_of(value)
    assert (row["_fault"], row["_value"]) == (fault, value)
    assert detail in row["_fault_detail"]
    assert len(row["_fault_detail"]) <= 200
    assert "\0" not in row["_fault_detail"]
    assert {name: row[name] for name in READING} == dict.fromkeys(READING)
    assert (row["_partition"], row["_offset"], row["_key"]) == (3, 40, b"sensor-123")


def test_every_code_of_a_fault_has_a_case() -> None:
    assert {fault for _, fault, _ in INVALID} == set(FAULTS)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-01-20T10:15:30+00:00", AT),
        ("2025-01-20T12:15:30+02:00", AT),
        ("2025-01-20T04:45:30-05:30", AT),
        ("2025-01-20t10:15:30z", AT),
        ("2025-01-20T10:15:30.5Z", AT.replace(microsecond=500_000)),
        ("2025-01-20T10:15:30.000001Z", AT.replace(microsecond=1)),
        ("2024-02-29T23:59:59Z", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59.999999Z", datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
    ],
)
def test_a_time_is_of_rfc_3339(text: str, at: datetime) -> None:
    row = row_of(reading(timestamp=text))
    assert (row["_fault"], row["timestamp"], row["_unmapped"]) == (None, at, None)


def test_digits_past_microseconds_are_cut_and_kept_as_text() -> None:
    row = row_of(reading(timestamp="2025-01-20T10:15:30.123456789Z"))
    assert row["timestamp"] == AT.replace(microsecond=123_456)
    assert row["_unmapped"] == '{"timestamp":"2025-01-20T10:15:30.123456789Z"}'


@pytest.mark.parametrize(
    "unknown",
    [
        '"battery":3.71',
        '"battery":3.710',
        '"battery":1e5',
        '"count":12345678901234567890123',
        '"count":-0',
        '"far":1e400',
        '"note":"Grüße"',
        '"note":null,"ok":true,"n":7',
        '"position":{"lat":48.10,"lon":[1,{"x":2.50}]}',
        '"":1',
        '"_fault":"not_json"',
    ],
)
def test_unknown_fields_are_kept_as_they_were_sent(unknown: str) -> None:
    row = row_of(reading()[:-1] + b"," + unknown.encode() + b"}")
    assert (row["_fault"], row["_unmapped"]) == (None, "{" + unknown + "}")
    assert row["temperature"] == 21.4


def test_spaces_and_escapes_change_nothing() -> None:
    spaced = json.dumps(READING | {"battery": 3.71}, indent=2).replace("sensor", "\\u0073ensor").encode()
    row = row_of(spaced)
    assert (row["device_id"], row["_fault"]) == ("sensor-123", None)
    assert orjson.loads(str(row["_unmapped"])) == {"battery": 3.71}


def test_an_optional_field_may_be_null_or_missing() -> None:
    assert [row["pressure"] for row in rows_of(reading(pressure=None), reading(), reading(pressure=1))] == [None] * 3
    assert [row["_fault"] for row in rows_of(reading(pressure=None), reading(), reading(pressure=1))] == [
        None,
        None,
        "out_of_range",
    ]


def test_the_ends_of_a_range_are_in_it() -> None:
    assert row_of(reading(temperature=-90, humidity=100.0))["_fault"] is None


@pytest.mark.parametrize(
    ("value", "read", "fault"),
    [
        (b"7", 7, None),
        (b"7.0", 7, None),
        (b"-9007199254740992", -(2**53), None),
        (b"9007199254740993", None, "out_of_range"),
        (b"1e400", None, "out_of_range"),
        (b"7.5", None, "wrong_type"),
        (b'"7"', None, "wrong_type"),
        (b"true", None, "wrong_type"),
    ],
)
def test_integers_are_whole_numbers_that_a_double_holds(value: bytes, read: int | None, fault: str | None) -> None:
    entity = replace(ENTITY, columns=(Column(name="n", type="integer", required=True),))
    row = row_of(b'{"n":' + value + b"}", entity)
    assert (row["n"], row["_fault"]) == (read, fault)


def test_booleans_and_numbers_without_a_range() -> None:
    entity = replace(ENTITY, columns=(Column(name="on", type="boolean"), Column(name="x", type="number")))
    found = rows_of(b'{"on":true,"x":1e300}', b'{"on":1}', b'{"x":9007199254740993}', b"{}", entity=entity)
    assert [(row["on"], row["x"], row["_fault"]) for row in found] == [
        (True, 1e300, None), (None, None, "wrong_type"), (None, None, "out_of_range"), (None, None, None),
    ]  # fmt: skip


def test_rows_keep_the_order_of_messages() -> None:
    found = rows_of(reading(), None, reading(temperature="x"), reading(battery=1), reading(temperature=1))
    assert [row["_offset"] for row in found] == [40, 41, 42, 43, 44]
    assert [row["temperature"] for row in found] == [21.4, None, None, 21.4, 1.0]
    assert [row["_fault"] for row in found] == [None, "empty_message", "wrong_type", None, None]
    assert rows_of() == []


# ---------- any bytes at all

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=20),
    st.sampled_from(["2025-01-20T10:15:30Z", "2025-02-30T10:15:30Z", "2025-01-20T10:15:30.1234567Z", 2**53, -0.0]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
fields = st.dictionaries(st.sampled_from([*READING, "pressure", "battery"]) | st.text(max_size=5), anything, max_size=4)
like_readings = fields.map(lambda changed: json.dumps({**READING, **changed}).encode())
cut = st.tuples(like_readings, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
doubled = st.tuples(like_readings, like_readings).map(lambda pair: pair[0][:-1] + b"," + pair[1][1:])
messages = st.none() | st.binary(max_size=50) | like_readings | cut | doubled | st.just(reading())


@settings(max_examples=100, deadline=None)
@given(st.lists(messages, max_size=6))
def test_any_bytes_are_one_row_that_is_valid_or_has_a_reason(values: list[bytes | None]) -> None:
    found = rows_of(*values)
    assert [row["_offset"] for row in found] == list(range(40, 40 + len(values)))
    for row, value in zip(found, values, strict=True):
        if row["_fault"] is None:
            assert (row["_value"], row["_fault_detail"]) == (None, None)
            assert isinstance(row["device_id"], str)
            assert -90 <= row["temperature"] <= 100
            assert 0 <= row["humidity"] <= 100
        else:
            assert row["_fault"] in FAULTS
            assert row["_value"] == value
            assert row["_fault_detail"]


@settings(max_examples=100, deadline=None)
@given(st.lists(messages, max_size=6))
def test_many_at_once_are_judged_as_each_alone(values: list[bytes | None]) -> None:
    for row, value in zip(rows_of(*values), values, strict=True):
        alone = judged(ENTITY, value)
        said = {column.name: row[column.name] for column in ENTITY.columns}
        assert said == {column.name: alone.values.get(column.name) for column in ENTITY.columns}
        assert row["_unmapped"] == alone.unmapped
        assert row["_fault"] == (alone.fault and alone.fault.code)

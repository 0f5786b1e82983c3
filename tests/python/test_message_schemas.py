"""JSON Schemas of readings: the newest is what is declared, each goes with the one before, broken ones are told."""

import json
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from duckhouse import generated
from duckhouse.message_schemas import breaks, message_schema
from duckhouse.settings import PROJECT
from duckhouse.sources import MESSAGE_TYPES, load_source
from duckhouse.streaming.parse import judged

VERSIONS = sorted((PROJECT / "docs" / "telemetry").glob("readings.v*.schema.json"), key=generated.version_of)
V1 = {
    "device_id": "sensor-123", "timestamp": "2025-01-20T10:15:30Z", "temperature": 21.4, "humidity": 68,
    "firmware_version": "v1.2.0",
}  # fmt: skip
V2 = {**V1, "pressure": 1013}

CHANGES: list[tuple[dict[str, Any], set[int]]] = [
    ({}, {1, 2}),
    ({"timestamp": "2025-01-20T10:15:30.123456+02:00"}, {1, 2}),
    ({"battery": {"volts": 3.3}}, {1, 2}),
    ({"pressure": 1013}, {1, 2}),
    ({"pressure": None}, {1, 2}),
    ({"pressure": "1013"}, {1}),
    ({"pressure": 1100.5}, {1}),
    ({"device_id": None}, set()),
    ({"device_id": 7}, set()),
    ({"device_id": "x" * 1000}, {1, 2}),
    ({"device_id": "x" * 1001}, set()),
    ({"device_id": "a\0b"}, set()),
    ({"temperature": "21.4"}, set()),
    ({"temperature": True}, set()),
    ({"temperature": -90}, {1, 2}),
    ({"temperature": -90.01}, set()),
    ({"humidity": 100.01}, set()),
    ({"timestamp": "2025-01-20 10:15"}, set()),
    ({"timestamp": 1737368130}, set()),
]


def schema(number: int) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(VERSIONS[number - 1].read_text(encoding="utf-8"))
    return made


def test_versions_are_numbered_from_one() -> None:
    assert [generated.version_of(path) for path in VERSIONS] == list(range(1, len(VERSIONS) + 1))
    assert len(VERSIONS) == 2


def test_the_newest_is_what_is_declared() -> None:
    [readings] = load_source("telemetry").entities
    newest = schema(len(VERSIONS))
    assert list(newest["properties"]) == [column.name for column in readings.columns]
    assert newest["required"] == [column.name for column in readings.columns if column.required]
    assert {
        name: (said["minimum"], said["maximum"]) for name, said in newest["properties"].items() if "minimum" in said
    } == {column.name: column.range for column in readings.columns if column.range}
    assert generated.out_of_date() == []


def test_a_declaration_that_changed_makes_the_newest_out_of_date(tmp_path: Path) -> None:
    staging, docs = tmp_path / "models" / "staging" / "telemetry", tmp_path / "docs" / "telemetry"
    staging.mkdir(parents=True)
    docs.mkdir(parents=True)
    for path in VERSIONS:
        (docs / path.name).write_bytes(path.read_bytes())
    declared = (PROJECT / "models" / "staging" / "telemetry" / "_telemetry__sources.yml").read_text(encoding="utf-8")
    (staging / "_telemetry__sources.yml").write_text(declared.replace("[300, 1100]", "[200, 1100]"))
    [(newest, text)] = generated.message_schemas(tmp_path).items()
    assert newest == docs / VERSIONS[-1].name
    assert json.loads(text)["properties"]["pressure"]["minimum"] == 200
    for path in docs.iterdir():
        path.unlink()
    assert list(generated.message_schemas(tmp_path)) == [docs / "readings.v1.schema.json"]


def test_every_type_of_a_message_has_a_schema() -> None:
    columns = [
        {"name": name, "description": name, "config": {"meta": {"type": name, "required": True}}}
        for name in MESSAGE_TYPES
    ]
    made = message_schema("shop", {"name": "sales", "columns": columns}, 1)
    message = dict.fromkeys(MESSAGE_TYPES, "text") | {
        "number": 1.5, "integer": 7, "boolean": False, "timestamp": "2026-03-01T12:00:00Z",
    }  # fmt: skip
    assert jsonschema_rs.is_valid(made, message)
    for name in MESSAGE_TYPES:
        assert not jsonschema_rs.is_valid(made, {**message, name: []}), name


@pytest.mark.parametrize(
    ("changed", "by"),
    CHANGES,
    ids=lambda value: json.dumps(value)[:40] if isinstance(value, dict) else "".join(map(str, sorted(value))) or "none",
)
def test_a_version_takes_what_it_announces_and_the_consumer_what_the_newest_takes(
    changed: dict[str, Any], by: set[int]
) -> None:
    message = {**V1, **changed}
    taken = {
        number
        for number in range(1, len(VERSIONS) + 1)
        if jsonschema_rs.is_valid(schema(number), message, validate_formats=True)
    }
    assert taken == by
    [readings] = load_source("telemetry").entities
    assert (judged(readings, json.dumps(message).encode()).fault is None) == (len(VERSIONS) in by)


@pytest.mark.parametrize("lacking", V1)
def test_a_required_field_may_not_be_missing(lacking: str) -> None:
    for number in range(1, len(VERSIONS) + 1):
        message = {name: said for name, said in V2.items() if name != lacking}
        assert not jsonschema_rs.is_valid(schema(number), message)


def test_each_version_goes_with_the_one_before_in_both_directions() -> None:
    for older, newer in pairwise(range(1, len(VERSIONS) + 1)):
        assert list(breaks(schema(newer), schema(older))) == []
        assert list(breaks(schema(older), schema(newer))) == []


BROKEN = [
    ("required: [device_id, pressure]", "backward", "pressure: is required, and messages may lack it"),
    ("required: [device_id, unit], properties: {unit: {type: string}}", "backward", "unit: is required, and messages"),
    ("required: [device_id]", "forward", "temperature: is required, and messages may lack it"),
    ("properties: {temperature: {minimum: -50}}", "backward", "temperature: minimum is -50, and -90 in messages"),
    ("properties: {temperature: {maximum: 99}}", "backward", "temperature: maximum is 99, and 100 in messages"),
    ("properties: {temperature: {maximum: 101}}", "forward", "temperature: maximum is 100, and 101 in messages"),
    ("properties: {device_id: {maxLength: 64}}", "backward", "device_id: maxLength is 64, and 1000 in messages"),
    ("properties: {device_id: {enum: [a]}}", "backward", "device_id: enum is ['a'], and None in messages"),
    ("properties: {temperature: {type: string}}", "backward", "temperature: is integer or number in messages, string"),
    ("properties: {temperature: {type: integer}}", "backward", "temperature: is number in messages, integer to the"),
    ("properties: {temperature: {type: [number, 'null']}}", "forward", "temperature: is null in messages, integer or"),
    ("properties: {pressure: {type: number}}", "backward", "pressure: is null in messages, integer or number to the"),
    ("properties: {timestamp: {format: date}}", "backward", "timestamp: format is 'date', and 'date-time' in messages"),
]


@pytest.mark.parametrize(("change", "direction", "told"), BROKEN, ids=[f"{way} {text}" for text, way, _ in BROKEN])
def test_a_broken_version_is_told(change: str, direction: str, told: str) -> None:
    newest, broken = schema(2), deepcopy(schema(2))
    said = yaml.safe_load(f"{{{change}}}")
    broken["required"] = said.get("required", broken["required"])
    for name, words in said.get("properties", {}).items():
        broken["properties"].setdefault(name, {}).update(words)
    faults = list(breaks(broken, newest) if direction == "backward" else breaks(newest, broken))
    assert any(fault.startswith(told) for fault in faults), faults


def test_a_wider_version_is_backward_and_not_forward() -> None:
    wider = deepcopy(schema(2))
    wider["properties"]["temperature"] |= {"minimum": -100, "maximum": 200}
    wider["properties"]["unit"] = {"type": ["string", "null"]}
    assert list(breaks(wider, schema(2))) == []
    assert len(list(breaks(schema(2), wider))) == 2

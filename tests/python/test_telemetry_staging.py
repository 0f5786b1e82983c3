"""Readings from the lake to staging and to findings, on both engines: what a message says, repairs, days, rejects."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from duckhouse.settings import environment
from duckhouse.streaming.deliver import deliver
from support.readings import ONE, START, TWO, LakeInMemory, faulty, on_both_engines, reading, readings
from support.warehouse import Warehouse, warehouse

MODELS = ("dq_telemetry_records", "int_telemetry__reading_touches", "stg_telemetry__files")
FIRST, SECOND = "device-readings/topic-a/0", "device-readings/topic-a/1"
FAR = datetime(2399, 1, 1, tzinfo=UTC)
DELIVERED = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)
WITHOUT_FINDINGS = ("--exclude", "assert_no_blocking_finding")  # a test of the findings of all sources
SCHEMAS = {"stg": "staging", "int": "intermediate", "dq": "rules"}


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    """Two deliveries, the second with a repair and a late reading; DuckDB is built after each, ClickHouse once."""
    lake = LakeInMemory()
    with warehouse("telemetry", MODELS) as house:
        lake.write(
            reading(ONE, 0, temperature=21.4, humidity=68.0, device_id=" Sensor-1 "),
            reading(ONE, 1, temperature=-1e-07, humidity=0.1 + 0.2, pressure=1013.25, _unmapped='{"battery": 3}'),
            faulty(ONE, 2, "wrong_type", b'{"temperature": "warm"}'),
            faulty(ONE, 3, "empty_message", None, _key=None),
            reading(ONE, 4, timestamp=FAR),
            reading(ONE, 5, timestamp=DELIVERED[0] + timedelta(microseconds=1)),
            reading(ONE, 6, timestamp=DELIVERED[0]),
            *(faulty(TWO, at) if at % 2 else reading(TWO, at) for at in range(100)),
        )
        _deliver(house, lake, DELIVERED[0])
        house.dbt("dev", "build", *WITHOUT_FINDINGS)
        lake.write(reading(ONE, 2, temperature=4.0), faulty(TWO, 100), *(reading(TWO, at) for at in range(101, 103)))
        lake.write(reading(ONE, 7, timestamp=START - timedelta(days=3)))
        _deliver(house, lake, DELIVERED[1])
        house.build(*WITHOUT_FINDINGS)
        yield house


def _deliver(house: Warehouse, lake: LakeInMemory, at: datetime) -> None:
    with environment(house.env):
        assert deliver(readings()[0], delivered_at=at, dry_run=False, opened=lake.opened).delivery


def asked(house: Warehouse, model: str, columns: str, condition: str = "true") -> list[tuple[Any, ...]]:
    return on_both_engines(house, f"{SCHEMAS[model.partition('_')[0]]}.{model}", columns, condition)


def test_a_reading_is_what_its_message_says(house: Warehouse) -> None:
    columns = "_source_row, device_id, event_at, event_date, temperature, humidity, pressure, firmware_version"
    rows = asked(house, "stg_telemetry__readings", columns, f"_source_file = '{FIRST}' and _source_row < 3")
    day = date(2026, 3, 1)
    assert rows == [
        (0, " Sensor-1 ", datetime(2026, 3, 1, 12), day, Decimal("21.4"), Decimal(68), None, "v1.2.0"),
        (1, "sensor-1", datetime(2026, 3, 1, 12, 0, 1), day, Decimal(0), Decimal("0.3"), Decimal("1013.25"), "v1.2.0"),
        (2, "sensor-1", datetime(2026, 3, 1, 12, 0, 2), day, Decimal(4), Decimal(50), None, "v1.2.0"),
    ]


def test_a_reading_says_where_its_message_stood(house: Warehouse) -> None:
    columns = "_source_row, _topic_id, _partition, _produced_at, _consumed_at, _unmapped, set_aside_reason, event_at"
    rows = asked(house, "stg_telemetry__readings", columns, f"_source_file = '{FIRST}' and _source_row in (1, 4)")
    assert rows == [
        (
            1, "topic-a", 0, datetime(2026, 3, 1, 12, 0, 2), datetime(2026, 3, 1, 12, 0, 3), '{"battery": 3}', None,
            datetime(2026, 3, 1, 12, 0, 1),
        ),
        (
            4, "topic-a", 0, datetime(2026, 3, 1, 12, 0, 5), datetime(2026, 3, 1, 12, 0, 6),
            '{"timestamp": "2399-01-01T00:00:00Z"}', "unparsable_timestamp", None,
        ),
    ]  # fmt: skip


def test_every_message_is_a_reading_or_rejected_and_a_repaired_one_both(house: Warehouse) -> None:
    place = "_source_file, _source_row"
    landed = set(asked(house, "stg_telemetry__readings", place))
    rejected = set(asked(house, "stg_telemetry__rejected", place))
    assert landed & rejected == {(FIRST, 2)}
    assert landed | rejected == {(FIRST, at) for at in range(8)} | {(SECOND, at) for at in range(103)}
    assert asked(house, "stg_telemetry__files", "_source_file, records_read, records_landed, records_rejected") == [
        (FIRST, 2, 2, 0), (FIRST, 7, 5, 2), (SECOND, 3, 2, 1), (SECOND, 100, 50, 50),
    ]  # fmt: skip


def test_rejected_messages_keep_reason_text_and_key(house: Warehouse) -> None:
    columns = "_source_row, reason, raw_text, message_key, fault_detail, _produced_at"
    assert asked(house, "stg_telemetry__rejected", columns, f"_source_file = '{FIRST}'") == [
        (2, "wrong_type", '{"temperature": "warm"}', "sensor-1", "wrong_type here", datetime(2026, 3, 1, 12, 0, 3)),
        (3, "empty_message", None, None, "empty_message here", datetime(2026, 3, 1, 12, 0, 4)),
    ]


def test_a_delivery_touches_the_days_of_its_readings(house: Warehouse) -> None:
    first, second = sorted({each for (each,) in asked(house, "stg_telemetry__files", "_delivery_id")})
    assert asked(house, "int_telemetry__reading_touches", "_delivery_id, delivery_id, record_date, event_date") == [
        (delivery, delivery, day, day)
        for delivery, days in (
            (first, (date(2026, 3, 1), date(2026, 3, 2))), (second, (date(2026, 2, 26), date(2026, 3, 1))),
        )
        for day in days
    ]  # fmt: skip


def test_shared_rules_find_what_is_wrong_with_messages(house: Warehouse) -> None:
    first, second = sorted({each for (each,) in asked(house, "stg_telemetry__files", "_delivery_id")})
    found = set(asked(house, "dq_telemetry_records", "rule_id, finding_key", "rule_id <> ''"))
    rejected = [(first, FIRST, at) for at in (2, 3)] + [(first, SECOND, at) for at in range(1, 100, 2)]
    assert found == {
        *(
            ("telemetry__rejected_record", f"{delivery}/{file}#{at}")
            for delivery, file, at in (*rejected, (second, SECOND, 100))
        ),
        ("telemetry__unreadable_time", f"{first}/{FIRST}#4"),
        ("telemetry__time_after_delivery", f"{first}/{FIRST}#5"),
        ("telemetry__unmapped_columns", f"{first}/{FIRST}/battery"),
        ("telemetry__unmapped_columns", f"{first}/{FIRST}/timestamp"),
    }

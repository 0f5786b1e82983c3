"""Marts of telemetry against plain Python that knows the messages alone: three deliveries, out of order.

DuckDB is built after each delivery, ClickHouse after the second and the third, so that what is equal on both is also
the same after several builds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

import pytest

from duckhouse.settings import environment
from duckhouse.streaming.deliver import deliver
from support.analyses import Answer, analyses_of, answers_of_dev, answers_of_prod, compiled, described
from support.consent import Record, records
from support.dashboard import TARGETS, shown, tables_of, tiles_of
from support.metrics import Figures, Grouping, assert_metrics
from support.readings import ONE, TWO, LakeInMemory, Message, faulty, reading, readings
from support.warehouse import Warehouse, warehouse

VIEWS = ("days", "hours", "firmware", "firmware_days", "devices", "invalid", "records")
MODELS = ("fct_device_reading_repeats", *(f"rpt_telemetry_{name}" for name in VIEWS))
DAY = datetime(2026, 3, 1, tzinfo=UTC)
BEGINNING = datetime(1900, 1, 1)
LATE, EARLY = timedelta(hours=1), timedelta(minutes=5)
MEASURES = ("temperature", "humidity", "pressure")
WITHOUT_FINDINGS = ("--exclude", "assert_no_blocking_finding")  # a test of the findings of all sources


def at(hours: float, **more: float) -> datetime:
    return DAY + timedelta(hours=hours, **more)


@dataclass
class Topic:
    """Messages as they are sent, each at the next offset of its partition."""

    ends: Counter[Any] = field(default_factory=Counter)

    def sent(self, device: str, when: datetime, *, partition: Any = ONE, delay: float = 1, **said: Any) -> Message:
        """A valid message, `delay` seconds after its reading."""
        offset = self._next(partition)
        produced = when + timedelta(seconds=delay)
        about = {"_produced_at": produced, "_consumed_at": produced + timedelta(seconds=1), "_key": device.encode()}
        return reading(partition, offset, **{**about, "device_id": device, "timestamp": when, **said})

    def bad(self, when: datetime, fault: str, *, partition: Any = ONE, **said: Any) -> Message:
        return faulty(partition, self._next(partition), fault, **{"_produced_at": when, "_consumed_at": when, **said})

    def _next(self, partition: Any) -> int:
        self.ends[partition] += 1
        return self.ends[partition] - 1


def deliveries() -> list[list[Message]]:
    topic = Topic()
    warm = {"temperature": 21.25, "humidity": 40.0}
    # every ten minutes for a day and a half, with a pause from 05:00 to 09:00 and one over midnight
    steady = [
        topic.sent("steady", at(0, minutes=10 * n), temperature=-3 + n / 7, humidity=40 + n % 9, pressure=1000 + n / 3)
        for n in range(200)
        if not 30 < n < 54 and not 140 < n < 150
    ]
    first = [
        *steady,
        topic.sent("upgraded", at(1), firmware_version="v1.2.0", **warm),
        topic.sent("upgraded", at(3), firmware_version="v1.2.0", **warm),
        topic.sent("upgraded", at(9), firmware_version="v1.2.0", **warm),
        topic.sent("twice", at(6), delay=50, temperature=5.0),
        topic.sent("twice", at(6), delay=60, temperature=5.0),
        topic.sent("timeless", at(7), _produced_at=None, temperature=1.0),
        topic.bad(at(8), "not_json", _key=None),
        topic.bad(at(8), "wrong_type", _key=b"upgraded"),
        topic.bad(at(25), "missing_field", _key=b"never", partition=TWO),
        topic.sent("upgraded", datetime(2399, 1, 1, tzinfo=UTC), _produced_at=at(9), _consumed_at=at(9)),
        topic.sent("only-ahead", at(20), delay=-600, firmware_version="v9"),
    ]
    wrong_type = first[-4]
    second = [
        # produced before the two that are there: it takes their place, and they conflict with it
        topic.sent("twice", at(6), delay=40, partition=TWO, temperature=6.0),
        topic.sent("twice", at(6), delay=55, partition=TWO, temperature=6.0, humidity=51.0),
        topic.sent("twice", at(6), delay=56, partition=TWO, temperature=6.0),
        # the broker kept no time of the first, so this one counts
        topic.sent("timeless", at(7), delay=9_000, partition=TWO, temperature=2.0),
        topic.sent("upgraded", at(6), delay=7_200, firmware_version="v1.3.0", **warm),
        topic.sent("upgraded", at(2), delay=3_600, firmware_version="v1.2.0", **warm),
        topic.sent("upgraded", at(11), delay=-301, firmware_version="v2.0.0", **warm),
        topic.sent("upgraded", at(12), delay=-300, firmware_version="v1.3.0", **warm),
    ]
    third = [
        # the message that was rejected, once a replay can read it
        {**topic.sent("upgraded", at(4), firmware_version="v1.3.0", **warm), "_offset": wrong_type["_offset"]},
        topic.bad(at(8), "out_of_range", partition=TWO, _key=b"upgraded"),
        topic.sent("steady", at(-50), delay=400_000, partition=TWO, pressure=None),
        topic.sent("upgraded", at(30), firmware_version="v1.2.0", partition=TWO, **warm),
        # as many partitions as it likes: of the same time, the first by topic, partition and offset counts
        topic.sent("same-time", at(5), temperature=1.0, partition=TWO),
        topic.sent("same-time", at(5), temperature=2.0, partition=ONE),
        topic.sent("same-time", at(5), temperature=3.0, partition=ONE),
    ]
    return [first, second, third]


DELIVERIES = deliveries()


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    lake = LakeInMemory()
    with warehouse("telemetry", MODELS) as house:
        for number, messages in enumerate(DELIVERIES):
            lake.write(*messages)
            with environment(house.env):
                moment = datetime(2026, 3, 5 + number, tzinfo=UTC)
                assert deliver(readings()[0], delivered_at=moment, dry_run=False, opened=lake.opened).delivery
            house.dbt("dev", "build", *WITHOUT_FINDINGS)
            if number:
                house.run("push", "telemetry")
                house.dbt("prod", "build", *WITHOUT_FINDINGS)
        yield house


# ---------- what must be there, from the messages alone


def messages() -> list[Message]:
    """All messages as they are known at the end: a repaired one in the place of the one that was rejected."""
    latest = {(each["_partition"], each["_offset"]): each for delivered in DELIVERIES for each in delivered}
    return list(latest.values())


def is_timed(message: Message) -> bool:
    return message["timestamp"] is not None and message["timestamp"].year < 2300


def valid() -> list[Message]:
    return [each for each in messages() if "_fault" not in each and is_timed(each)]


def by_reading() -> dict[tuple[str, datetime], list[Message]]:
    """The messages of each reading, the one that counts first."""
    found = defaultdict(list)
    for each in valid():
        found[each["device_id"], each["timestamp"]].append(each)

    def order(each: Message) -> tuple[Any, ...]:
        produced = each["_produced_at"]
        return produced is None, produced or DAY, each["_topic_id"], each["_partition"], each["_offset"]

    return {key: sorted(those, key=order) for key, those in found.items()}


def decimal(value: float | None) -> Decimal | None:
    return None if value is None else round(Decimal(repr(value)), 6)


def measured(message: Message) -> tuple[Any, ...]:
    return (*(decimal(message.get(name)) for name in MEASURES), message["firmware_version"])


def delay(message: Message) -> timedelta:
    sent: datetime = message["_produced_at"] or message["_consumed_at"]
    return sent - message["timestamp"]


def is_early(message: Message) -> bool:
    return delay(message) < -EARLY


def day(message: Message) -> date:
    """The day for which a message counts."""
    if "_fault" in message or not is_timed(message):
        return (message["_produced_at"] or message["_consumed_at"]).date()
    return message["timestamp"].date()


def plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def firmware_versions() -> dict[str, list[tuple[str, datetime, datetime, int]]]:
    """Of each device the firmware, first and last reading and readings of each version."""
    found = {}
    firsts = sorted((those[0] for those in by_reading().values()), key=lambda each: each["timestamp"])
    for device in {each["device_id"] for each in firsts}:
        own = [each for each in firsts if each["device_id"] == device]
        own = [each for each in own if not is_early(each)] or own
        runs = [list(run) for _, run in groupby(own, key=lambda each: each["firmware_version"])]
        found[device] = [
            (run[0]["firmware_version"], plain(run[0]["timestamp"]), plain(run[-1]["timestamp"]), len(run))
            for run in runs
        ]
    return found


def asked(house: Warehouse, query: str) -> list[tuple[Any, ...]]:
    return house.rows(f"{query} order by all")


# ---------- the marts


def test_both_engines_have_the_same_rows(house: Warehouse) -> None:
    assert house.differences() == []


def test_the_message_that_was_produced_first_is_the_reading(house: Warehouse) -> None:
    columns = "device_id, event_at, temperature, humidity, pressure, firmware_version, is_late, is_early, record_count"
    assert asked(house, f"select {columns}, event_date from marts.fct_device_readings") == sorted(
        (
            device, plain(when), *measured(those[0]), delay(those[0]) > LATE, is_early(those[0]), len(those),
            when.date(),
        )
        for (device, when), those in by_reading().items()
    )  # fmt: skip


def test_every_other_message_of_a_reading_is_kept_as_a_duplicate_or_a_conflict(house: Warehouse) -> None:
    columns = "device_id, _source_file, _source_row, is_conflict, temperature, humidity, pressure, firmware_version"
    expected = sorted(
        (
            device, f"device-readings/topic-a/{each['_partition']}", each["_offset"],
            measured(each) != measured(those[0]), *measured(each),
        )
        for (device, _), those in by_reading().items()
        for each in those[1:]
    )  # fmt: skip
    assert asked(house, f"select {columns} from marts.fct_device_reading_repeats") == expected
    assert {row[3] for row in expected} == {True, False}


def test_messages_that_are_no_readings_are_set_aside_and_say_whether_they_were_repaired(house: Warehouse) -> None:
    columns = "device_id, set_aside_reason, event_date, is_repaired, firmware_version"
    assert asked(house, f"select {columns} from marts.fct_device_readings_set_aside") == [
        ("never", "missing_field", date(2026, 3, 2), False, "unknown"),
        ("unknown", "not_json", date(2026, 3, 1), False, "unknown"),
        ("upgraded", "out_of_range", date(2026, 3, 1), False, "unknown"),
        ("upgraded", "unparsable_timestamp", date(2026, 3, 1), False, "v1.2.0"),
        ("upgraded", "wrong_type", date(2026, 3, 1), True, "unknown"),
    ]


def test_hours_have_counts_and_least_greatest_and_mean_values(house: Warehouse) -> None:
    hours = defaultdict(list)
    for (device, when), those in by_reading().items():
        hours[device, when.date(), when.hour].append(those)
    columns = ", ".join(f"{name}_{what}" for name in MEASURES for what in ("min", "max", "mean"))
    found = asked(
        house, f"select device_id, event_date, hour, readings, messages, {columns} from marts.agg_device_hourly"
    )
    assert [row[:5] for row in found] == sorted(
        (*key, len(those), sum(map(len, those))) for key, those in hours.items()
    )
    for row in found:
        firsts = [those[0] for those in hours[row[:3]]]
        for place, name in enumerate(MEASURES):
            values = [value for each in firsts if (value := decimal(each.get(name))) is not None]
            expected = (min(values), max(values), cut(sum(values) / len(values))) if values else (None, None, None)
            assert row[5 + 3 * place : 8 + 3 * place] == expected, (row[:3], name)


def cut(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.000001"), rounding="ROUND_DOWN")


def test_quality_counts_every_message_once(house: Warehouse) -> None:
    counts: dict[tuple[date, str, str], Counter[str]] = defaultdict(Counter)
    firsts = {id(those[0]): those for those in by_reading().values()}
    repeats = {id(each): those[0] for those in by_reading().values() for each in those[1:]}
    for each in messages():
        if "_fault" in each:
            key = (each["_key"] or b"unknown").decode()
            counts[day(each), key, "unknown"][f"invalid_{each['_fault']}"] += 1
            continue
        own = counts[day(each), each["device_id"], each["firmware_version"]]
        if not is_timed(each):
            own["invalid_unparsable_timestamp"] += 1
            continue
        own["readings"] += id(each) in firsts
        if id(each) in repeats:
            own["duplicates" if measured(each) == measured(repeats[id(each)]) else "conflicts"] += 1
        own["late"] += delay(each) > LATE
        own["early"] += is_early(each)
    counts[date(2026, 3, 1), "steady", "v1.2.0"]["gaps"] = 1
    names = ("readings", "duplicates", "conflicts", "late", "early", "gaps", *INVALID)
    found = asked(
        house,
        f"select event_date, device_id, firmware_version, {', '.join(names)} from marts.agg_telemetry_quality_daily",
    )
    assert found == sorted((*key, *(own[name] for name in names)) for key, own in counts.items())
    assert house.rows("select sum(received) from marts.agg_telemetry_quality_daily") == [(len(messages()),)]


def test_metrics_are_those_of_the_messages(house: Warehouse) -> None:
    figures: Figures = {
        "messages": lambda each: 1,
        "valid_messages": lambda each: int("_fault" not in each and is_timed(each)),
        "valid_reading_share": ("valid_messages", "messages"),
    }
    groupings = [
        Grouping("metric_time__day", day, "rpt_telemetry_days", "event_date"),
        Grouping("device", key),
    ]
    assert_metrics(house, messages(), figures, groupings)


INVALID = (
    "invalid_not_json",
    "invalid_missing_field",
    "invalid_wrong_type",
    "invalid_out_of_range",
    "invalid_unparsable_timestamp",
)


def test_the_history_of_a_device_is_its_firmware_by_the_time_of_its_readings(house: Warehouse) -> None:
    columns = "device_id, version_number, firmware_version, valid_from, valid_to, last_reading_at, readings, is_current"
    expected = []
    for device, runs in firmware_versions().items():
        for number, (firmware, first, last, count) in enumerate(runs, start=1):
            ends = runs[number][1] if number < len(runs) else None
            begins = BEGINNING if number == 1 else first
            expected.append((device, number, firmware, begins, ends, last, count, ends is None))
    assert asked(house, f"select {columns} from marts.dim_devices_history") == sorted(expected)
    # to v1.3.0 and back, twice
    assert [run[0] for run in firmware_versions()["upgraded"]] == ["v1.2.0", "v1.3.0", "v1.2.0", "v1.3.0", "v1.2.0"]


def test_a_device_has_its_firmware_of_now_and_figures_of_its_life(house: Warehouse) -> None:
    firsts = [those[0] for those in by_reading().values()]
    expected = []
    for device in {key(each) for each in messages()}:
        runs = firmware_versions().get(device, [])
        own = [each for each in messages() if key(each) == device]
        days = {each["timestamp"].date() for each in firsts if each["device_id"] == device}
        current = (runs[-1][0], runs[-1][1], runs[0][1], runs[-1][2]) if runs else (None,) * 4
        expected.append((device, *current, len(runs), len(days), len(own)))
    columns = (
        "device_id, firmware_version, firmware_since, first_reading_at, last_reading_at, firmware_versions, "
        "active_days, received"
    )
    assert asked(house, f"select {columns} from marts.dim_devices") == sorted(expected, key=lambda row: row[0])


def key(message: Message) -> str:
    return str((message["_key"] or b"unknown").decode())


def test_no_message_of_a_delivery_is_lost_or_invented(house: Warehouse) -> None:
    columns = (
        "_source_file, records_read, records_first, records_duplicate, records_in_conflict, records_untimed, "
        "records_invalid, records_repaired"
    )
    found = asked(house, f"select {columns} from quality.fct_device_reading_records")
    assert [row[:2] for row in found] == sorted(_read())
    sums = [sum(row[place] for row in found) for place in range(2, 8)]
    repeated = [measured(each) != measured(those[0]) for those in by_reading().values() for each in those[1:]]
    assert sums == [len(by_reading()), repeated.count(False), repeated.count(True), 1, 3, 1]


def _read() -> Iterable[tuple[str, int]]:
    for delivered in DELIVERIES:
        for partition, count in Counter(each["_partition"] for each in delivered).items():
            yield f"device-readings/topic-a/{partition}", count


# ---------- the views, and the analysis


@pytest.fixture(scope="module")
def views(house: Warehouse) -> dict[str, list[Record]]:
    return {name: records(house, f"reporting.rpt_telemetry_{name}") for name in VIEWS}


@pytest.fixture(scope="module")
def answers(house: Warehouse) -> dict[str, Answer]:
    """What DuckDB says, which ClickHouse says too."""
    here = answers_of_dev(house, compiled(house, "dev"))
    there = answers_of_prod(house, compiled(house, "prod"))
    assert {name: answer.rows for name, answer in there.items()} == {name: answer.rows for name, answer in here.items()}
    return here


def test_every_analysis_is_tried_and_described(house: Warehouse, answers: dict[str, Answer]) -> None:
    assert answers.keys() == {*analyses_of("telemetry")} == described(house)


def told(rows: list[Record], *columns: str) -> list[tuple[Any, ...]]:
    return [tuple(record[column] for column in columns) for record in rows]


def test_conflicts_stand_beside_the_reading_that_counts(answers: dict[str, Answer]) -> None:
    columns = ("device_id", "temperature", "other_temperature", "humidity_difference", "seconds_later")
    found = told(answers["conflicts_side_by_side"].records, *columns)
    assert sorted(row for row in found if row[0] == "twice") == [
        ("twice", Decimal(6), Decimal(5), Decimal(0), 10),
        ("twice", Decimal(6), Decimal(5), Decimal(0), 20),
        ("twice", Decimal(6), Decimal(6), Decimal(1), 15),
    ]
    assert ("timeless", Decimal(2), Decimal(1), Decimal(0), None) in found
    differences = [abs(here - there) for _, here, there, *_ in found]
    assert differences == sorted(differences, reverse=True)


def test_silent_devices_are_those_without_a_reading_for_a_day(views: dict[str, list[Record]]) -> None:
    """The last timely reading is that of 09:10 on the second day, the 200th of every ten minutes."""
    columns = ("device_id", "last_reading_at", "hours_silent")
    silent = [row for row in views["devices"] if row["is_silent"]]
    assert sorted(told(silent, *columns)) == [
        ("never", None, None),
        ("same-time", plain(at(5)), 28),
        ("timeless", plain(at(7)), 26),
        ("twice", plain(at(6)), 27),
        ("unknown", None, None),
    ]


def test_a_device_counts_for_each_firmware_of_its_day(views: dict[str, list[Record]]) -> None:
    firsts = [those[0] for those in by_reading().values()]
    devices = defaultdict(set)
    for each in firsts:
        devices[each["timestamp"].date(), each["firmware_version"]].add(each["device_id"])
    active = {day: set().union(*(those for (when, _), those in devices.items() if when == day)) for day, _ in devices}
    columns = ("event_date", "firmware_version", "devices", "device_share")
    assert sorted(told(views["firmware_days"], *columns)) == [
        (*key, len(those), pytest.approx(len(those) / len(active[key[0]]))) for key, those in sorted(devices.items())
    ]


def test_hours_of_the_fleet_are_means_of_devices(views: dict[str, list[Record]]) -> None:
    """At five steady has a reading, before it pauses, and same-time one, of two degrees."""
    hours = {(row["event_date"], row["hour"]): row for row in views["hours"]}
    hour = hours[date(2026, 3, 1), 5]
    assert hour["devices"] == 2
    assert hour["temperature_mean"] == cut((Decimal("1.285714") + 2) / 2)


def test_invalid_messages_are_counted_by_day_and_reason(views: dict[str, list[Record]]) -> None:
    assert sorted(told(views["invalid"], "event_date", "set_aside_reason", "messages", "devices")) == [
        (date(2026, 3, 1), "not_json", 1, 1),
        (date(2026, 3, 1), "out_of_range", 1, 1),
        (date(2026, 3, 1), "unparsable_timestamp", 1, 1),
        (date(2026, 3, 2), "missing_field", 1, 1),
    ]


def test_a_firmware_has_shares_of_its_valid_messages(views: dict[str, list[Record]]) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for those in by_reading().values():
        for each in those:
            own = counts[each["firmware_version"]]
            own["messages"] += 1
            own["late"] += delay(each) > LATE
            own["early"] += is_early(each)
            own["duplicates"] += each is not those[0] and measured(each) == measured(those[0])
    columns = ("firmware_version", "messages", "duplicate_share", "late_share", "early_share")
    shares = ("duplicates", "late", "early")
    assert sorted(told(views["firmware"], *columns)) == [
        (name, own["messages"], *(pytest.approx(own[each] / own["messages"]) for each in shares))
        for name, own in sorted(counts.items())
    ]


def test_days_of_the_fleet(views: dict[str, list[Record]]) -> None:
    firsts = [those[0] for those in by_reading().values()]
    found = {row["event_date"]: row for row in views["days"]}
    assert found.keys() == set(map(day, messages()))
    for date_, row in found.items():
        own = [each for each in firsts if day(each) == date_]
        assert (row["received"], row["readings"]) == (sum(day(each) == date_ for each in messages()), len(own))
        assert row["devices"] == len({each["device_id"] for each in own})
        degrees = [decimal(each["temperature"]) for each in own]
        assert (row["temperature_lowest"], row["temperature_highest"]) == (min(degrees), max(degrees))
        assert not row["is_after_last_delivery"]
    assert sum(row["gaps"] for row in found.values()) == 1


def test_records_of_a_delivery_add_up(views: dict[str, list[Record]]) -> None:
    fates = ("current", "replaced", "set_aside", "rejected", "blank")
    assert sorted(row["records_read"] for row in views["records"]) == sorted(map(len, DELIVERIES))
    for row in views["records"]:
        assert row["records_read"] == sum(row[f"records_{fate}"] for fate in fates)


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_about_devices_has_the_messages_of_the_last_day(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    page = shown(house, target, "devices")
    tiles, tables = tiles_of(page), tables_of(page)
    days = Counter(each["timestamp"].date() for each in valid())
    valid_before, valid_now = days[date(2026, 3, 1)], days[date(2026, 3, 2)]
    assert tiles["Messages"] == (str(valid_now + 1), f"{(valid_now + 1) / (valid_before + 3) - 1:+.1%}")
    assert tiles["Valid readings"][0] == f"{valid_now / (valid_now + 1):.1%}"
    assert tiles["Silent devices"] == ("5", "2 never sent a reading")
    assert [row["device_id"] for row in tables["Silent devices"]][:2] == ["same-time", "twice"]
    assert [row["set_aside_reason"] for row in tables["Reasons"]] == ["missing_field"]
    assert {"Days", "Hours", "Firmware", "Devices at fault"} <= tables.keys()

    page = shown(house, target, "devices", {"period": "All days", "device": "upgraded"})
    assert {row["set_aside_reason"] for row in tables_of(page)["Reasons"]} == {
        "not_json",
        "out_of_range",
        "unparsable_timestamp",
        "missing_field",
    }
    own = [those[0] for (device, _), those in by_reading().items() if device == "upgraded"]
    assert len(tables_of(page)["Readings of the device"]) == len(own)

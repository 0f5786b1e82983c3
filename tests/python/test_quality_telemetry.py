"""Rules about devices, hours and days: what each must find and a look-alike that it must not, on both engines."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from duckhouse.settings import environment
from duckhouse.streaming.deliver import deliver
from support.dashboard import TARGETS, assert_deliveries_are_shown, shown, tables_of, tiles_of
from support.drops import NO_TESTS
from support.readings import ONE, LakeInMemory, Message, on_both_engines, reading, readings
from support.warehouse import Warehouse, warehouse

DAY = datetime(2026, 3, 1, tzinfo=UTC)
EVERY = timedelta(minutes=10)
A_DAY = range(144)
Fields = Callable[[int], dict[str, Any]]


class Topic:
    def __init__(self) -> None:
        self.messages: list[Message] = []

    def send(self, device: str, when: datetime, delay: float = 1, **said: Any) -> None:
        produced = when + timedelta(seconds=delay)
        about = {"_produced_at": produced, "_consumed_at": produced, "device_id": device, "timestamp": when}
        self.messages.append(reading(ONE, len(self.messages), **about, **said))

    def device(self, name: str, said: Fields = lambda n: {}, numbers: range | list[int] = A_DAY) -> None:
        """A reading every ten minutes of a day, numbered, which moves a little unless it is said otherwise."""
        for n in numbers:
            self.send(name, DAY + n * EVERY, **{"temperature": moving(n), "firmware_version": "v1.2.0", **said(n)})


def moving(n: int) -> float:
    return 20 + n * 2 % 5 / 10


def warmer(by: dict[int, float]) -> Fields:
    return lambda n: {"temperature": moving(n) + by.get(n, 0)}


def without(first: int, last: int, days: int = 1) -> list[int]:
    return [n for n in range(144 * days) if not first <= n <= last]


def in_fahrenheit(first: int) -> Fields:
    """From a reading on, with humidity that is possible at so many degrees Celsius too."""
    return lambda n: {"temperature": moving(n) * 1.8 + 32 if n >= first else moving(n), "humidity": 20.0}


def drifted(by: float, n: int) -> float:
    """How far a sensor is off at a reading of the second day, in whose twelfth hour it is off by the most."""
    return by * min(n - 144, 72) / 72 if n >= 144 else 0


def drifting(by: float) -> Fields:
    return lambda n: {"temperature": moving(n) + drifted(by, n)}


def ahead(readings: int, seconds: float) -> Fields:
    return lambda n: {"delay": -seconds} if n < readings else {}


def ran(*versions: str) -> Fields:
    """Each firmware for ten readings, the last one for the rest."""
    return lambda n: {"firmware_version": versions[min(n // 10, len(versions) - 1)]}


def topic() -> Topic:
    made = Topic()
    made.device("regular")

    made.device("stuck", lambda n: {"temperature": 20.7} if 50 <= n < 74 else {})
    made.device("dead", lambda n: {"temperature": 20.7})
    made.device("nearly-stuck", lambda n: {"temperature": 20.7} if 50 <= n < 73 else {})
    made.device("whole-degrees", lambda n: {"temperature": 20 + n // 30 % 2})

    made.device("spike", warmer({70: 5.4}))
    made.device("spike-down", warmer({70: -9, 90: -9}))
    made.device("small-spike", warmer({70: 4.9}))
    made.device("door-open", warmer({70: 6, 71: 4, 72: 2}))
    made.device("moved", warmer(dict.fromkeys(range(70, 144), 8)))

    made.device("to-fahrenheit", in_fahrenheit(70))
    made.device("to-celsius", lambda n: in_fahrenheit(0)(n) if n < 70 else {"humidity": 20.0})
    made.device("hot", lambda n: {"temperature": moving(n) + 50, "humidity": 15.0})
    made.device("once-fahrenheit", lambda n: {**warmer({70: 48})(n), "humidity": 20.0})
    made.device("heated", lambda n: {"temperature": moving(n) + (40 if n >= 70 else 0), "humidity": 20.0})

    made.device("drifting", drifting(8), range(288))
    made.device("drifting-down", drifting(-8), range(288))
    made.device("hardly-drifting", drifting(2.5), range(288))
    made.device("warm-spell", lambda n: drifting(8)(n) | {"humidity": 50 - 2 * drifted(8, n)}, range(288))
    made.device("once-an-hour", warmer(dict.fromkeys(range(150, 240, 6), 35)), range(288))
    for device in ("outdoors-1", "outdoors-2", "outdoors-3"):
        made.device(device, lambda n: {"temperature": moving(n) + (6 if n >= 144 * 21 else 0)}, range(2880, 3168))

    made.device("wet", lambda n: {"temperature": moving(n) + 52, "humidity": 97.0 if n in (70, 90) else 10.0})
    made.device("sauna", lambda n: {"temperature": moving(n) + 59.5, "humidity": 20.0})
    made.device("fog", lambda n: {"temperature": moving(n) - 14, "humidity": 100.0})

    made.device("fast-clock", ahead(8, 31))
    made.device("far-ahead", ahead(8, 3600))
    made.device("seven-ahead", ahead(7, 31))
    made.device("half-a-minute", ahead(144, 30))
    made.device("slow-link", lambda n: {"delay": 90})

    made.device("silent", numbers=without(60, 71))
    made.device("silent-at-midnight", numbers=without(138, 149, days=2))
    made.device("silent-for-a-day", numbers=without(144, 287, days=3))
    made.device("nearly-silent", numbers=without(60, 70))
    made.device("sparse", numbers=[n for n in range(0, 144, 3) if not 61 <= n < 95])

    made.device("flood")
    made.device("busy")
    for n in range(24):
        made.send("flood", DAY + timedelta(hours=5, seconds=20 * n + 5), temperature=moving(n))
        if n < 23:
            made.send("busy", DAY + timedelta(hours=5, seconds=20 * n + 5), temperature=moving(n))
    made.device("repeating")
    for n in range(24):
        made.send("repeating", DAY + 42 * EVERY, delay=2 + n, temperature=moving(42))
    made.device("burst", lambda n: {"delay": 600 * (143 - n)})

    made.device("rolled-back", ran("v1.9.0", "v1.10.0", "v1.9.0", "v1.10.0"))
    made.device("upgraded", ran("v1.9.0", "v1.10.0", "v1.10.1", "v2"))
    made.device("named", ran("beta", "alpha"))
    return made


FIRST, SECOND, THIRD = "2026-03-01", "2026-03-02", "2026-03-03"
EXPECTED = {
    "stuck_sensor": {f"stuck|{FIRST}", f"dead|{FIRST}"},
    "spike": {f"spike|{FIRST}", f"spike-down|{FIRST}", f"once-an-hour|{SECOND}", f"once-fahrenheit|{FIRST}"},
    "drift": {f"drifting|{SECOND}", f"drifting-down|{SECOND}"},
    "unit_change": {f"to-fahrenheit|{FIRST}", f"to-celsius|{FIRST}"},
    "impossible_pair": {f"wet|{FIRST}"},
    "clock_skew": {f"fast-clock|{FIRST}", f"far-ahead|{FIRST}"},
    "gap": {f"silent|{FIRST}", f"silent-at-midnight|{SECOND}", f"silent-for-a-day|{THIRD}"},
    "flooding": {f"flood|{FIRST}|5", f"repeating|{FIRST}|7"},
    "firmware_back": {f"rolled-back|{FIRST}|v1.9.0"},
}


JUDGED = ("+dq_telemetry_levels", "+dq_telemetry_records", "dim_dq_rules", "fct_dq_findings")
SHOWN = (
    *("+agg_telemetry_quality_daily", "agg_device_hourly", "dim_devices_history", "dim_devices"),
    *("fct_device_reading_records", "path:models/reporting/telemetry"),
    *(f"rpt_quality_{name}" for name in ("deliveries", "faulty_records", "files", "findings", "rules")),
)


@pytest.fixture(scope="module")
def house() -> Iterator[Warehouse]:
    with warehouse("telemetry") as house:
        _deliver(house)
        house.build(*NO_TESTS, "--select", *JUDGED, *SHOWN)
        yield house


@pytest.fixture(scope="module")
def found(house: Warehouse) -> dict[str, dict[str, int]]:
    """By rule the keys of findings, with the number of records behind each."""
    findings: dict[str, dict[str, int]] = {}
    columns = "rule_id, finding_key, record_count, observed, expected, evidence, first_delivery_id, last_delivery_id"
    for rule, key, count, *_ in on_both_engines(house, "rules.dq_telemetry_levels", columns):
        findings.setdefault(rule.removeprefix("telemetry__"), {})[key] = count
    return findings


def _deliver(house: Warehouse) -> None:
    lake = LakeInMemory(pieces=10_000)
    lake.write(*topic().messages)
    with environment(house.env):
        assert deliver(readings()[0], delivered_at=DAY + timedelta(days=30), dry_run=False, opened=lake.opened).delivery


@pytest.mark.parametrize("rule", EXPECTED)
def test_a_rule_finds_its_cases_and_no_look_alike(found: dict[str, dict[str, int]], rule: str) -> None:
    assert found.get(rule, {}).keys() == EXPECTED[rule]


def test_every_rule_has_a_case(found: dict[str, dict[str, int]]) -> None:
    assert found.keys() == EXPECTED.keys()


def test_a_finding_counts_the_readings_behind_it(found: dict[str, dict[str, int]]) -> None:
    assert found["spike"] == {
        f"spike|{FIRST}": 1,
        f"spike-down|{FIRST}": 2,
        f"once-an-hour|{SECOND}": 15,
        f"once-fahrenheit|{FIRST}": 1,
    }
    assert found["impossible_pair"] == {f"wet|{FIRST}": 2}
    assert found["flooding"] == {f"flood|{FIRST}|5": 30, f"repeating|{FIRST}|7": 30}
    assert found["stuck_sensor"] == {f"stuck|{FIRST}": 24, f"dead|{FIRST}": 144}


def test_readings_in_open_errors_are_those_of_the_days_that_an_error_names(house: Warehouse) -> None:
    columns = "device_id, event_date, readings, readings_found, rules"
    rows = on_both_engines(house, "reporting.rpt_telemetry_open_errors", columns)
    errors = {key: rule for rule in ("stuck_sensor", "unit_change", "impossible_pair") for key in EXPECTED[rule]}
    assert {f"{device}|{day}": rules for device, day, *_, rules in rows} == {
        key: f"telemetry__{rule}" for key, rule in errors.items()
    }
    assert {row[2] for row in rows} == {len(A_DAY)}
    assert {device: found for device, _, _, found, _ in rows} == {
        "stuck": 24, "dead": 144, "wet": 2, "to-fahrenheit": 1, "to-celsius": 1,
    }  # fmt: skip


def test_a_device_that_a_rule_names_is_at_fault(house: Warehouse) -> None:
    columns = "device_id, open_findings, open_errors, findings"
    rows = on_both_engines(house, "reporting.rpt_telemetry_faulty_devices", columns, "open_findings > 0")
    named = Counter(key.split("|")[0] for keys in EXPECTED.values() for key in keys)
    assert {device: findings for device, findings, *_ in rows} == named
    titles = {device: told for device, *_, told in rows}
    assert (titles["silent-at-midnight"], titles["stuck"]) == ("Gap in readings", "Stuck sensor")
    assert {device for device, _, errors, _ in rows if errors} == {
        "stuck", "dead", "wet", "to-fahrenheit", "to-celsius",
    }  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_the_page_lists_devices_at_fault_and_links_their_rules(house: Warehouse, target: str) -> None:
    house.run("publish", "--target", "dev")
    page = shown(house, target, "devices")
    listed = {row["device_id"] for row in tables_of(page)["Devices at fault"] if row["open_findings"]}
    assert listed == {key.split("|")[0] for keys in EXPECTED.values() for key in keys}
    assert tiles_of(page)["Devices at fault"][1] == f"{len(listed)} with open findings"
    labels = [link.proto.label.replace("\\", "") for link in page.get("page_link")]
    assert "Stuck sensor: 2 open findings" in labels
    assert_deliveries_are_shown(house, target)

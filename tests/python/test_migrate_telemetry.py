"""python -m scripts.migrate_telemetry: days of the lake in the store, verified on both sides, killed at each step."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.processes import script
from duckhouse.settings import PROJECT, environment
from duckhouse.streaming.lake.iceberg import Lake
from scripts.migrate_telemetry import main
from support.history import END, FIRST, HOUR, MIDNIGHT, expected, expected_hours, history, lake_with, put, split
from support.store import DAY, LAYOUTS, SECOND, Opened, message, new_store, rows, skip_without_timescaledb

RANGE = ("--from", str(FIRST), "--to", str(END))
PATHS = [PROJECT / "tests" / "python", PROJECT]
SENT = history()


@pytest.fixture(scope="module", params=LAYOUTS)
def kept(request: pytest.FixtureRequest, postgres: Embedded) -> Iterator[Opened]:
    skip_without_timescaledb(request.param)
    with new_store(request.param, postgres) as opened:
        yield opened


@pytest.fixture
def opened(kept: Opened, tmp_path: Path) -> Iterator[Opened]:
    """An empty store."""
    kept.clear()
    kept.sql("delete from readings_hourly; delete from history_days")
    with environment({"DUCKHOUSE_FAILURES": str(tmp_path / "failures.jsonl")}):
        yield kept


@pytest.fixture
def lake(opened: Opened, tmp_path: Path) -> Iterator[Lake]:
    with lake_with(tmp_path / "lake", SENT) as made:
        yield made


Told = dict[str, object]


class Migration:
    """Runs the command in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *options: str, code: int = 0) -> Told:
        assert main([*RANGE, "--json", *options]) == code
        told: Told = json.loads(self._capsys.readouterr().out)
        return told


@pytest.fixture
def migrate(capsys: pytest.CaptureFixture[str]) -> Migration:
    return Migration(capsys)


def state(opened: Opened) -> dict[str, list[tuple[int, int]]]:
    return {
        table: sorted(opened.sql(f"select _partition, _offset from {table}"))
        for table in ("readings", "reading_repeats")
    }


def hours(opened: Opened) -> dict[tuple[str, int], dict[str, object]]:
    cursor = opened.connection.execute(
        "select device_id, (extract(epoch from hour) * 1000000)::bigint as at, * from readings_hourly"
    )
    names = [column.name for column in cursor.description or ()]
    found = (dict(zip(names, row, strict=True)) for row in cursor)
    return {
        (row["device_id"], row["at"]): {n: v for n, v in row.items() if n not in ("device_id", "at", "hour")}
        for row in found
    }


def differences(told: Told) -> list[str]:
    found = told["differences"]
    assert isinstance(found, list)
    return found


# ---------------------------------------------------------------- readings


def test_a_new_store_gets_the_days_and_a_second_run_writes_nothing(
    lake: Lake, opened: Opened, migrate: Migration
) -> None:
    wanted = expected(SENT)
    count = sum(map(len, wanted.values()))
    told = {"form": "readings", "days": 3, "unchanged": 0, "rows": count, "written": count, "differences": []}
    assert migrate() == told
    assert state(opened) == wanted
    assert opened.sql("select count(*) from dead_letters") == [(0,)]
    assert opened.store.offsets() == {}
    assert opened.sql(
        "select temperature from readings where device_id = 'd1' and _partition = 0 and _offset = 41"
    ) == [(99.5,)]
    again = {**told, "unchanged": 3, "written": 0}
    assert migrate() == again
    put(lake, [message(990, at=MIDNIGHT - 5 * DAY)])  # of another day, but a snapshot for which nothing is noted
    assert migrate() == again
    assert state(opened) == wanted


def test_the_consumer_goes_on_as_if_it_had_written_the_days(lake: Lake, opened: Opened, migrate: Migration) -> None:
    migrate()
    opened.store.write(rows(*SENT), {}, lake.offsets())
    assert state(opened) == split(m for m in SENT if m.get("_fault") is None)
    assert (migrate()["written"], opened.sql("select count(*) from dead_letters")) == (0, [(1,)])


@pytest.mark.parametrize("part", [slice(0, None, 2), slice(30, None), slice(40, 41)])
def test_a_store_that_has_part_of_it_gets_the_rest(lake: Lake, opened: Opened, migrate: Migration, part: slice) -> None:
    there = [m for m in SENT[part] if m.get("_fault") is None and MIDNIGHT <= m["timestamp"] < MIDNIGHT + 3 * DAY]
    opened.store.add(rows(*there))
    wanted = expected(SENT)
    assert migrate()["written"] == sum(map(len, wanted.values())) - len(there)
    assert state(opened) == wanted


def test_days_that_retention_dropped_come_back(lake: Lake, opened: Opened, migrate: Migration) -> None:
    migrate()
    for table in ("readings_near", "readings_far", "reading_repeats"):
        opened.sql(f"""delete from {table} where "timestamp" < '2026-03-02 00:00+00'""")
    assert state(opened) != expected(SENT)
    assert migrate()["unchanged"] == 2
    assert state(opened) == expected(SENT)


def test_a_store_that_is_ahead_of_the_lake_is_refused(lake: Lake, opened: Opened, migrate: Migration) -> None:
    newer = message(2_000, "d0", at=MIDNIGHT + HOUR, _produced_at=0)
    opened.store.add(rows(newer))
    told = migrate(code=1)
    assert differences(told) == [
        "2026-03-01 d0: 1 messages of the store are newer than the lake, or say something else there"
    ]
    assert (told["days"], opened.sql("select count(*) from readings where \"timestamp\" < '2026-03-02 00:00+00'")) == (
        2,
        [(1,)],
    )
    put(lake, [newer])
    assert differences(migrate()) == []
    assert state(opened) == expected([*SENT, newer])


def test_what_the_lake_gets_meanwhile_is_taken_along(
    lake: Lake, opened: Opened, migrate: Migration, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = message(2_000, "d0", at=MIDNIGHT + HOUR)
    original = type(opened.store).add

    def add(store: object, piece: object) -> None:
        monkeypatch.setattr(type(opened.store), "add", original)
        put(lake, [late])
        opened.store.add(rows(late))
        original(store, piece)  # type: ignore[arg-type]

    monkeypatch.setattr(type(opened.store), "add", add)
    assert differences(migrate()) == []
    assert state(opened) == expected([*SENT, late])


PLANTED = {
    "a value": "update readings_near set temperature = temperature + 1e-9 where device_id = 'd2' and {day}",
    "a sign": "update readings_near set pressure = 0 where pressure = 0 and {day}",
    "a NULL": "update readings_near set pressure = 1 where device_id = 'd2' and pressure is null and {day}",
    "a reading that is gone": "delete from readings_near where device_id = 'd2' and {day}",
    "another reading": "update reading_repeats set _produced_at = null where device_id = 'd1' and {day}",
}


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_difference_is_found_by_device_and_day(
    lake: Lake, opened: Opened, migrate: Migration, planted: str, tmp_path: Path
) -> None:
    migrate()
    opened.sql(PLANTED[planted].format(day="\"timestamp\" < '2026-03-02 00:00+00'"))
    before = state(opened)
    if planted == "a reading that is gone":  # comes back
        assert migrate()["unchanged"] == 2
        assert state(opened) == expected(SENT)
        return
    told = migrate(code=1)
    [line] = differences(told)
    device = {"a sign": 'comma, "quote"\nand é', "another reading": "d1"}.get(planted, "d2")
    assert line.startswith(f"2026-03-01 {device}: ")
    assert line.endswith(" messages of the store are newer than the lake, or say something else there")
    assert state(opened) == before
    [failure] = [json.loads(noted) for noted in (tmp_path / "failures.jsonl").read_text().splitlines()]
    assert (failure["command"], failure["where"]) == ("migrate", f"2026-03-01 {device}")


def test_a_wrong_reading_of_the_right_messages_is_found(lake: Lake, opened: Opened, migrate: Migration) -> None:
    migrate()
    columns = "_offset, _produced_at, temperature"
    opened.sql(f"""
        with wrong as (select * from reading_repeats where _offset = 10 and _partition = 0),
        gone as (delete from reading_repeats where _offset = 10 and _partition = 0),
        put as (
            insert into reading_repeats select r.* from readings_near as r join wrong using (device_id, "timestamp")
        )
        update readings_near as r set ({columns}) = row(w._offset, w._produced_at, w.temperature)
        from wrong as w where r.device_id = w.device_id and r."timestamp" = w."timestamp"
    """)
    assert differences(migrate(code=1)) == ["2026-03-01 d1: counts are the same, values are not"]


def test_many_devices_that_differ_are_counted(opened: Opened, migrate: Migration, tmp_path: Path) -> None:
    with lake_with(tmp_path / "lake", [message(0)]):
        opened.store.add(rows(*(message(n, f"d{n:02}") for n in range(1, 31))))
        told = differences(migrate(code=1))
    assert [line.partition(":")[0] for line in told[:20]] == [f"2026-03-01 d{n:02}" for n in range(1, 21)]
    assert told[20:] == ["2026-03-01: 10 more devices do not agree"]


# ---------------------------------------------------------------- by the hour


def same(found: dict[tuple[str, int], dict[str, object]], wanted: dict[tuple[str, int], dict[str, object]]) -> None:
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        assert found[key].keys() == values.keys()
        for name, value in values.items():
            assert found[key][name] == (value if value is None else pytest.approx(value, rel=1e-12)), (key, name)


def test_hours_are_those_of_plain_python(lake: Lake, opened: Opened, migrate: Migration) -> None:
    wanted = expected_hours(SENT)
    told = migrate("--hourly")
    same(hours(opened), wanted)
    assert (told["rows"], told["written"], told["differences"]) == (len(wanted), len(wanted), [])
    before = hours(opened)
    assert (migrate("--hourly")["unchanged"], hours(opened)) == (3, before)
    put(lake, [message(990, at=MIDNIGHT - 5 * DAY)])
    assert (migrate("--hourly")["unchanged"], hours(opened)) == (3, before)
    assert state(opened) == {"readings": [], "reading_repeats": []}


def test_late_readings_change_their_hours_only(lake: Lake, opened: Opened, migrate: Migration) -> None:
    migrate("--hourly")
    late = [message(990, "d0", at=SENT[9]["timestamp"] + SECOND), message(991, "new", at=MIDNIGHT + DAY)]
    put(lake, late)
    assert migrate("--hourly")["written"] == 2
    same(hours(opened), expected_hours([*SENT, *late]))


@pytest.mark.parametrize(
    "planted",
    [
        "update readings_hourly set messages = messages + 1 where hour = (select min(hour) from readings_hourly)",
        "update readings_hourly set temperature_mean = 0 where hour = (select min(hour) from readings_hourly)",
        "insert into readings_hourly (device_id, hour, readings, messages) values ('z', '2026-03-01 05:00+00', 1, 1)",
    ],
)
def test_hours_that_are_newer_or_changed_are_not_overwritten(
    lake: Lake, opened: Opened, migrate: Migration, planted: str
) -> None:
    migrate("--hourly")
    opened.sql(planted)
    put(lake, [message(990, "d0", at=MIDNIGHT + 5 * HOUR)])
    before = hours(opened)
    told = migrate("--hourly", code=1)
    [line] = differences(told)
    assert line.startswith("2026-03-01 ")
    assert line.endswith(": 1 hours of the store are of more messages than the lake has, or have other values")
    assert (told["unchanged"], hours(opened)) == (2, before)


# ---------------------------------------------------------------- kills, faults


@pytest.mark.parametrize("form", ["readings", "hourly"])
def test_a_kill_at_each_step_leaves_what_the_next_run_goes_on_with(lake: Lake, opened: Opened, form: str) -> None:
    command = [sys.executable, "-m", "support.history_kills", form]
    named = {
        "PYTHONPATH": os.pathsep.join(map(str, PATHS)),
        "DUCKHOUSE_LAKE": lake.table.location().removesuffix("/telemetry/readings"),
    }
    ran = subprocess.run(command, env={**os.environ, **named}, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip().isdigit()) == (0, True), ran.stdout + ran.stderr
    assert int(ran.stdout) == (7 if form == "readings" else 6)


def test_days_that_the_store_would_drop_again_are_refused(lake: Lake, opened: Opened, migrate: Migration) -> None:
    with (
        environment({"TELEMETRY_KEEP_DAYS": "1"}),
        pytest.raises(
            Exception, match=r"^TELEMETRY_KEEP_DAYS=1: the store would drop days before \d{4}-\d\d-\d\d again"
        ),
    ):
        migrate()
    assert state(opened) == {"readings": [], "reading_repeats": []}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--from", "2026-03-01T05:00"), "--from '2026-03-01T05:00' is not a day: write it as 2026-03-25"),
        (
            ("--to", "2026-03-01"),
            "--from 2026-03-01 --to 2026-03-01: there is no day between them, as that of --to is not included",
        ),
    ],
)
def test_days_that_cannot_be_are_one_line(migrate: Migration, options: tuple[str, ...], said: str) -> None:
    with pytest.raises(UserError) as error:
        migrate(*options)
    assert str(error.value) == said


def test_a_lake_that_is_not_there_is_one_line_and_not_made(opened: Opened, tmp_path: Path) -> None:
    named = {"DUCKHOUSE_LAKE": str(tmp_path / "none"), "DUCKHOUSE_LAKE_CATALOG": ""}
    command = script("migrate_telemetry", *RANGE)
    ran = subprocess.run(command, cwd=PROJECT, env={**os.environ, **named}, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert ran.stderr.startswith(f"error: there is no lake in {tmp_path / 'none'} yet")
    assert not (tmp_path / "none").exists()
    [failure] = [json.loads(line) for line in (tmp_path / "failures.jsonl").read_text().splitlines()]
    assert (failure["command"], failure["source"]) == ("migrate", "telemetry")


def test_a_store_without_tables_for_history_is_one_line(lake: Lake, opened: Opened, migrate: Migration) -> None:
    opened.sql("alter table readings_hourly rename to other")
    try:
        with pytest.raises(UserError, match=r"^the store of readings has no tables for its history: python -m scripts"):
            migrate()
    finally:
        opened.sql("alter table other rename to readings_hourly")


def test_people_are_told(lake: Lake, opened: Opened, capsys: pytest.CaptureFixture[str]) -> None:
    count = sum(map(len, expected(SENT).values()))
    told = f"3 days are the same in lake and store, device by device: {count} messages\n"
    for line in (f"  {count} messages were written\n", "  nothing was to be written\n"):
        assert main(RANGE) == 0
        assert capsys.readouterr().out == told + line

"""A source that the project has never seen comes to life from docs/recipes/parking; no other file changes."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import clickhouse_connect
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse.settings import PROJECT
from duckhouse.skeleton.guess import entities
from support.dbt import environment, told_by_dbt, where_parsed
from support.drops import NO_TESTS
from support.projects import OF_DBT, copied
from support.warehouse import Warehouse, warehouse

RECIPE = PROJECT / "docs" / "recipes" / "parking"
MOST_FILES, MOST_LINES = 15, 270
GENERATED = {
    "macros/project/declared.sql",
    "docs/rules.md",
    "docs/reference/marts.md",
    "docs/reference/diagrams.md",
    "models/reporting/_exposures.yml",
}
PARTS = (*OF_DBT, "docs", "duckhouse", "offline", "scripts", "tools")
SELECTED = ("--select", "source:parking+")

# by the day on which they were delivered: rows of sessions, and of meters
DELIVERIES: Mapping[str, Mapping[str, str]] = {
    "2026-03-02": {
        "sessions.csv": """session_id,meter_id,started_at,minutes,paid_eur
s1,m1,2026-03-01T08:00:00Z,60,2.00
s2,m1,2026-03-01T23:30:00Z,30,
s3,m2,2026-03-01T10:00:00Z,90,3.00
s3,m2,2026-03-01T10:00:00Z,90,3.00
S4,m9,2026-03-01 11:00,10,"€0,50"

,m1,2026-03-01T12:00:00Z,5,0.10
s5,m1,yesterday,5,0.10
s6,m1
s9,m1,2026-03-01T14:00:00Z,15,
""",
        "meters.csv": "meter_id,zone,eur_per_hour\nm1,north,2.00\nm2,south,2.00\nm2,south,2.00\n",
    },
    "2026-03-03": {  # s2 moves to the next day and is paid, s1 loses its amount, s8 is late
        "sessions.csv": """session_id,meter_id,started_at,minutes,paid_eur
s7,m2,2026-03-02T09:00:00Z,60,2.00
s2,m1,2026-03-02T00:10:00Z,30,1.00
s1,m1,2026-03-01T08:00:00Z,60,
s8,m1,2026-03-01T09:00:00Z,20,0.70
s4,m9,2026-03-01T11:00:00Z,10,0.50
""",
        "meters.csv": "meter_id,zone,eur_per_hour\nm1,north,2.50\nm2,center,2.00\n",
    },
    "2026-03-04": {  # both sessions of 2 March move away: the day is empty
        "sessions.jsonl": """{"session_id": "s2", "meter_id": "m1", "started_at": "2026-03-03T00:10:00Z", "minutes": 30}
{"session_id": "s7", "meter_id": "m2", "started_at": "2026-03-03T09:00:00Z", "minutes": 60, "paid_eur": 2}
""",
    },
    "2026-03-05": {"meters.csv": "meter_id,zone,eur_per_hour\nm1,west,2.50\nm2,center,2.00\nm9,east,1.00\n"},
}
OUT_OF_ORDER = (("2026-03-03",), ("2026-03-04", "2026-03-02"), ("2026-03-05",))

SESSIONS = [
    ("s1", "2026-03-01", "2.000000"),
    ("s2", "2026-03-03", "1.000000"),
    ("s3", "2026-03-01", "3.000000"),
    ("s4", "2026-03-01", "0.500000"),
    ("s7", "2026-03-03", "2.000000"),
    ("s8", "2026-03-01", "0.700000"),
    ("s9", "2026-03-01", None),
]
DAILY = [
    ("2026-03-01", "CENTER", 1, "3.000000"),
    ("2026-03-01", "EAST", 1, "0.500000"),
    ("2026-03-01", "WEST", 3, "2.700000"),
    ("2026-03-03", "CENTER", 1, "2.000000"),
    ("2026-03-03", "WEST", 1, "1.000000"),
]
HISTORY = [
    ("m1", "NORTH", "2.000000", "1900-01-01 00:00:00", "2026-03-03 06:00:00"),
    ("m1", "NORTH", "2.500000", "2026-03-03 06:00:00", "2026-03-05 06:00:00"),
    ("m1", "WEST", "2.500000", "2026-03-05 06:00:00", None),
    ("m2", "CENTER", "2.000000", "2026-03-03 06:00:00", None),
    ("m2", "SOUTH", "2.000000", "1900-01-01 00:00:00", "2026-03-03 06:00:00"),
    ("m9", "EAST", "1.000000", "1900-01-01 00:00:00", None),
]
FINDINGS = [
    ("parking__blank_lines", None),
    ("parking__dimension_changed", None),
    ("parking__dimension_key_repeated", "meters/m2"),
    ("parking__duplicate_in_file", "s3"),
    ("parking__late_events", None),
    ("parking__missing_event_id", None),
    ("parking__rejected_record", None),
    ("parking__text_respelled", "s4"),
    ("parking__unpaid_session", "s9"),
    ("parking__unreadable_time", "s5"),
    ("parking__unreadable_value", "sessions/s4/paid_eur"),
]

# it declares no headline, and no model of records: 17 lines of sessions were read
SYSTEMS = [("Parking", "Events", "7", 4, 17, 0, "2026-03-01", "2026-03-03")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the source in it, as somebody has it who followed docs/recipes/add_a_source.md."""
    copy = copied(PARTS, tmp_path_factory.mktemp("copy"))
    shutil.copytree(RECIPE, copy, dirs_exist_ok=True)
    run(copy, "tools.generated")
    return copy


@pytest.fixture(scope="module")
def out_of_order(project: Path) -> Iterator[Warehouse]:
    """Three builds on both engines; the last one brings meters of which sessions were built before."""
    with warehouse("parking") as made:
        house = replace(made, project=project)
        for days in OUT_OF_ORDER:
            for day in days:
                land(house, day)
            build(house, *(() if days == OUT_OF_ORDER[-1] else NO_TESTS))
        yield house


def run(project: Path, module: str, *arguments: str, env: Mapping[str, str] | None = None, code: int = 0) -> str:
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, cwd=project, env={**os.environ, **(env or {})}, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def drop(house: Warehouse, day: str) -> Path:
    folder = house.folder / f"drop-{day}"
    folder.mkdir(exist_ok=True)
    for name, text in DELIVERIES[day].items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def land(house: Warehouse, day: str) -> None:
    run(
        house.project,
        "scripts.land",
        "parking",
        str(drop(house, day)),
        "--delivered-at",
        f"{day}T06:00:00Z",
        env=house.env,
    )


def build(house: Warehouse, *arguments: str) -> None:
    run(house.project, "scripts.push", "parking", env=house.env)
    for target in ("dev", "prod"):
        house.dbt(target, "build", *arguments, *SELECTED)


def published(house: Warehouse, engines: tuple[str, ...] = ("dev", "prod")) -> dict[str, dict[str, list[tuple]]]:
    """The rows of each table of the source, on each engine, as texts."""
    queries = {
        "sessions": "select session_id, event_date, paid_eur from {}marts.fct_parking_sessions order by session_id",
        "daily": "select event_date, zone, sessions, paid_eur from {}marts.fct_parking_daily order by event_date, zone",
        "history": "select meter_id, zone, eur_per_hour, valid_from, valid_to "
        "from {}marts.dim_meters_history order by meter_id, zone, eur_per_hour",
        "findings": "select rule_id, finding_key, first_delivery_id from {}quality.fct_dq_findings "
        "where source = 'parking' order by rule_id, finding_key",
        "systems": "select label, headline_name, headline_value, deliveries, records_read, records_unaccounted, "
        "first_day, last_day from {}reporting.rpt_quality_systems where source = 'parking'",
    }  # fmt: skip
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:
        read = {
            "dev": lambda query: house.rows(query.format("")),
            "prod": lambda query: client.query(query.format(f"{house.prefix}_")).result_rows,
        }
        return {
            name: {engine: [_texts(row) for row in read[engine](query)] for engine in engines}
            for name, query in queries.items()
        }


def _texts(row: tuple) -> tuple:
    return tuple(value if value is None or isinstance(value, int) else str(value) for value in row)


def digests(project: Path) -> dict[str, str]:
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for part in PARTS
        for path in ([project / part] if (project / part).is_file() else (project / part).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_recipe_is_short() -> None:
    files = [path for path in RECIPE.rglob("*") if path.is_file()]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    print(f"a source of two entities: {len(files)} files, {lines} lines")
    assert len(files) <= MOST_FILES
    assert lines <= MOST_LINES


def test_no_file_of_the_project_changes_but_generated_ones(project: Path) -> None:
    before, after = digests(PROJECT), digests(project)
    assert {path for path in before if after.get(path) != before[path]} <= GENERATED
    added = {path.relative_to(RECIPE).as_posix() for path in RECIPE.rglob("*") if path.is_file()}
    assert after.keys() - before.keys() == added


def test_the_source_shows_what_was_delivered_on_both_engines(out_of_order: Warehouse) -> None:
    found = published(out_of_order)
    for engine in ("dev", "prod"):
        assert found["sessions"][engine] == SESSIONS
        assert found["daily"][engine] == DAILY
        assert found["history"][engine] == HISTORY
        assert found["systems"][engine] == SYSTEMS
        keys = {rule: key for rule, key, _ in found["findings"][engine]}
        assert [(rule, key and keys[rule]) for rule, key in FINDINGS] == FINDINGS
        assert keys.keys() == {rule for rule, _ in FINDINGS}


def test_any_order_is_as_all_at_once(out_of_order: Warehouse, project: Path) -> None:
    with warehouse("parking") as made:
        at_once = replace(made, project=project)
        for day in DELIVERIES:
            land(at_once, day)
        at_once.dbt("dev", "build", *SELECTED)
        assert published(at_once, ("dev",)) == published(out_of_order, ("dev",))


def test_nothing_is_forgotten(project: Path) -> None:
    with environment({"DUCKHOUSE_DUCKDB": "first.duckdb"}):
        known = where_parsed(target="dev", project=project)
    assert run(project, "scripts.check_source", "parking", env=known) == "parking: nothing is missing\n"


def test_the_engines_agree(out_of_order: Warehouse, project: Path) -> None:
    told = json.loads(
        run(project, "scripts.parity", "--json", "--select", "path:models/marts/parking", env=out_of_order.env)
    )
    assert {result["model"]: result["equal"] for result in told} == dict.fromkeys(
        ("dim_meters", "dim_meters_history", "fct_parking_daily", "fct_parking_sessions"), True
    )


def test_a_column_of_the_fact_without_a_type_is_named(project: Path, tmp_path: Path) -> None:
    path = project / "models" / "marts" / "parking" / "_parking__models.yml"
    text = path.read_text(encoding="utf-8")
    try:
        path.write_text(
            text.replace("{name: minutes, data_type: integer_nullable,", "{name: minutes,"), encoding="utf-8"
        )
        env = {"DBT_TARGET_PATH": str(tmp_path / "target"), "DUCKHOUSE_DUCKDB": str(tmp_path / "first.duckdb")}
        words = ("compile", "--select", "fct_parking_sessions")
        told = told_by_dbt(*words, target="dev", env=env, project=project, succeeds=False)
    finally:
        path.write_text(text, encoding="utf-8")
    assert "fct_parking_sessions.minutes: its YAML says no data_type, as data_type: text_nullable" in told


def test_staging_gives_each_type_its_value(out_of_order: Warehouse) -> None:
    columns = "session_id, event_at, event_date, minutes, paid_eur, paid_eur_as_delivered, set_aside_reason, respelled"
    query = (
        f"select {columns} from {{}}staging.stg_parking__sessions where _source_row in (6, 8, 9) and _delivered_at < "
    )
    query += "'2026-03-03' order by _source_row"
    with clickhouse_connect.get_client(host="127.0.0.1", port=out_of_order.clickhouse_port) as client:
        prod = [_texts(row) for row in client.query(query.format(f"{out_of_order.prefix}_")).result_rows]
    dev = [_texts(row) for row in out_of_order.rows(query.format(""))]
    assert (
        dev
        == prod
        == [
            ("s4", "2026-03-01 11:00:00", "2026-03-01", 10, None, "€0,50", None, "session_id"),
            (None, "2026-03-01 12:00:00", "2026-03-01", 5, "0.100000", "0.10", "missing_session_id", None),
            ("s5", None, None, 5, "0.100000", "0.10", "unparsable_timestamp", None),
        ]
    )


# ---------------------------------------------------------------- python -m scripts.new_source


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(PARTS, tmp_path_factory.mktemp("untouched"))


def test_a_skeleton_lands_and_builds(untouched: Path) -> None:
    with warehouse("parking") as made:
        house = replace(made, project=untouched)
        before = digests(untouched)
        told = run(untouched, "scripts.new_source", "parking", str(drop(house, "2026-03-02")))
        run(untouched, "tools.generated")
        changed = {path for path, digest in digests(untouched).items() if before.get(path) != digest}
        assert {path for path in changed if path in before} <= GENERATED
        assert {line.split(" (")[0] for line in told.splitlines() if " lines)" in line} == changed - GENERATED
        land(house, "2026-03-02")
        house.dbt("dev", "build", *SELECTED)
        assert house.rows(
            "select session_id, meter_id, minutes, paid_eur, event_at from marts.fct_parking_sessions order by 1"
        )[0] == ("s1", "m1", 60, Decimal("2.000000"), datetime(2026, 3, 1, 8))
        assert house.rows("select meter_id, zone, eur_per_hour from marts.dim_parking_meters order by 1") == [
            ("m1", "north", Decimal("2.000000")),
            ("m2", "south", Decimal("2.000000")),
        ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Parking", "'Parking' is no name of a source: write lower-case letters"),
        ("9parking", "'9parking' is no name of a source"),
        ("par__king", "'par__king' is no name of a source"),
        ("class", "'class' is no name of a source"),
        ("consent", "there is a source 'consent' already"),
        ("empty", "holds no file that landing reads"),
        ("nowhere", "no such folder"),
        ("damaged", r"records\.csv\.gz: the gzip stream is damaged"),
    ],
)
def test_what_cannot_be_started_is_refused_in_one_line(untouched: Path, tmp_path: Path, name: str, told: str) -> None:
    drops = {"empty": {"README.md": b"# none"}, "damaged": {"records.csv.gz": b"a,b"}, "nowhere": None}
    content = drops.get(name, {"records.csv": b"id,day\n1,2026-03-01\n"})
    folder = tmp_path / "drop"
    for file, text in (content or {}).items():
        folder.mkdir(exist_ok=True)
        (folder / file).write_bytes(text)
    before = digests(untouched)
    said = run(untouched, "scripts.new_source", name, str(folder), code=1)
    assert said.startswith("error: ")
    assert len(said.splitlines()) == 1
    assert re.search(told, said)
    assert digests(untouched) == before


def test_a_dry_run_writes_nothing_and_a_file_that_is_there_stays(untouched: Path, tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("visit_id,at\nv1,2026-03-01T00:00:00Z\n")
    before = digests(untouched)
    told = run(untouched, "scripts.new_source", "park", str(tmp_path), "--dry-run")
    assert "models/staging/park/_park__sources.yml" in told
    assert digests(untouched) == before
    mine = untouched / "models" / "marts" / "park" / "fct_park_visits.sql"
    mine.parent.mkdir()
    mine.write_text("select 1 as mine")
    try:
        said = run(untouched, "scripts.new_source", "park", str(tmp_path), code=1)
        assert said == f"error: {mine}: is there already; nothing is overwritten\n"
        assert not (untouched / "models" / "staging" / "park").exists()
    finally:
        shutil.rmtree(mine.parent)


def test_entities_types_keys_and_days_are_guessed(tmp_path: Path) -> None:
    (tmp_path / "visits" / "2026-03-01").mkdir(parents=True)
    lines = [
        {
            "id": n,
            "gate": f"g{n % 2}",
            "entered": 1772352000 + n,
            "entered_at": 1772352000 + n,
            "order": n,
            "fee": "1.5",
        }
        for n in range(20)
    ]
    text = "".join(json.dumps(line | ({"left": True} if line["id"] else {})) + "\n" for line in lines)
    (tmp_path / "visits" / "2026-03-01" / "part-0.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    pq.write_table(
        pa.table({"Gate No": ["g0", "g1"], "open": [True, None], "width": [1.5, 2.25]}), tmp_path / "gates_1.parquet"
    )
    (tmp_path / "weather-2026-03-01.csv").write_text("day;rain;updated_at\n01.03.2026;0,5;2026-03-01T10:00:00Z\n")
    (tmp_path / "notes.md").write_text("no data")
    found = {entity.name: entity for entity in entities(tmp_path)}
    assert {name: entity.patterns for name, entity in found.items()} == {
        "weather": ["weather*.csv"],
        "visits": ["visits/*/*.jsonl.gz"],
        "gates": ["gates*.parquet"],
    }
    assert [(column.name, column.as_name, column.type) for column in found["visits"].columns] == [
        ("id", "id", "id"),
        ("gate", "gate", "text"),
        ("entered", "entered", "integer"),
        ("entered_at", "entered_at", "timestamp"),
        ("order", "visits_order", "integer"),
        ("fee", "fee", "money"),
        ("left", "visits_left", "boolean"),
    ]
    assert [(column.name, column.as_name, column.type) for column in found["gates"].columns] == [
        ("Gate No", "gate_no", "text"),
        ("open", "open", "boolean"),
        ("width", "width", "number"),
    ]
    assert [(column.name, column.type) for column in found["weather"].columns] == [
        ("day", "date"),
        ("rain", "text"),
        ("updated_at", "timestamp"),
    ]
    visits = found["visits"]
    assert (visits.key and visits.key.name, visits.day and visits.day.name) == ("id", "entered_at")
    assert [column.name for column in visits.amounts] == ["fee"]
    assert found["gates"].key is None
    assert found["weather"].day is found["weather"].columns[0]

"""The log of failures: a line each, for its owner alone, bounded, without secrets; no command fails because of it."""

import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import run
from typing import Any

import pytest

from duckhouse import failures
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT
from support.landing import Zone


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "logs" / "failures.jsonl"
    monkeypatch.setenv("DUCKHOUSE_FAILURES", str(path))
    return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_failure_is_a_line(log: Path) -> None:
    failures.note("land", "shop", "events/a.csv", "unclosed_quote", 3, place=17)
    failures.note("consume", "telemetry", "device-readings/2", "a line\nand another")
    first, second = lines(log)
    assert first.pop("at").endswith("Z")
    assert first == {
        "command": "land", "source": "shop", "where": "events/a.csv", "place": 17,
        "reason": "unclosed_quote", "count": 3,
    }  # fmt: skip
    assert (second["reason"], second["place"], second["count"]) == ("a line\nand another", None, 1)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_it_lies_in_the_landing_zone_unless_the_setting_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DUCKHOUSE_FAILURES", "")
    failures.note("land", "shop", "a.csv", "cannot be read")
    assert len(lines(tmp_path / "landing" / "failures.jsonl")) == 1


def test_what_ends_a_block_is_noted_and_passes(log: Path) -> None:
    with pytest.raises(UserError, match="no answer"), failures.noted("extract", "crm"):
        raise UserError("PostgreSQL at db:5432/crm: no answer")
    with pytest.raises(ZeroDivisionError), failures.noted("extract", "crm"):
        raise ZeroDivisionError
    assert [(each["source"], each["where"], each["reason"]) for each in lines(log)] == [
        ("crm", "crm", "PostgreSQL at db:5432/crm: no answer")
    ]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("the server refuses tea-time for bob", "the server refuses *** for bob"),
        ("postgresql://bob:pa:ss@db/crm is away", "postgresql://bob:***@db/crm is away"),
        ("host=db password='two words' user=bob", "host=db password=*** user=bob"),
        ("host=db Password=x9 user=bob", "host=db Password=*** user=bob"),
        ("the password is missing", "the password is missing"),
    ],
)
def test_no_secret_is_written(log: Path, monkeypatch: pytest.MonkeyPatch, said: str, kept: str) -> None:
    monkeypatch.setenv("CRM_PASSWORD", "tea-time")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "bob")  # too short to be told from a word
    failures.note("extract", "crm", said, said)
    [entry] = lines(log)
    assert (entry["where"], entry["reason"]) == (kept, kept)


def test_a_long_reason_is_cut(log: Path) -> None:
    failures.note("land", "shop", "a.csv", "x" * 5_000)
    [entry] = lines(log)
    assert len(entry["reason"]) == 1_000


def test_a_full_log_makes_room_and_keeps_the_one_before(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "MOST_BYTES", 400)
    for number in range(9):
        failures.note("land", "shop", f"{number}.csv", "cannot be read")
    before = log.with_name("failures.jsonl.1")
    assert max(log.stat().st_size, before.stat().st_size) <= 400
    told = [each["where"] for each in (*lines(before), *lines(log))]
    assert told == [f"{number}.csv" for number in range(9 - len(told), 9)]
    assert sorted(path.name for path in log.parent.iterdir()) == ["failures.jsonl", "failures.jsonl.1"]


def test_lines_of_several_writers_stay_whole(log: Path) -> None:
    def write(writer: int) -> None:
        for number in range(100):
            failures.note("land", "shop", f"{writer}-{number}", "y" * 900)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(8)))
    assert {each["where"] for each in lines(log)} == {
        f"{writer}-{number}" for writer in range(8) for number in range(100)
    }


def test_a_line_that_a_full_disk_cut_off_spoils_no_other(log: Path) -> None:
    log.parent.mkdir()
    log.write_bytes(b'{"at": "2026-')
    failures.note("land", "shop", "a.csv", "cannot be read")
    cut_off, whole = log.read_text().splitlines()
    assert cut_off == '{"at": "2026-'
    assert json.loads(whole)["where"] == "a.csv"


def test_a_log_that_cannot_be_written_fails_no_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path / "file" / "below.jsonl", tmp_path, "/dev/full", tmp_path / "pipe"):
        monkeypatch.setenv("DUCKHOUSE_FAILURES", str(place))
        failures.note("land", "shop", "a.csv", "cannot be read")


def test_it_costs_a_command_no_library_to_import() -> None:
    code = (
        "import sys, duckhouse.failures; print(sorted({'pyarrow', 'duckdb', 'yaml', 'psycopg'} & sys.modules.keys()))"
    )
    assert run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_landing_notes_refused_files_and_rejected_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone(tmp_path, monkeypatch)
    zone.file("events/a.jsonl", '{"id": 1}\n' * 9 + "{\n[]\nnull\n{\n")
    zone.file("events/b.csv.gz", b"no gzip")
    zone.file("notes.txt", "hello")
    assert zone.land().code == 1
    noted = lines(zone.root / "failures.jsonl")
    assert {(each["command"], each["source"]) for each in noted} == {("land", "shop")}
    assert [(each["where"], each["reason"], each["count"], each["place"]) for each in noted[2:]] == [
        ("events/a.jsonl", "invalid_json", 2, 10), ("events/a.jsonl", "not_an_object", 2, 11),
    ]  # fmt: skip
    assert [(each["where"], each["count"], each["place"]) for each in noted[:2]] == [
        ("notes.txt", 1, None), ("events/b.csv.gz", 1, None),
    ]  # fmt: skip
    assert "no file pattern" in noted[0]["reason"]
    assert "gzip" in noted[1]["reason"]


def test_landing_notes_why_nothing_landed_and_nothing_of_a_dry_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone = Zone(tmp_path, monkeypatch)
    zone.file("notes.txt", "hello")
    assert zone.land("--dry-run").code == 1
    assert not (zone.root / "failures.jsonl").exists()
    assert zone.land().code == 1
    [entry] = lines(zone.root / "failures.jsonl")
    assert (entry["where"], "no file of shop in it" in entry["reason"]) == ("shop", True)
    zone.file("events/a.csv", "id\n1\n")
    (zone.drop / "notes.txt").unlink()
    assert zone.land().code == 0
    assert len(lines(zone.root / "failures.jsonl")) == 1


def test_a_delivery_lands_where_its_failures_cannot_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone(tmp_path, monkeypatch)
    monkeypatch.setenv("DUCKHOUSE_FAILURES", "/dev/full")
    zone.file("events/a.jsonl", '{"id": 1}\n{"id": 2}\n{\n')
    assert zone.land().code == 0
    assert len(zone.rows()) == 2

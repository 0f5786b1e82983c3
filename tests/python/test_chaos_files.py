"""The campaign of spoilt files: nothing is lost in a short one, and what does not hold is told."""

import io
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from duckhouse.landing.load import Outcome
from duckhouse.landing.manifest import SourceFile
from duckhouse.landing.zone import Zone
from duckhouse.sources import Column, Entity, load_source
from tools import chaos
from tools.campaigns.files import campaign, costs, lander, oracle
from tools.campaigns.files.smaller import smaller
from tools.campaigns.files.spoilt import Spoilt, spoilt_file
from tools.campaigns.files.valid import Valid

ENTITY = Entity("events", (), (Column("id", aliases=("key",)), Column("amount")))


def test_files_that_are_spoilt_lose_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "BATCH", 40)
    words = ["files", "--count", "120", "--seed", "7", "--only-landing", "--json", "--work", str(tmp_path)]

    assert chaos.main(words) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["differences"] == []
    assert told["files"] == 120
    assert told["landed"] > 50 < told["landed"] + told["refused"] <= 120
    assert told["rejected"] > 10


# ---------------------------------------------------------------- what the independent readers tell

JSONL = b'{"id": "a", "amount": 1.0}\n\n{"key": "b", "x": [1]}\nnull\n'
CSV = b'id,amount,x\na,"1,5",\nb,"2\n3",y\nc\n'
MADE = pa.table({"id": ["a", None], "amount": [Decimal("1.50"), Decimal("2.00")]})


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(MADE, buffer)
    return buffer.getvalue()


def row(place: int, ident: str | None, amount: str | None, unmapped: str | None = None) -> dict[str, Any]:
    return {"_source_row": place, "id": ident, "amount": amount, "_unmapped": unmapped}


FILES: dict[str, tuple[bytes, tuple[int, int, int, int], list[dict[str, Any]], list[dict[str, Any]]]] = {
    "jsonl": (JSONL, (4, 2, 1, 1), [row(1, "a", "1.0"), row(3, "b", None, '{"x":[1]}')], [{"_source_row": 4}]),
    "csv": (CSV, (3, 2, 1, 0), [row(2, "a", "1,5", '{"x":null}'), row(3, "b", "2\n3", '{"x":"y"}')],
            [{"_source_row": 5}]),
    "parquet": (parquet(), (2, 2, 0, 0), [row(1, "a", "1.50"), row(2, None, "2.00")], []),
}  # fmt: skip


def told(
    form: str,
    rows: list[dict[str, Any]],
    rejected: list[dict[str, Any]],
    counts: tuple[int, ...],
    entity: Entity = ENTITY,
) -> list[str]:
    data = FILES[form][0]
    valid = Valid("shop", "events", f"events/*.{form}", form, ("id", "amount"), data)
    entry = SourceFile("events", "a", form, "utf-8", ",", len(data), "", *counts, "events/a", ())
    return list(oracle.differences(Spoilt(1, valid, f"events/1.{form}", data, ()), entry, entity, rows, rejected))


@pytest.mark.parametrize("form", FILES)
def test_a_file_that_landed_as_it_is_differs_in_nothing(form: str) -> None:
    _, counts, rows, rejected = FILES[form]
    assert told(form, rows, rejected, counts) == []


@pytest.mark.parametrize("form", FILES)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows, rejected: (rows[1:], rejected),
        lambda rows, rejected: ([*rows, rows[0]], rejected),
        lambda rows, rejected: ([{**rows[0], "id": "z"}, *rows[1:]], rejected),
        lambda rows, rejected: ([rows[0], {**rows[1], "amount": "9"}], rejected),
        lambda rows, rejected: (rows[:1], [*rejected, rows[1]]),
    ],
)
def test_rows_that_are_lost_doubled_or_others_are_told(form: str, spoil: Callable[..., Any]) -> None:
    _, counts, rows, rejected = FILES[form]
    rows, rejected = spoil(rows, rejected)
    for honest in (counts, (len(rows) + len(rejected) + counts[3], len(rows), len(rejected), counts[3])):
        assert told(form, rows, rejected, honest)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_value_that_no_file_has_is_told(form: str) -> None:
    _, counts, rows, rejected = FILES[form]
    other = replace(ENTITY, columns=(*ENTITY.columns, Column("at")))
    made_up = [{**row, "at": "2026"} for row in rows]
    assert "at is '2026', and no key is its own" in told(form, made_up, rejected, counts, other)[0]


def test_unmapped_values_that_are_no_json_are_told() -> None:
    _, counts, rows, rejected = FILES["csv"]
    broken = [{**rows[0], "_unmapped": '{"x":-.5}'}, rows[1]]
    assert told("csv", broken, rejected, counts) == ["row 2: _unmapped is no JSON: '{\"x\":-.5}'"]


def test_a_line_that_is_no_object_must_not_land() -> None:
    _, _, rows, _ = FILES["jsonl"]
    assert told("jsonl", [*rows, row(4, None, None)], [], (4, 3, 0, 1)) == ["line 4 is no JSON object and has landed"]


# ---------------------------------------------------------------- what a fork may come to


def in_a_fork(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: Callable[..., Any]) -> list[str]:
    monkeypatch.setattr(lander, "landed", what)
    monkeypatch.setattr(lander, "SECONDS", 0)
    monkeypatch.setattr(lander, "PATIENCE", 2)
    valid = Valid("ad_serving", "publishers", "publishers/*.csv", "csv", ("publisher_id",), b"publisher_id\n1\n")
    files = [spoilt_file(1, 0, [valid])]
    return [told for _, told in lander._in_a_fork(load_source("ad_serving"), files, tmp_path)["differences"]]


def test_a_file_that_takes_too_long_or_ends_its_process_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert in_a_fork(tmp_path, monkeypatch, lambda *_: time.sleep(60)) == ["did not end in 0 s"]
    assert in_a_fork(tmp_path, monkeypatch, lambda *_: os._exit(3)) == ["ended with 3"]
    assert in_a_fork(tmp_path, monkeypatch, lambda *_: os.kill(os.getpid(), signal.SIGXCPU))[0].startswith("took 0 s")


def test_what_is_no_file_and_what_is_not_given_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loader that lands nothing, and says so."""
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path / "landing"))
    monkeypatch.setattr(lander, "_load", lambda *_: Outcome(datetime.now(UTC)))
    valid = Valid("ad_serving", "publishers", "publishers/*.csv", "csv", ("publisher_id",), b"publisher_id\n1\n")
    source = load_source("ad_serving")
    Zone(source).path.mkdir(parents=True)
    found = lander.landed(source, [spoilt_file(1, 0, [valid])], tmp_path / "drop").differences
    assert (0, "0 fates: landed, refused and skipped must be one") in found
    assert any("fifo.csv: None, not not a regular file" in what for _, what in found)


# ---------------------------------------------------------------- the rest


def test_the_least_lines_that_fail_are_found() -> None:
    data = b"".join(b"%d\n" % i for i in range(100))
    assert smaller(data, lambda part: b"17\n" in part and b"80\n" in part) == b"17\n80\n"


def test_a_cost_that_grows_faster_than_the_bytes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "SHAPES", {"lines": ("a.csv", lambda size: b"x" * size)})
    monkeypatch.setattr(costs, "_seconds", lambda _, __, data: (len(data) / 1_000) ** 2)
    assert list(costs.costs(tmp_path)) == ["cost of lines: 4,000 take 16.0 s, 32,000 take 1024.0 s"]
    monkeypatch.setattr(costs, "_seconds", lambda _, __, data: len(data) / 1_000)
    assert list(costs.costs(tmp_path)) == []


def test_a_seed_draws_the_same_files_again() -> None:
    valid = Valid("shop", "events", "events/*.csv", "csv", ("id", "amount"), CSV)
    drawn = [spoilt_file(3, number, [valid]) for number in range(50)]
    assert drawn == [spoilt_file(3, number, [valid]) for number in range(50)]
    assert len({file.data for file in drawn}) > 40
    assert {replace(file, number=0).valid for file in drawn} == {valid}

"""The campaign of drawn tables: a short one lands each as it is, and what does not hold is told."""

import json
import random
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction.database import Database
from tools import chaos
from tools.campaigns.schemas import campaign, truth
from tools.campaigns.schemas.campaign import Schema, database_for_schemas, few_rows
from tools.campaigns.schemas.shapes import WIDE, Shape, drawn_shape

SHAPE = Shape("T", ["id", "a", "b", "at"], {"x": "numeric"}, "none", [1, 2, 3])
extract = campaign.extract


@pytest.fixture(scope="module")
def place(postgres: Embedded) -> Iterator[Database]:
    with few_rows():
        yield database_for_schemas(postgres)


def test_drawn_tables_land_as_they_are_or_are_refused(
    postgres: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(campaign, "embedded", lambda *_, **__: nullcontext(postgres))

    assert chaos.main(["schemas", "--count", "5", "--seed", "4", "--json", "--work", str(tmp_path)]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["differences"] == []
    assert told["schemas"] == 5
    assert sum(told["changes"].values()) > 10
    assert {"cdc", "compare", "full"} <= told["runs"].keys()


def test_a_table_of_as_many_columns_as_there_can_be_lands_by_each_way(place: Database, tmp_path: Path) -> None:
    assert Schema(place, tmp_path, WIDE, Modes("compare", "cdc", "cdc")).run(3) == []


class Modes(random.Random):
    """Draws the modes of the runs in this order; of all else what a seed draws."""

    def __init__(self, *modes: str) -> None:
        super().__init__(1)
        self.left = list(modes)

    def choice(self, some: Any) -> Any:
        return self.left.pop(0) if some is campaign.MODES and self.left else super().choice(some)


# ---------------------------------------------------------------- what is told


def told(place: Database, landing: Path, monkeypatch: pytest.MonkeyPatch, shape: Shape, run: Any) -> str:
    monkeypatch.setattr(campaign, "extract", run)
    monkeypatch.setattr(campaign, "happen", lambda _, __, shape: (shape, []))
    [found] = Schema(place, landing, shape, Modes("compare", "compare")).run(2)
    return found


def test_a_row_that_is_lost_or_another_is_told(
    place: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = truth.records
    monkeypatch.setattr(truth, "records", lambda landing: [row for row in records(landing) if row["id"] != 2])
    assert "row 2 is ('Ä%2', 2, " in told(place, tmp_path, monkeypatch, SHAPE, extract)

    monkeypatch.setattr(truth, "records", lambda landing: [{**row, "_unmapped": None} for row in records(landing)])
    assert ", {'x': '0.25" in (found := told(place, tmp_path, monkeypatch, SHAPE, extract))
    assert found.endswith(", {}) (after nothing)")


def test_a_traceback_and_a_refusal_are_told(place: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no")

    def refused(*_: object) -> None:
        raise UserError("not today")

    assert "ValueError: no" in told(place, tmp_path, monkeypatch, SHAPE, broken)
    assert "compare: refused: not today" in told(place, tmp_path, monkeypatch, SHAPE, refused)


def test_a_table_that_lands_and_should_not_is_told(
    place: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Shape, "refusal", lambda *_: "has no primary key")
    found = told(place, tmp_path, monkeypatch, SHAPE, extract)
    assert "compare landed what must be refused: has no primary key" in found


def test_rows_that_a_policy_hides_and_that_are_read_as_gone_are_told(
    place: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unhindered(source: Any, database: Database, mode: str) -> Any:
        return extract(source, place, mode)

    assert "rows that a policy hides were read as gone" in told(place, tmp_path, monkeypatch, SHAPE, unhindered)


def test_a_seed_draws_the_same_tables_again() -> None:
    drawn = [drawn_shape(random.Random(number)) for number in range(60)]
    assert drawn == [drawn_shape(random.Random(number)) for number in range(60)]
    assert {shape.division for shape in drawn} == {"none", "by range", "by hash", "inherited", "unlogged"}
    assert len({kind for shape in drawn for kind in shape.extra.values()}) > 25

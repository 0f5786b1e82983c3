"""The comparison of two dumps sees what it is there to see."""

from pathlib import Path

import duckdb
import pytest

from duckhouse.cli import UserError
from duckhouse.warehouse.dumps import compare

ROWS = "select * from (values (1, 0.10::decimal(38, 6), 'a'), (2, null, 'b')) as t (id, amount, label)"


def dump(folder: Path, **tables: str) -> Path:
    folder.mkdir()
    for name, query in tables.items():
        duckdb.sql(query).write_parquet(str(folder / f"{name}.parquet"))
    return folder


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return dump(tmp_path / "before", shop=ROWS)


def test_the_same_rows_in_another_order_and_wider_types_are_no_difference(tmp_path: Path, before: Path) -> None:
    after = dump(tmp_path / "after", shop=f"select id::bigint as id, amount, label from ({ROWS}) order by id desc")
    assert list(compare(before, after, {})) == []


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (f"{ROWS} where id = 1", ["shop: of 1 rows 0 are only after, 1 only before"]),
        (f"{ROWS} union all {ROWS}", ["shop: of 4 rows 2 are only after, 0 only before"]),
        (
            f"select id, amount + 0.000001::decimal(38, 6) as amount, label from ({ROWS})",
            ["shop: of 2 rows 1 are only after, 1 only before"],
        ),
        (
            f"select id, amount, label as name from ({ROWS})",
            ["shop.label: only before", "shop.name: only after"],
        ),
    ],
)
def test_every_kind_of_difference_is_told(tmp_path: Path, before: Path, query: str, told: list[str]) -> None:
    assert list(compare(before, dump(tmp_path / "after", shop=query), {})) == told


def test_a_missing_table_is_told(tmp_path: Path, before: Path) -> None:
    after = dump(tmp_path / "after", store=ROWS)
    assert list(compare(before, after, {})) == ["shop: only before", "store: only after"]


def test_a_folder_without_a_dump_is_an_error(tmp_path: Path, before: Path) -> None:
    with pytest.raises(UserError, match="holds no dump"):
        list(compare(before, tmp_path / "nowhere", {}))


def test_what_has_another_name_is_compared_by_it(tmp_path: Path, before: Path) -> None:
    after = dump(tmp_path / "after", store=f"select id, amount, label as name from ({ROWS})")
    names = {"tables": {"shop": "store"}, "columns": {"store": {"label": "name"}}}
    assert list(compare(before, after, names)) == []

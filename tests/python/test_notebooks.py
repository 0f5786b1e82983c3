"""Notebooks are stored without outputs, and run from first to last on files written by hand and on their marts."""

import datetime as dt
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from duckhouse.settings import PROJECT
from support.dbt import environment
from support.drops import NO_TESTS
from support.review_files import Product, Review, deliver
from support.warehouse import Warehouse, warehouse

NOTEBOOKS = PROJECT / "notebooks"
DAY = dt.date(2014, 6, 1)
FIRST = [
    Review("corrected", "B001", DAY, "2.0", (1, 2)),
    *(Review(f"reader {number}", "B001", DAY, "4.0", (number, 10), "x" * number) for number in range(40)),
    Review("odd", "B002", DAY, "five"),
    Review("", "B002", DAY),
]
SECOND = [Review("corrected", "B001", DAY, "3.0", (2, 3))]


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def executed(house: Warehouse, name: str, files: Path) -> dict[str, str]:
    """What each cell of code says, as text, by its id."""
    settings = {
        **house.env,
        "REVIEWS_FILES": str(files),
        "IPYTHONDIR": str(house.folder / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(house.folder / "jupyter"),
    }
    notebook = read(NOTEBOOKS / name)
    with environment(settings):
        resources = {"metadata": {"path": str(NOTEBOOKS)}}
        NotebookClient(notebook, timeout=None, kernel_name="python3", resources=resources).execute()
    return {
        cell["id"]: "".join(output.get("data", {}).get("text/plain", "") for output in cell["outputs"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    }


def cells_of(table: str) -> list[list[str]]:
    """The rows of a table as DuckDB draws it, below its head."""
    lines = [line for line in table.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines[2:]]


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    with warehouse("reviews") as house:
        deliver(house, "2014-07-01", {"a": FIRST}, [Product("B001", "Sony", (("Music",),))])
        deliver(house, "2014-07-02", {"b": SECOND})
        house.dbt("dev", "build", *NO_TESTS)
        house.run("publish", "--target", "dev")
        return executed(house, "reviews.ipynb", house.folder)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"] is not None] == []


def test_raw_files_and_marts_are_read(said: dict[str, str]) -> None:
    assert cells_of(said["read-raw"]) == [["44", "2"]]
    assert cells_of(said["records"]) == [["44", "42", "1", "1", "0", "0"]]


def test_ratings_of_both(said: dict[str, str]) -> None:
    assert cells_of(said["raw-ratings"]) == [["4.0", "40"], ["2.0", "1"], ["3.0", "1"], ["5.0", "1"], ["five", "1"]]
    assert cells_of(said["ratings"]) == [["3", "1"], ["4", "40"], ["NULL", "1"]]


def test_corrections(said: dict[str, str]) -> None:
    [row] = cells_of(said["corrected"])
    assert [row[0], row[1], *row[3:]] == ["corrected", "B001", "2", "2.0, 3.0", "[1, 2], [2, 3]"]
    assert cells_of(said["records-of-reviews"]) == [["1", "41", "0"], ["2", "1", "1"]]


def test_brands_and_categories(said: dict[str, str]) -> None:
    """41 ratings that sum to 163, the whole month."""
    assert cells_of(said["brands-of-the-busiest-month"]) == [["Sony", "41", "3.98", "3.98", "1", "1"]]
    assert said["categories"].startswith("alt.Chart")


def test_long_reviews(said: dict[str, str]) -> None:
    """The reader n of 40 has n letters and n of 10 votes; more than 10 have no share. One text has five letters."""
    rows = cells_of(said["length-and-votes"])
    assert sum(int(row[3]) for row in rows) == 12
    assert (rows[0][1:3], rows[-1][1:3]) == (["0", "2"], ["9", "10"])
    assert rows[0][4:6] == ["30", "0.1"]
    assert rows[-1][4:6] == ["20", "0.95"]


def test_products_that_are_not_described(said: dict[str, str]) -> None:
    assert cells_of(said["products"]) == [["false", "2", "1"], ["true", "1", "41"]]

"""A chapter of the report as a page of its own, from the views that a warehouse has on dev."""

from collections import namedtuple
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import duckdb

from duckhouse.reporting.overview import Overview
from duckhouse.reporting.page import Chapter, View, rendered
from support.pages import Page
from support.warehouse import Warehouse


def found_in(house: Warehouse, chapter: ModuleType) -> dict[str, Any]:
    """The rows of the views of a chapter, as the report reads them; None of those that are not built."""
    with duckdb.connect(str(house.duckdb), read_only=True) as connection:
        there = connection.execute("select table_name from information_schema.tables where table_schema = 'reporting'")
        built = {name for (name,) in there.fetchall()}
        return {key: _rows(connection, view) if view.name in built else None for key, view in chapter.VIEWS.items()}


def _rows(connection: duckdb.DuckDBPyConnection, view: View) -> list[Any]:
    answered = connection.execute(f"from reporting.{view.name} order by {', '.join(view.order_by)}")
    row: Any = namedtuple("Row", [column[0] for column in answered.description])
    return [row(*values) for values in answered.fetchall()]


def page_of(chapter: ModuleType, found: Mapping[str, Any]) -> Page:
    shown = Chapter(chapter.HEADING, chapter.facts(found), chapter.sections(found))
    return Page(rendered("Report", Overview("dev", None, [], [], ""), [shown]))

"""Asks what is published; answers are kept until a build publishes anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import pyarrow as pa
import streamlit as st

from duckhouse.warehouse.questions import Comparison, Question
from duckhouse.warehouse.reading import House, Row, reading

KEPT_ANSWERS = 500
FIRST_ROWS = 501  # a table shows one less; a chart and a table of one question share an answer of fewer rows

Answer: TypeAlias = tuple[Sequence[str], list[Sequence[Any]]]
"""The names of columns, and rows."""


@dataclass(frozen=True)
class Asking:
    target: str
    house: House

    def rows(self, question: Question | Comparison) -> list[Row]:
        """The rows that answer a question."""
        columns, rows = self._answer(question)
        row = self.house.row_type(question.view, columns)
        return [row(*values) for values in rows]

    def one(self, question: Question | Comparison) -> Row:
        """The row of a question that has exactly one answer."""
        [row] = self.rows(question)
        return row

    def table(self, question: Question | Comparison) -> pa.Table:
        """The answer as columns; amounts stay decimal."""
        return table_of(*self._answer(question))

    def has(self, view: str) -> bool:
        """Whether the view is built: without rules, those about quality are not."""
        return view in self.house.names

    def _answer(self, question: Question | Comparison) -> Answer:
        most = question.limit
        columns, rows = self._answered(question.limited(FIRST_ROWS))
        if len(rows) < FIRST_ROWS or (most is not None and most <= FIRST_ROWS):
            return columns, rows[:most]
        return self._answered(question)

    def _answered(self, question: Question | Comparison) -> Answer:
        sql = question.sql(self.house.dialect)
        return answered(self.target, self.house.place, self.house.version, sql, self.house)


def all_rows(target: str, question: Question | Comparison) -> pa.Table:
    """The answer as columns, read anew and not kept: a download is made after its page has closed what it read."""
    with reading(target) as house:
        columns, rows = house.ask(question.sql(house.dialect))
        return table_of(columns, list(rows))


def table_of(columns: Sequence[str], rows: list[Sequence[Any]]) -> pa.Table:
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    return pa.table([pa.array(list(of_column)) for of_column in values], names=list(columns))


@st.cache_data(max_entries=KEPT_ANSWERS, show_spinner=False)
def answered(target: str, place: str, version: str, sql: str, _house: House) -> Answer:
    columns, rows = _house.ask(sql)
    return list(columns), [tuple(row) for row in rows]

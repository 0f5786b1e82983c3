"""Questions about a published view, as SQL that means the same on DuckDB and ClickHouse.

Names of columns and values come from outside and are quoted; the expressions of measures are code.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

Value = str | int | float | bool | Decimal | date | datetime | None
TIME_FORMAT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Dialect:
    """How an engine writes the names of a relation and of a column, and a text."""

    relation: Callable[[str, str], str]
    quoted: Callable[[str], str]
    literal: Callable[[str], str]

    def value(self, value: Value) -> str:
        if value is None:
            return "null"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float | Decimal):
            return f"{value}"
        return self.literal(value.strftime(TIME_FORMAT) if isinstance(value, datetime) else str(value))


class Condition(Protocol):
    def sql(self, dialect: Dialect) -> str: ...


@dataclass(frozen=True)
class In:
    """The column has one of the values; None stands for NULL."""

    column: str
    values: tuple[Value, ...]

    def sql(self, dialect: Dialect) -> str:
        column = dialect.quoted(self.column)
        known = [dialect.value(value) for value in self.values if value is not None]
        either = [f"{column} in ({', '.join(known)})"] * bool(known) + [f"{column} is null"] * (None in self.values)
        return f"({' or '.join(either)})" if either else "false"


@dataclass(frozen=True)
class Between:
    """The column lies between two values, both included; None leaves a side open."""

    column: str
    first: Value = None
    last: Value = None

    def sql(self, dialect: Dialect) -> str:
        column = dialect.quoted(self.column)
        sides = [(">=", self.first), ("<=", self.last)]
        told = [f"{column} {sign} {dialect.value(value)}" for sign, value in sides if value is not None]
        return " and ".join(told) or "true"


@dataclass(frozen=True)
class Not:
    """The opposite of a condition."""

    condition: Condition

    def sql(self, dialect: Dialect) -> str:
        return f"not ({self.condition.sql(dialect)})"


@dataclass(frozen=True)
class Question:
    """Columns of a view; with measures, the groups of these columns and an aggregate of each.

    A measure is an expression over the view's columns by its name. `order_by` names columns and measures, with a minus
    for descending, and between bars for the size without its sign (-|change|); NULL comes last. Without columns and
    measures the question is for all columns.
    """

    view: str
    columns: tuple[str, ...] = ()
    measures: Mapping[str, str] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int | None = None
    schema: str = "reporting"

    def sql(self, dialect: Dialect) -> str:
        columns = [dialect.quoted(column) for column in self.columns]
        measures = [f"{expression} as {dialect.quoted(name)}" for name, expression in self.measures.items()]
        parts = [
            f"select {', '.join([*columns, *measures]) or '*'}",
            f"from {dialect.relation(self.schema, self.view)}",
            f"where {' and '.join(one.sql(dialect) for one in self.where)}" if self.where else "",
            f"group by {', '.join(columns)}" if self.measures and columns else "",
        ]
        return arranged(" ".join(filter(None, parts)), self, dialect)

    def narrowed(self, *conditions: Condition) -> "Question":
        """The same question about the rows that also meet these conditions."""
        return replace(self, where=(*self.where, *conditions))

    def limited(self, most: int) -> "Question":
        """The same question with at most so many rows."""
        return replace(self, limit=most)


@dataclass(frozen=True)
class Comparison:
    """A question asked of one period and of the one before it.

    Each measure m comes as m, m_before, m_change (their difference) and m_change_share (the difference over the
    earlier value). Groups that only one of the periods has are kept, with NULL for the other.
    """

    question: Question
    now: Condition
    before: Condition

    @property
    def view(self) -> str:
        return self.question.view

    @property
    def limit(self) -> int | None:
        return self.question.limit

    def limited(self, most: int) -> "Comparison":
        return replace(self, question=self.question.limited(most))

    def sql(self, dialect: Dialect) -> str:
        asked = replace(self.question, order_by=(), limit=None)
        keys = [dialect.quoted(column) for column in asked.columns]
        same = " and ".join(f"now.{key} is not distinct from earlier.{key}" for key in keys)
        shown = [f"coalesce(now.{key}, earlier.{key}) as {key}" for key in keys]
        for name in asked.measures:
            now, earlier = f"now.{dialect.quoted(name)}", f"earlier.{dialect.quoted(name)}"
            change = f"{now} - {earlier}"
            shown += [
                f"{now} as {dialect.quoted(name)}",
                f"{earlier} as {dialect.quoted(f'{name}_before')}",
                f"{change} as {dialect.quoted(f'{name}_change')}",
                f"({change}) * 1e0 / nullif({earlier} * 1e0, 0) as {dialect.quoted(f'{name}_change_share')}",
            ]
        parts = [
            f"select {', '.join(shown)} from ({asked.narrowed(self.now).sql(dialect)}) as now",
            "full join" if keys else "cross join",
            f"({asked.narrowed(self.before).sql(dialect)}) as earlier",
            f"on {same}" if keys else "",
        ]
        return arranged(" ".join(filter(None, parts)), self.question, dialect)


def arranged(answer: str, question: Question, dialect: Dialect) -> str:
    """The answer in its order and up to its limit. It is a query of its own, because a measure may have the name of a
    column, and ClickHouse would order by that column."""
    names = [(name.removeprefix("-"), " desc" if name.startswith("-") else "") for name in question.order_by]
    order = ", ".join(f"{ordered(name, dialect)}{direction} nulls last" for name, direction in names)
    limit = f" limit {int(question.limit)}" if question.limit is not None else ""
    return f"select * from ({answer}) as answer{f' order by {order}' if order else ''}{limit}"


def ordered(name: str, dialect: Dialect) -> str:
    column = dialect.quoted(name.strip("|"))
    return f"abs({column})" if name.startswith("|") else column

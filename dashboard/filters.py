"""Filters. Each is a part of the address of the page, so that a link shows what its sender saw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st

from duckhouse.warehouse.questions import Between, Condition, In, Value

DAYS = {"Day": 1, "Week": 7, "4 weeks": 28}
WHOLE = "All days"
EVERYTHING = "All"


@dataclass(frozen=True)
class Period:
    """Days, first and last included, and as many before them to compare with; without `before` there is nothing to
    compare."""

    first: date
    last: date
    before: tuple[date, date] | None

    def within(self, column: str = "event_date") -> Condition:
        return Between(column, self.first, self.last)

    def earlier(self, column: str = "event_date") -> Condition | None:
        return Between(column, *self.before) if self.before else None

    def around(self, column: str = "event_date") -> Condition:
        """These days and those before them, at least four weeks: fewer days make no line."""
        begin = self.before[0] if self.before else self.first
        return Between(column, min(begin, self.last - timedelta(days=27)), self.last)

    @property
    def label(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


def period(first: date, last: date, usual: str = "Week", of: tuple[date, date] | None = None) -> Period:
    """Asks for a period that ends on a day between two days; usually on the last one. It is compared with the one
    before where all of its days are known: a part of them would show a rise that is none. `of` are the days to choose
    from, where there are others than those between the two."""
    begins, ends = of or (first, last)
    where, when = st.columns([3, 2])
    length = where.segmented_control(
        "Period", [*DAYS, WHOLE], default=usual, required=True, key="period", bind="query-params"
    )
    if length == WHOLE:
        return Period(begins, ends, None)
    end = when.date_input(
        "Last day", last, min_value=begins, max_value=ends, format="YYYY-MM-DD", key="day", bind="query-params"
    )
    days = DAYS[length or usual]
    end = end if isinstance(end, date) else last
    begin, earlier = end - timedelta(days=days - 1), end - timedelta(days=2 * days - 1)
    return Period(begin, end, (earlier, begin - timedelta(days=1)) if earlier >= first else None)


def choice(label: str, key: str, options: Mapping[str, str], everything: str = EVERYTHING) -> str | None:
    """Asks for one of the options (key: name), or all of them: None."""
    names = told_apart(options)
    if st.session_state.get(key, "") not in ["", *names]:
        st.session_state[key] = ""  # else it would stay in the address, as the delivery of another system
    chosen = st.selectbox(
        label,
        ["", *names],
        format_func=lambda option: names[option] if option else everything,
        key=key,
        bind="query-params",
    )
    return chosen or None


def told_apart(options: Mapping[str, str]) -> dict[str, str]:
    """The options, with their key behind a name that several have: the address holds what is shown."""
    uses = Counter(options.values())
    return {key: name if uses[name] == 1 else f"{name} ({key})" for key, name in options.items()}


def one_of(label: str, key: str, options: Mapping[str, str]) -> str:
    """Asks for one of a few options (key: name); the first is usual."""
    usual = next(iter(options))
    chosen = st.segmented_control(
        label,
        list(options),
        default=usual,
        required=True,
        format_func=lambda option: options[option],
        key=key,
        bind="query-params",
    )
    return chosen or usual


def picked(label: str, key: str, options: Sequence[str], usual: str) -> str:
    """Asks for one of many options."""
    return st.selectbox(label, options, index=options.index(usual), key=key, bind="query-params")


def only(column: str, chosen: Value) -> tuple[Condition, ...]:
    """The condition that a choice means: none where everything is chosen."""
    return () if chosen is None else (In(column, (chosen,)),)


def named(rows: Sequence[object], key: str, name: str) -> dict[str, str]:
    """Options from rows: their key, and their name; the key alone where they have no name."""
    pairs = [(getattr(row, key), getattr(row, name)) for row in rows]
    return {found: told or found for found, told in pairs if found}

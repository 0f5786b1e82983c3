"""Filters. Each is a part of the address of the page, so that a link shows what its sender saw."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from duckhouse.warehouse.questions import Between, Condition, In, Value

DAYS = {"Day": 1, "7 days": 7, "28 days": 28}
MONTH, RANGE = "Month", "Range"
WHOLE = "All days"
EVERYTHING = "All"


@dataclass(frozen=True)
class Period:
    """Days, first and last included, and those before them to compare with; without `before` there is nothing to
    compare. Of all days the first is not asked for, as days before the first full one count too. `part` says how much
    of a month is known, where that is not all of it."""

    first: date
    last: date
    before: tuple[date, date] | None
    is_all: bool = False
    part: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    """the filters of the address that ask for it, also where they are not in it because they are usual"""

    def within(self, column: str = "event_date") -> Condition:
        return Between(column, None if self.is_all else self.first, self.last)

    def earlier(self, column: str = "event_date") -> Condition | None:
        return Between(column, *self.before) if self.before else None

    def around(self, column: str = "event_date") -> Condition:
        """These days and those before them, at least four weeks: fewer days make no line."""
        begin = self.before[0] if self.before else self.first
        return Between(column, min(begin, self.last - timedelta(days=27)), self.last)

    @property
    def label(self) -> str:
        if self.is_all:
            return f"all days up to {self.last}"
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}{self.part}"

    @property
    def compared(self) -> str:
        """The label, and what the period is compared with."""
        if self.before:
            first, last = self.before
            return f"{self.label}, beside {first}{f' to {last}' if first < last else ''}"
        return self.label if self.is_all else f"{self.label}; no period before it is known as a whole"


def period(first: date, last: date, usual: str = "7 days", of: tuple[date, date] | None = None) -> Period:
    """Asks for a period that ends on a day between two days; usually on the last one. It is compared with as many days
    before where all of them are known: a part of them would show a rise that is none. `of` are the days to choose
    from, where there are others than those between the two."""
    begins, ends = of or (first, last)
    where, when = st.columns([3, 2])
    length = where.segmented_control(
        "Period", [*DAYS, MONTH, RANGE, WHOLE], default=usual, required=True, key="period", bind="query-params"
    )
    if length == WHOLE:
        return Period(begins, ends, None, is_all=True, chosen=(("period", WHOLE),))
    if length == MONTH:
        with when:
            return month(first, last)
    begin = None
    if length == RANGE:
        usual_first = max(begins, ends - timedelta(days=6))
        begin = day_between(when, "First day", "first", usual_first, begins, ends)
    end = day_between(when, "Last day", "day", last, begins, ends)
    chosen = (("period", length or usual), *((("first", str(begin)),) if begin else ()), ("day", str(end)))
    begin, end = sorted((begin or end - timedelta(days=DAYS[length or usual] - 1), end))
    return Period(begin, end, as_many_before(begin, end, first), chosen=chosen)


def day_between(place: DeltaGenerator, label: str, key: str, usual: date, begins: date, ends: date) -> date:
    """Asks for a day."""
    found = place.date_input(
        label, usual, min_value=begins, max_value=ends, format="YYYY-MM-DD", key=key, bind="query-params"
    )
    return found if isinstance(found, date) else usual


def as_many_before(begin: date, end: date, first: date) -> tuple[date, date] | None:
    """The days before a period, as many as it has, where all of them are known."""
    earlier = begin - (end - begin) - timedelta(days=1)
    return (earlier, begin - timedelta(days=1)) if earlier >= first else None


def month(first: date, last: date) -> Period:
    """Asks for a month that has one of these days. One that is known as a whole is compared with the one before."""
    begins = [last.replace(day=1)]
    while begins[-1] > first:
        begins.append(month_before(begins[-1]))
    known = {f"{begin:%Y-%m}": begin for begin in begins}
    name = picked("Month", "month", list(known), f"{begins[0]:%Y-%m}")
    begin = known[name]
    end = (begin + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    earlier, all_days, days = month_before(begin), end.day, (min(end, last) - max(begin, first)).days + 1
    return Period(
        begin,
        min(end, last),
        (earlier, begin - timedelta(days=1)) if earlier >= first and end <= last else None,
        part=f" ({days} of {all_days} days)" if days < all_days else "",
        chosen=(("period", MONTH), ("month", name)),
    )


def month_before(begin: date) -> date:
    return (begin - timedelta(days=1)).replace(day=1)


def tell_unknown(label: str, key: str, options: Mapping[str, str]) -> None:
    """Warns where the address asks for something that is not among the options (key: name), as an old link may."""
    asked = st.query_params.get(key)
    if asked and asked not in told_apart(options).values():
        st.warning(f"{label} of the link was not found, so this is about all:")
        st.text(asked)


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


def switch(label: str, key: str) -> bool:
    """Asks for yes or no; no is usual."""
    return st.toggle(label, key=key, bind="query-params")


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

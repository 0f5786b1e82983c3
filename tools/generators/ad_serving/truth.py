"""What is true of a generated drop: its expected totals and everything that was planted. Becomes truth.json."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tools.generators.ad_serving.catalogue import CLICK, IMPRESSION, VIEWABLE
from tools.generators.ad_serving.events import DAY_MS, Events

MAX_LISTED = 10_000
COUNTS = ("events", "impressions", "filled_impressions", "clicks", "viewable_impressions")
MONEY = ("revenue_usd", "revenue_usd_as_delivered")


class Totals:
    """Expected figures by UTC day. Amounts are exact sums of micro-dollars."""

    def __init__(self) -> None:
        self._days: dict[int, np.ndarray] = {}

    def add(self, events: Events, sign: int = 1) -> None:
        """Adds (or with -1 subtracts) the usable rows of `events`, each a distinct event in its latest state."""
        days = events.at // DAY_MS
        for day in np.unique(days[events.usable]):
            of_day = events.usable & (days == day)
            impression = of_day & (events.kind == IMPRESSION)
            figures = self._days.setdefault(int(day), np.zeros(len(COUNTS) + len(MONEY), dtype=np.int64))
            figures += sign * np.array(
                [
                    of_day.sum(),
                    impression.sum(),
                    (impression & events.filled).sum(),
                    (of_day & (events.kind == CLICK)).sum(),
                    (of_day & (events.kind == VIEWABLE)).sum(),
                    events.revenue[of_day].sum(),
                    events.revenue[of_day & ~events.unsettled].sum(),
                ]
            )

    def copy(self) -> "Totals":
        other = Totals()
        other._days = {day: figures.copy() for day, figures in self._days.items()}
        return other

    def report(self) -> dict[str, Any]:
        days = {day: figures for day, figures in sorted(self._days.items()) if figures[0]}
        overall = sum(days.values(), np.zeros(len(COUNTS) + len(MONEY), dtype=np.int64))
        return {
            "overall": _named(overall),
            "by_event_date": {str(np.datetime64(day, "D")): _named(figures) for day, figures in days.items()},
        }


def _named(figures: np.ndarray) -> dict[str, Any]:
    counts = dict(zip(COUNTS, figures.tolist(), strict=False))
    amounts = figures[len(COUNTS) :].tolist()
    return counts | {name: usd(amount) for name, amount in zip(MONEY, amounts, strict=True)}


def usd(micros: int) -> str:
    """Micro-dollars as decimal text."""
    sign = "-" if micros < 0 else ""
    return f"{sign}{abs(micros) // 1_000_000}.{abs(micros) % 1_000_000:06}"


@dataclass
class Ids:
    """Event ids: the first ones as text, and the sum of all as 128-bit numbers, modulo 2**128."""

    count: int = 0
    listed: list[str] = field(default_factory=list)
    checksum: int = 0

    def add(self, ids: np.ndarray) -> None:
        numbers = [int.from_bytes(row.tobytes(), "big") for row in ids]
        self.count += len(numbers)
        self.checksum = (self.checksum + sum(numbers)) % 2**128
        self.listed.extend(f"{number:032x}" for number in numbers[: MAX_LISTED - len(self.listed)])

    def report(self) -> dict[str, Any]:
        if self.count > MAX_LISTED:
            return {"ids_checksum": f"{self.checksum:032x}"}
        return {"ids": self.listed} if self.listed else {}


@dataclass
class Cell:
    """A faulty segment: where it is, the strength of the fault, and the events that the fault made or changed."""

    place: dict[str, Any]
    amounts: dict[str, int] = field(default_factory=dict)
    ids: Ids = field(default_factory=Ids)

    def report(self) -> dict[str, Any]:
        return {**self.place, **_spelled(self.amounts), **self.ids.report()}


@dataclass
class Entry:
    """One kind of planted fault or change."""

    count: int = 0
    ids: Ids = field(default_factory=Ids)
    files: dict[str, int] = field(default_factory=dict)
    where: dict[str, list[int]] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    details: dict[str, int] = field(default_factory=dict)

    def report(self, kind: str) -> dict[str, Any]:
        optional = {"files": self.files, "where": self.where, "cells": [cell.report() for cell in self.cells]}
        kept = {name: value for name, value in optional.items() if value}
        return {"kind": kind, "count": self.count, **_spelled(self.details), **kept, **self.ids.report()}


def _spelled(amounts: dict[str, int]) -> dict[str, Any]:
    return {name: usd(value) if name.endswith("_usd") else value for name, value in amounts.items()}


class Log:
    """Collects planted faults, or changes, by kind.

    For kinds and segments with more than 10,000 events the ids are left out, and `ids_checksum` is the sum of all ids
    as 128-bit numbers, modulo 2**128. `where` lists record numbers (from 1, header not counted, blank lines counted) of
    kinds whose records have no id. `cells` are faulty segments, each with its events that the fault made or changed;
    there `count` is the number of segments.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def events(self, kind: str, file: str, ids: np.ndarray) -> None:
        self._entry(kind, file, len(ids)).ids.add(ids)

    def records(self, kind: str, file: str, rows: Iterable[int]) -> None:
        rows = sorted(int(row) for row in rows)
        entry = self._entry(kind, file, len(rows))
        listed = sum(map(len, entry.where.values()))
        entry.where.setdefault(file, []).extend(rows[: MAX_LISTED - listed])

    def cell(self, kind: str, file: str, **place: Any) -> None:
        self._entry(kind, file, 1).cells.append(Cell({"file": file, **place}))

    def segment(self, kind: str, place: dict[str, Any], ids: np.ndarray | None = None, **amounts: int) -> None:
        """Notes a faulty segment, or adds events and amounts to the one of that place: micro-dollars where the name
        ends in _usd."""
        entry = self.entries.setdefault(kind, Entry())
        known = next((cell for cell in entry.cells if cell.place == place), None)
        if known is None:
            known = Cell(place)
            entry.cells.append(known)
            entry.count += 1
        if ids is not None:
            known.ids.add(ids)
        for name, amount in amounts.items():
            known.amounts[name] = known.amounts.get(name, 0) + amount

    def detail(self, kind: str, name: str, amount: int) -> None:
        """Adds to a number of the kind: micro-dollars where the name ends in _usd."""
        details = self.entries[kind].details
        details[name] = details.get(name, 0) + amount

    def report(self) -> list[dict[str, Any]]:
        return [entry.report(kind) for kind, entry in sorted(self.entries.items())]

    def _entry(self, kind: str, file: str, count: int) -> Entry:
        entry = self.entries.setdefault(kind, Entry())
        entry.count += count
        entry.files[file] = entry.files.get(file, 0) + count
        return entry

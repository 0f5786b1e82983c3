"""Rows as columns of equal length, and what planted faults write over them."""

from dataclasses import dataclass, field, fields
from typing import TypeVar

import numpy as np


@dataclass(kw_only=True)
class Columns:
    """A base of dataclasses whose other fields are arrays. `text` holds what a planted fault writes instead:
    {column: {row: value}}."""

    text: dict[str, dict[int, str | None]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(getattr(self, _arrays(self)[0]))

    def write(self, column: str, row: int, value: str | None) -> None:
        self.text.setdefault(column, {})[int(row)] = value


SomeColumns = TypeVar("SomeColumns", bound=Columns)


def take(columns: SomeColumns, rows: np.ndarray) -> SomeColumns:
    """The rows in that order, copied."""
    texts = {}
    for column, cells in columns.text.items():
        places = np.flatnonzero(np.isin(rows, list(cells)))
        if len(places):
            texts[column] = {int(place): cells[int(rows[place])] for place in places}
    return type(columns)(**{name: getattr(columns, name)[rows] for name in _arrays(columns)}, text=texts)


def concat(parts: list[SomeColumns]) -> SomeColumns:
    texts: dict[str, dict[int, str | None]] = {}
    before = 0
    for part in parts:
        for column, cells in part.text.items():
            texts.setdefault(column, {}).update({before + row: value for row, value in cells.items()})
        before += len(part)
    arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _arrays(parts[0])}
    return type(parts[0])(**arrays, text=texts)


def _arrays(columns: Columns) -> list[str]:
    return [f.name for f in fields(columns) if f.name != "text"]

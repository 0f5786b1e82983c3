"""Which declared column a key, header or Parquet column belongs to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from duckhouse.sources import Entity


@dataclass(frozen=True, order=True)
class Place:
    """Where a name belongs. Of two names for one column the lower `rank` is preferred."""

    column: int
    rank: tuple[int, bool]


def finder(entity: Entity) -> Callable[[str], Place | None]:
    """A function from a name as a file spells it to its place, or None for what the declaration does not name.

    Names are trimmed. An exact match is preferred to one that differs in case, and a column's own name to its aliases.
    """
    exact: dict[str, Place] = {}
    folded: dict[str, Place] = {}
    for index, column in enumerate(entity.columns):
        for preference, name in enumerate(column.names):
            exact[name] = Place(index, (preference, False))
            folded.setdefault(name.casefold(), Place(index, (preference, True)))

    @lru_cache(maxsize=10_000)
    def find(name: str) -> Place | None:
        trimmed = name.strip()
        return exact.get(trimmed) or folded.get(trimmed.casefold())

    return find


@dataclass(frozen=True)
class ColumnPlan:
    """How the columns of a file fill the declared columns; all numbers are positions in the file."""

    carriers: tuple[tuple[int, ...], ...]  # for each declared column, the file's columns that carry it, best first
    unmapped: tuple[int, ...]

    def missing(self, entity: Entity) -> list[str]:
        """The declared columns that the file does not have."""
        return [column.name for column, carriers in zip(entity.columns, self.carriers, strict=True) if not carriers]

    @property
    def is_foreign(self) -> bool:
        return not any(self.carriers)


def plan_columns(entity: Entity, names: Sequence[str]) -> ColumnPlan:
    """The plan for a file whose columns are called `names`."""
    find = finder(entity)
    places = [find(name) for name in names]
    carriers: list[list[tuple[tuple[int, bool], int]]] = [[] for _ in entity.columns]
    for position, place in enumerate(places):
        if place:
            carriers[place.column].append((place.rank, position))
    return ColumnPlan(
        carriers=tuple(tuple(position for _, position in sorted(carrier)) for carrier in carriers),
        unmapped=tuple(position for position, place in enumerate(places) if not place),
    )


def describe(entity: Entity) -> str:
    """The declared columns for an error message."""
    return ", ".join(column.name for column in entity.columns)

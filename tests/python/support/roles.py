"""The roles of docs/clickhouse_roles.sql, read without the engine."""

import re
from fnmatch import fnmatchcase
from typing import NamedTuple

from duckhouse.settings import PROJECT

FILE = PROJECT / "docs/clickhouse_roles.sql"
GRANT = re.compile(r"GRANT (?P<given>.+) TO (?P<role>\w+)")
GIVEN = re.compile(r"(?P<rights>[A-Z ]+(?:, [A-Z ]+)*) ON (?P<on>[\w*.]+)")
COLUMNS = re.compile(r"\([^)]*\)")


class Right(NamedTuple):
    """A right on what a pattern names: a table (`database.table`), all of a database, an engine."""

    name: str
    on: str

    def covers(self, other: "Right") -> bool:
        """Whether it includes the other: ALTER is ALTER DELETE too."""
        return f"{other.name} ".startswith(f"{self.name} ") and fnmatchcase(other.on, self.on)


def statements(text: str) -> list[str]:
    """The statements of a file, each on one line."""
    code = re.sub(r"^--.*$", "", text, flags=re.MULTILINE)
    return [" ".join(statement.split()) for statement in code.split(";") if statement.strip()]


def rights(given: str) -> list[Right]:
    """`INSERT, ALTER DELETE ON a.t, SELECT(x) ON b.*`, as GRANT says it and as the query log says what was used."""
    return [
        Right(name, found["on"])
        for found in GIVEN.finditer(COLUMNS.sub("", given).replace("`", ""))
        for name in found["rights"].strip(" ,").split(", ")
    ]


def granted(text: str) -> dict[str, list[Right]]:
    """The rights of each role."""
    found: dict[str, list[Right]] = {}
    for grant in filter(None, map(GRANT.fullmatch, statements(text))):
        found.setdefault(grant["role"], []).extend(rights(grant["given"]))
    return found

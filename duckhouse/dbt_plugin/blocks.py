"""What a dbt build leaves behind in which something failed: on dev a file beside the copy that people read, on prod a
table. It goes once all of it has passed.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from duckhouse.clickhouse_sql import full_name, literal
from duckhouse.dbt_plugin.warehouses import SCHEMA, Query
from duckhouse.settings import AUDIT

TABLE = "blocked"


@dataclass(frozen=True)
class Finding:
    """What blocks: an open finding of a rule whose action is block, or a test or model that failed, whose name is then
    the rule_id. `place` is its file and record, or its key; `fix` says what to do. `take_back` is the command that
    takes its delivery back, `acknowledgement` the line of the seed that accepts it; each is empty where there is none.
    """

    rule_id: str
    title: str
    place: str
    evidence: str
    fix: str
    record_count: int
    take_back: str = ""
    acknowledgement: str = ""


@dataclass(frozen=True)
class Failure:
    """A node of dbt that failed; `others` are findings that are only counted."""

    findings: Sequence[Finding]
    others: int = 0


@dataclass(frozen=True)
class Block:
    """Since when builds are blocked, naive UTC, and the failures by the ids of their nodes."""

    at: datetime
    failures: Mapping[str, Failure]

    @classmethod
    def of(cls, text: str) -> "Block | None":
        """None where another version of the project has written something else."""
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            written = json.loads(text)
            failures = {
                node: Failure([Finding(**finding) for finding in failure["findings"]], failure["others"])
                for node, failure in written["failures"].items()
            }
            return cls(datetime.fromisoformat(written["at"]), failures)
        return None

    def text(self) -> str:
        failures = {node: asdict(failure) for node, failure in self.failures.items()}
        return json.dumps({"at": self.at.isoformat(), "failures": failures})


class BlockPlace(Protocol):
    """Where the record of a target is kept. `is_in_place`: people read what was built, because nothing publishes it."""

    is_in_place: bool

    def published_at(self) -> datetime | None: ...

    def read(self) -> Block | None: ...

    def write(self, block: Block) -> None: ...

    def remove(self) -> None: ...


class BesideCopy:
    """On dev. A record that is older than the copy is out of date: what it is about has been published since."""

    is_in_place = False

    def __init__(self, copy: Path) -> None:
        self.copy = copy
        self.path = copy.with_name(f"{copy.name}.blocked.json")

    def published_at(self) -> datetime | None:
        with suppress(FileNotFoundError):
            return datetime.fromtimestamp(self.copy.stat().st_mtime, UTC).replace(tzinfo=None)
        return None

    def read(self) -> Block | None:
        try:
            block, published = Block.of(self.path.read_text(encoding="utf-8")), self.published_at()
        except FileNotFoundError:
            return None
        return None if block is None or (published and block.at < published) else block

    def write(self, block: Block) -> None:
        """In one step, and for its owner only."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        new.write_text(block.text(), encoding="utf-8")
        new.replace(self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


class InTable:
    """On prod, in the databases of one prefix."""

    def __init__(self, query: Query, prefix: str) -> None:
        self.query = query
        self.database = f"{prefix}_{SCHEMA}"
        self.is_in_place = not prefix.endswith(AUDIT)

    def published_at(self) -> datetime | None:
        return None  # publishing is not what a build knows about

    def read(self) -> Block | None:
        there = f"select name from system.tables where database = {literal(self.database)} and name = {literal(TABLE)}"
        rows = self.query(f"select record from {self.name}") if self.query(there) else []
        return Block.of(rows[0][0]) if rows else None

    def write(self, block: Block) -> None:
        self.query(
            f"create or replace table {self.name} (record String) engine = MergeTree order by () "
            f"as select {literal(block.text())} as record"
        )

    def remove(self) -> None:
        self.query(f"drop table if exists {self.name}")

    @property
    def name(self) -> str:
        return full_name(self.database, TABLE)

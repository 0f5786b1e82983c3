"""PostgreSQL tables are drawn, changed and extracted: what lands must equal their content, or be refused in one
line."""

import random
import shutil
import traceback
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, sql

from duckhouse.cli import UserError, progress
from duckhouse.embedded.postgres import Embedded, embedded
from duckhouse.extraction import ranges
from duckhouse.extraction.database import Database
from duckhouse.extraction.run import extract
from duckhouse.settings import environment
from tools.campaigns.campaign import Campaign, Outcome, keep, kept
from tools.campaigns.schemas.changes import happen
from tools.campaigns.schemas.shapes import MADE_TYPES, SOURCE, Shape, drawn_shape
from tools.campaigns.schemas.truth import differences

STEPS = 5
FEW = 4
"""Rows per range, so that a table with a few rows has several ranges."""
MODES = ["compare", "cdc", "cdc", "cdc", "full"]
QUICK = ("fsync=off", "full_page_writes=off", "max_replication_slots=50", "max_wal_senders=50")
READER = "reader"
TWINS = "twice, as where a table inherits it"
"""The message about repeated keys."""


def run(work: Path, options: Namespace) -> Outcome:
    """Schema after schema, each in an empty database."""
    figures = _resumed(work, options.seed)
    work.mkdir(parents=True, exist_ok=True)
    with few_rows(), embedded(work / "postgres", settings=QUICK) as server:
        place = database_for_schemas(server)
        with progress(total=options.count, label="schemas", unit="schema") as bar:
            bar.update(figures["schemas"])
            while figures["schemas"] < options.count:
                number = figures["schemas"]
                lot = random.Random(f"{options.seed} {number}")  # noqa: S311 (drawn to be the same again)
                schema = Schema(place, work / "landing", drawn_shape(lot), lot)
                figures["differences"] += [f"schema {number}: {told}" for told in schema.run()]
                for name, counts in vars(schema.counts).items():
                    figures[name] = dict(Counter(figures[name]) + counts)
                figures["schemas"] = number + 1
                keep(work, figures)
                bar.update()
    return _told(figures)


@contextmanager
def few_rows() -> Iterator[None]:
    """Key ranges have few rows while the block runs, so that small tables are read like large ones."""
    usual = ranges.RANGE_ROWS, ranges.MOST_ROWS
    ranges.RANGE_ROWS, ranges.MOST_ROWS = FEW, FEW * 3 // 2
    try:
        yield
    finally:
        ranges.RANGE_ROWS, ranges.MOST_ROWS = usual


def database_for_schemas(server: Embedded) -> Database:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        connection.execute("set scram_iterations = 1")  # a run has eight sessions
        password = sql.SQL("alter role postgres password {}").format(sql.Literal(server.password))
        connection.execute(password)
        if not connection.execute("select 1 from pg_database where datname = %s", [SOURCE]).fetchone():
            connection.execute(f"create database {SOURCE}")
            connection.execute(f"create role {READER} login password '{READER}' in role pg_read_all_data")
    return Database(server.conninfo(SOURCE))


class SchemaTally:
    """Runs by mode and how they ended, refusals by message, and changes by name."""

    def __init__(self) -> None:
        self.runs: Counter[str] = Counter()
        self.refusals: Counter[str] = Counter()
        self.changes: Counter[str] = Counter()


class Schema:
    """A drawn table, what happens to it, and its own landing zone."""

    def __init__(self, place: Database, landing: Path, shape: Shape, lot: random.Random) -> None:
        self.place, self.landing, self.shape, self.lot = place, landing, shape, lot
        self.counts = SchemaTally()

    def run(self, steps: int = STEPS) -> list[str]:
        """The failed checks; stops at the first one."""
        shutil.rmtree(self.landing, ignore_errors=True)
        with (
            environment({"DUCKHOUSE_LANDING": str(self.landing)}),
            closing(self.place.connect(autocommit=True)) as connection,
        ):
            empty(connection)
            connection.execute(MADE_TYPES)
            connection.execute(self.shape.definition)
            connection.execute(self.shape.insert(self.shape.first))
            try:
                for _ in range(steps):
                    if found := self._step(connection):
                        return [f"{self.shape.division}, {self.shape.keyed}: {told}" for told in found[:1]]
                return [*self._last(connection)]
            finally:
                empty(connection)

    def _step(self, connection: psycopg.Connection) -> list[str]:
        self.shape, told = happen(connection, self.lot, self.shape)
        self.counts.changes.update(told)
        mode = self.lot.choice(MODES)
        return [f"{what} (after {', '.join(told) or 'nothing'})" for what in self._extracted(connection, mode, told)]

    def _extracted(self, connection: psycopg.Connection, mode: str, told: list[str]) -> list[str]:
        meant = self.shape.refusal(mode) or (TWINS if self._has_twins(connection) else None)
        self.counts.runs[f"{mode}{', to be refused' if meant else ''}"] += 1
        try:
            result = extract(self.shape.source, self.place, mode)
        except UserError as error:
            return self._refused(connection, mode, str(error), meant, told)
        except Exception:
            return [f"{mode}: {' | '.join(traceback.format_exc().splitlines()[-3:])}"]
        if meant:
            return [f"{mode} landed what must be refused: {meant}"]
        return [f"{mode}: {found}" for found in differences(connection, self.shape, self.landing, result)]

    def _has_twins(self, connection: psycopg.Connection) -> bool:
        """Whether a row of the table and one of a table that inherits it have the same key."""
        query = sql.SQL("select count(*) > count(distinct {}) from {}")
        names = map(sql.Identifier, (self.shape.declared[0], self.shape.name))
        return bool(connection.execute(query.format(*names)).fetchall()[0][0])

    def _refused(
        self, connection: psycopg.Connection, mode: str, said: str, meant: str | None, told: list[str]
    ) -> list[str]:
        """The log may lack what changes of the shape removed from it; then comparing takes over."""
        if not said.isprintable():
            return [f"{mode}: refused on several lines: {said!r}"]
        self.counts.refusals[_short(meant or said)] += 1
        if meant:
            return [] if meant in said else [f"{mode}: {said}, not {meant}"]
        if mode == "cdc" and "the log" in said:
            return self._extracted(connection, "compare", told)
        return [f"{mode}: refused: {said}"]

    def _last(self, connection: psycopg.Connection) -> list[str]:
        """Comparing repairs any state, and does not read rows that a policy hides as deleted."""
        found = [told for mode in ("compare", "full") for told in self._extracted(connection, mode, [])]
        return found or self._behind_a_policy(connection)

    def _behind_a_policy(self, connection: psycopg.Connection) -> list[str]:
        """Rows that a policy hides from the reader are an error, not deletions."""
        protect = sql.SQL("alter table {} enable row level security").format(sql.Identifier(self.shape.name))
        connection.execute(protect)
        reader = Database(conninfo.make_conninfo(self.place.conninfo, user=READER, password=READER))
        try:
            extract(self.shape.source, reader, "compare")
        except UserError as error:
            return [] if str(error).isprintable() else [f"hidden rows: refused on several lines: {str(error)!r}"]
        except psycopg.Error as error:
            return [] if "row-level security" in str(error) else [f"hidden rows: {error}"]
        return ["rows that a policy hides were read as gone"]


def empty(connection: psycopg.Connection) -> None:
    """Leaves nothing of a schema: neither in the database nor on the server."""
    connection.execute(
        "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()"
    )
    connection.execute(f"drop publication if exists duckhouse_{SOURCE}")
    connection.execute("drop schema public cascade; create schema public")


def _short(said: str) -> str:
    return " ".join(word for word in said.split() if word.isalpha())[:70]


def _resumed(work: Path, seed: int) -> dict[str, Any]:
    figures = kept(work) or {
        "seed": seed, "schemas": 0, "runs": {}, "refusals": {}, "changes": {}, "differences": [],
    }  # fmt: skip
    if figures["seed"] != seed:
        raise UserError(f"{work} has a campaign of seed {figures['seed']}: name another folder")
    return figures


def _told(figures: dict[str, Any]) -> Outcome:
    of = {name: ", ".join(f"{count} {what}" for what, count in sorted(figures[name].items(), key=lambda each: -each[1]))
          for name in ("runs", "changes", "refusals")}  # fmt: skip
    lines = [
        f"seed {figures['seed']}: {figures['schemas']} schemas; runs: {of['runs']}",
        f"changes between runs: {of['changes']}",
        f"refused: {of['refusals']}",
    ]
    return Outcome(lines, figures, figures["differences"])


CAMPAIGN = Campaign("tables of PostgreSQL of any shape, changed and extracted", "schemas", 200, run)

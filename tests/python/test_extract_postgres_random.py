"""`python -m scripts.extract_postgres` in drawn orders of changes, ways and failures, and killed at every step."""

import json
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import Embedded
from duckhouse.extraction import slot
from duckhouse.extraction.results import Result
from duckhouse.settings import PROJECT
from support.postgres import COLUMNS, SOME_ROWS, Extraction, dsn_of, extraction, make_ranges_small

SEQUENCES = 60
STEPS = 8
FAR = 1 << 16
FEW = 3
WAYS = ["compare", "compare", "full", "cdc", "cdc", "cdc"]
FILE_OPERATIONS = ("fsync", "rename", "mkdir", "unlink", "open")


@pytest.fixture(scope="module")
def shop(postgres: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Extraction]:
    with pytest.MonkeyPatch.context() as patch, extraction(postgres, tmp_path_factory.mktemp("x"), patch) as made:
        yield made


# ---------------------------------------------------------------- drawn orders


class Cut(Exception):
    """What a run meets where it is made to fail."""


class World:
    """A shop in which things happen by lot. `open` is a second session with a transaction, where there is one."""

    def __init__(self, shop: Extraction, lot: random.Random, patch: pytest.MonkeyPatch) -> None:
        self.shop = shop
        self.lot = lot
        self.patch = patch
        self.open: psycopg.Connection | None = None
        self.counter = 0

    def fresh(self) -> int:
        self.counter += 1
        return self.counter

    def happen(self) -> None:
        often = [self.insert, self.insert, self.edit, self.edit]
        self.lot.choice([*often, self.insert_far, self.delete, self.rename_key, self.begin, self.end, self.truncate])()

    def quiet(self) -> None:
        """What may happen while a run reads: nothing that waits for it."""
        self.lot.choice([self.insert, self.insert_far, self.edit, self.delete, self.rename_key])()

    def small(self) -> str:
        return self.lot.choice(["impressions", "clicks"])

    def insert(self, connection: psycopg.Connection | None = None) -> None:
        (connection or self.shop.connection).execute(
            f"insert into {self.small()} (campaign_id, created_at) "
            "select null, timestamp '2026-01-01' - %s * interval '1 minute' from generate_series(1, %s)",
            [self.fresh(), self.lot.randint(1, 4)],
        )

    def insert_far(self) -> None:
        number = self.lot.choice([-1, 0, 1, 2]) * FAR - self.lot.randint(0, 3)
        self.shop.connection.execute(
            f"insert into {self.small()} (id, created_at) values (%s, %s::int * interval '1 s' + date '2020-01-01') "
            "on conflict do nothing",
            [number, self.fresh()],
        )

    def edit(self, connection: psycopg.Connection | None = None) -> None:
        table, change = self.lot.choice(
            [
                ("advertiser", "name = concat('name ', {})"),
                ("campaign", "bid = {}"),
                ("campaign", "budget = {}, updated_at = now()"),
                ("campaign", "end_date = date '2030-01-01' + {}"),
                ("impressions", "created_at = timestamp '2025-01-01' + {} * interval '1 s'"),
                (
                    "clicks",
                    "created_at = null, campaign_id = case when campaign_id = 1 then 2 else 1 end",
                ),
            ]
        )
        (connection or self.shop.connection).execute(
            f"update {table} set {change.format(self.fresh())} where {self.some(table)}"
        )

    def delete(self, connection: psycopg.Connection | None = None) -> None:
        table = self.small()
        (connection or self.shop.connection).execute(f"delete from {table} where {self.some(table)}")

    def rename_key(self) -> None:
        table = self.small()
        self.shop.connection.execute(f"update {table} set id = {3 * FAR + self.fresh()} where {self.some(table)}")

    def some(self, table: str) -> str:
        """A row that no transaction holds, where there is one."""
        which = f"id % 3 = {self.lot.randint(-2, 2)}"
        return f"id in (select id from {table} where {which} limit 1 for no key update skip locked)"

    def begin(self) -> None:
        if not self.open:
            self.open = self.shop.database.connect()
        for _ in range(self.lot.randint(1, 3)):
            self.lot.choice([self.insert, self.edit, self.delete])(self.open)

    def end(self) -> None:
        if self.open:
            self.lot.choice([self.open.commit, self.open.commit, self.open.rollback])()
            self.open.close()
            self.open = None

    def truncate(self) -> None:
        if not self.open and self.lot.random() < 0.4:
            self.shop.sql(f"truncate {self.small()} {self.lot.choice(['', 'restart identity'])}")

    # ------------------------------------------------------------ runs

    def run(self) -> None:
        """A run, which may be disturbed or cut off, and where it was, another one that is not."""
        way = self.lot.choice(WAYS)
        disturbance = self.lot.random()
        if disturbance < 0.3:
            self.run_disturbed(way, self.cut)
        elif disturbance < 0.5:
            self.run_disturbed(way, self.quiet)
        self.shop.check(self.attempt(way))

    def cut(self) -> None:
        raise Cut

    def run_disturbed(self, way: str, disturb: Callable[[], None]) -> None:
        left = self.lot.randint(1, 70)
        is_disturbing = False

        def disturbed(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal left, is_disturbing
                if not is_disturbing:
                    left -= 1
                    if left == 0:
                        is_disturbing = True
                        disturb()
                        is_disturbing = False
                return original(*arguments, **options)

            return call

        with self.patch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", disturbed(psycopg.Cursor.execute))
            for name in FILE_OPERATIONS:
                patched.setattr(os, name, disturbed(getattr(os, name)))
            with suppress(Cut):
                self.attempt(way)

    def attempt(self, way: str) -> Result:
        try:
            return self.shop.run(way)
        except UserError as error:
            if "cannot be made while a transaction is open" not in str(error):
                raise
        self.end()
        return self.shop.run(way)


def check_no_record_is_repeated(shop: Extraction) -> None:
    for table in COLUMNS:
        stands: dict[int, tuple] = {}
        for row in shop.landed(table):
            if row["operation"] == "delete":
                assert stands.pop(row["id"], None), (table, row)
                continue
            content = tuple(
                value for name, value in row.items() if name in COLUMNS[table].replace("::text", "").split(", ")
            )
            content += (row["_unmapped"],)
            assert stands.get(row["id"]) != content, (table, row)
            stands[row["id"]] = content


@pytest.mark.parametrize("seed", range(SEQUENCES))
def test_whatever_happens_the_deliveries_add_up_to_the_tables(
    shop: Extraction, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("DUCKHOUSE_LANDING", str(tmp_path))
    monkeypatch.setattr(slot, "SECONDS_TO_CREATE", 0.1)
    make_ranges_small(monkeypatch, FEW)
    shop.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", shop.slot)
    shop.sql("truncate advertiser, campaign, impressions, clicks restart identity")
    shop.sql(SOME_ROWS)
    world = World(shop, random.Random(seed), monkeypatch)
    try:
        for _ in range(STEPS):
            for _ in range(world.lot.randint(0, 4)):
                world.happen()
            if world.lot.random() < 0.6:
                world.run()
        world.end()
        for way in ("cdc", "full"):
            shop.check(world.attempt(way))
        check_no_record_is_repeated(shop)
    finally:
        if world.open:
            world.open.close()


# ---------------------------------------------------------------- killed at any moment

KILLED = """
    import os, shutil, signal, sys
    from pathlib import Path
    sys.path.insert(0, {project!r})
    import psycopg
    from duckhouse.extraction.database import Database
    from duckhouse.extraction import ranges
    from duckhouse.extraction.run import extract
    from duckhouse.sources import load_source

    ranges.RANGE_ROWS, ranges.MOST_ROWS = {few}, {few}
    source = load_source("ad_delivery")
    database, mode, slot, zones = Database(os.environ["POSTGRES_DSN"]), {mode!r}, {slot!r}, Path({zones!r})
    admin = psycopg.connect(database.conninfo, autocommit=True)

    def deadly(original, left, counts=lambda *_: True):
        def call(*arguments, **options):
            left[0] -= counts(*arguments)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)
        return call

    def matters(cursor, query, *_):  # other statements change nothing that outlives the process
        return any(word in str(query) for word in ("slot", "emit", "publication", "array_agg"))

    def run(name, killed_at):
        os.environ["DUCKHOUSE_LANDING"] = str(zones / name)
        left = [killed_at]
        for operation in {operations!r}:
            setattr(os, operation, deadly(getattr(os, operation), left))
        psycopg.Cursor.execute = deadly(psycopg.Cursor.execute, left, matters)
        extract(source, database, mode, name)

    def in_a_process(name, killed_at):
        child = os.fork()
        if not child:
            run(name, killed_at)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, -signal.SIGKILL), code
        admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid <> all(%s)", [[admin.info.backend_pid, {keep}]]
        )
        return code

    def copy(name):
        shutil.copytree(zones / slot, zones / name)
        if mode == "cdc":
            admin.execute("select pg_copy_logical_replication_slot(%s, %s)", [slot, name])
            [notes] = (zones / name / "ad_delivery" / ".known").glob("*.json")
            notes.write_text(notes.read_text().replace(f'"{{slot}}"', f'"{{name}}"'))
            (notes.parent / f"{{slot}}.slot").rename(notes.parent / f"{{name}}.slot")

    os.environ["DUCKHOUSE_LANDING"] = str(zones / "warm")
    extract(source, database, "compare", slot)  # the first run imports more: here once, not once a process

    step, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        step += 1
        name = f"{{slot}}_{{step}}"
        copy(name)
        code = in_a_process(name, step)
        in_a_process(name, 0)
        if mode == "cdc":
            admin.execute("select pg_drop_replication_slot(%s)", [name])
"""


@pytest.mark.parametrize("mode", ["compare", "cdc"])
def test_a_run_that_is_killed_at_any_step_and_run_again_is_one_clean_run(
    postgres: Embedded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    zones = tmp_path / "zones"
    with extraction(postgres, zones, monkeypatch) as shop:
        monkeypatch.setenv("DUCKHOUSE_LANDING", str(zones / shop.slot))
        shop.run(mode)
        shop.sql(
            "update campaign set bid = bid + 1; delete from clicks where id < 3; update clicks set campaign_id = 2; "
            "insert into impressions (campaign_id) select 2 from generate_series(1, 9)"
        )
        script = KILLED.format(
            project=str(PROJECT),
            mode=mode,
            slot=shop.slot,
            few=FEW,
            zones=str(zones),
            operations=FILE_OPERATIONS,
            keep=shop.connection.info.backend_pid,
        )
        command = [sys.executable, "-c", textwrap.dedent(script)]
        env = {**os.environ, **dsn_of(shop.database)}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        shop.check(shop.run(mode))
        clean = what_landed(shop)
        tries = sorted(zones.glob(f"{shop.slot}_*"))
        assert len(tries) > 50
        for zone in tries:
            monkeypatch.setenv("DUCKHOUSE_LANDING", str(zone))
            assert what_landed(shop) == clean, zone
            assert {table: shop.state(table) for table in COLUMNS} == {table: shop.truth(table) for table in COLUMNS}
            assert not leftovers(shop), zone


def what_landed(shop: Extraction) -> dict[str, list[dict[str, Any]]]:
    """Every record, without what differs from run to run."""
    return {
        table: [
            {name: value for name, value in row.items() if name not in ("_delivery_id", "_delivered_at", "delivery")}
            for row in shop.landed(table)
        ]
        for table in COLUMNS
    }


def leftovers(shop: Extraction) -> set[str]:
    """Files that no delivery has use for."""
    newest = max(shop.zone.glob("delivery=2*")).name.removeprefix("delivery=")
    notes = json.loads((shop.zone / ".known" / f"{newest}.json").read_text())
    used = {entry["place"][0] for table in notes["tables"].values() for entry in table.values()} | {f"{newest}.json"}
    found = {path.name for path in (shop.zone / ".known").iterdir() if path.suffix != ".slot"} - used
    return found | {path.name for path in shop.zone.iterdir() if path.name == ".incoming"}

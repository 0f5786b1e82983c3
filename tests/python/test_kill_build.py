"""A build that is killed at any moment, and a build after it, give the tables of a clean build, findings included.

One story for each engine: deliveries arrive one by one, and the build after each is killed at another moment; the build
after the last delivery ends. Each kill leaves what the build had done to the next one, and no kill is mended alone.

DUCKHOUSE_KILLS is the number of further kills, at statements drawn from the whole build (default 0).
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import NamedTuple

import clickhouse_connect
import pytest

from duckhouse.builds import WITHOUT_FILES
from duckhouse.dbt_plugin.published import PUBLISHED_SCHEMAS
from duckhouse.settings import PROJECT
from duckhouse.sources import sources
from duckhouse.warehouse.dumps import compare_copy
from duckhouse.warehouse.parity import Model, compare_all
from support.consent import deliver, event
from support.dbt import environment
from support.gateway import start_quick_gateway, stop
from support.warehouse import Warehouse

PATH = os.pathsep.join((str(PROJECT / "plugins"), str(PROJECT)))
KILLS = int(os.environ.get("DUCKHOUSE_KILLS", "0"))
STATEMENTS = 500  # of a build, roughly
OF_OTHERS = [f"path:models/reporting/{source}" for source in sources() if source != "consent"]
TESTED = ("models/intermediate", "models/marts", "models/reporting", "models/staging", "seeds", "snapshots", "tests")
# tests make no table: but for those of findings they run only before something is published
WITHOUT_TESTS = ("--exclude", "resource_type:unit_test", *(f"resource_type:test,path:{path}" for path in TESTED))
SELECTED = ("--select", "source:consent+", "countries", "--exclude", *OF_OTHERS)
DAYS = Random(0).sample(range(1, 32), 31)  # of the deliveries, in the order of their arrival


class Moment(NamedTuple):
    """Right before the first statement that matches, or so many after it."""

    pattern: str
    after: int = 0
    takes_engine: bool = False


def of(model: str, statement: str) -> str:
    return rf'(?i)"model\.duckhouse\.{model}".*{statement}'


MOMENTS = {
    "dev": [
        # the old table has the name of a backup, the new one has not its name yet
        Moment(of("fct_dq_findings", "alter table .*__dbt_tmp.* rename")),
        # old rows are deleted and new ones inserted, and nothing is committed
        Moment(of("stg_consent__events", "delete from"), 1),
        # the same in a fact, before emptied days are cleared
        Moment(of("fct_consent_events", "delete from"), 1),
        # a snapshot is committed, and its temporary table is there
        Moment(r'"snapshot\.duckhouse\.snap_consent__companies".*drop table'),
        # between the last model and its tests
        Moment('"test.duckhouse.*agg_dq_scorecard'),
    ],
    "prod": [
        Moment('"test.duckhouse.*agg_dq_scorecard'),
        Moment(of("fct_dq_findings", "exchange tables")),
        # a delivery lies beside its table
        Moment(of("stg_consent__events", "replace partition")),
        # a touched day is replaced, and others are not; the engine dies with the build
        Moment(of("fct_consent_events", "replace partition"), 1, takes_engine=True),
        Moment(r'(?i)"snapshot\.duckhouse\.snap_consent__companies".*(exchange|rename)'),
    ],
}

# all is built, and the copy for readers has not its name yet
PUBLISHED = Moment("rename .*published")


@dataclass
class Engine:
    """A ClickHouse that may be killed; its data stay."""

    folder: Path

    def start(self) -> int:
        self.process, self.port = start_quick_gateway(self.folder)
        return self.port


def bring(house: Warehouse, number: int) -> None:
    """A delivery of few events: corrected, moved, repeated and faulty ones, and one that leaves an empty day behind."""
    draw = Random(number)
    records = [
        event(
            f"e{draw.randrange(12)}",
            draw.choice(("one", "two", "unlisted")),
            draw.choice(("consent.asked", "consent.given", "pageview")),
            f"2025-09-{draw.randint(4, 7):02} {draw.randrange(24):02}:00:00.000",
            {"purposes": {"enabled": ["cookies"], "disabled": []}},
            user_id=f"user {draw.randrange(4)}",
            consent=draw.choice(("full opt-in", "opt-out", "FULL opt-in")),
            rate=draw.choice(("1.0", "0.2", "0")),
            count=draw.choice(("1", "5", "")),
        )
        for _ in range(8)
    ]
    faults = [
        event("", "one"),
        event("timeless", "one", at="soon"),
        event("unread", "one", "consent.given", parameters="{"),
    ]
    wanderer = event("wanderer", "one", at=f"2025-08-{DAYS[number]:02} 10:00:00.000")
    companies = [("one", draw.choice(("Sport", "Services")), "Services", "France"), ("two", "Sport", "Sport", "Spain")]
    deliver(house, DAYS[number], [*records, *faults, wanderer], companies, {"events-company-1": '"cut off\n'})


@contextmanager
def builds(house: Warehouse, target: str) -> Iterator[subprocess.Popen]:
    """A process that builds, and kills what it builds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "support.killed_builds", target, *WITHOUT_FILES, *SELECTED],
        cwd=Path(__file__).parent,
        env={**os.environ, **house.env, "DUCKHOUSE_PUBLISH": "true", "PYTHONPATH": PATH},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def built(
    process: subprocess.Popen, engine: Engine, moment: Moment | None = None, options: Sequence[str] = WITHOUT_TESTS
) -> int:
    """The exit code of one build."""
    killed = moment and [moment.pattern, moment.after, engine.process.pid if moment.takes_engine else 0]
    process.stdin.write(json.dumps([engine.port, options, killed]) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def further(target: str) -> list[Moment]:
    draw = Random(target)
    return [Moment("", draw.randrange(STATEMENTS)) for _ in range(KILLS)]


@pytest.fixture
def engine(quick_path: Path) -> Iterator[Engine]:
    made = Engine(quick_path / "clickhouse")
    yield made
    stop(made.process)


def test_a_build_after_killed_ones_gives_the_tables_of_a_clean_one(quick_path: Path, engine: Engine) -> None:
    house = Warehouse(quick_path, engine.start(), source="consent")
    with builds(house, "dev") as process:
        for number, moment in enumerate(MOMENTS["dev"] + further("dev")):
            bring(house, number)
            check_killed(built(process, engine, moment), moment)
        check_killed(built(process, engine, PUBLISHED, options=()), PUBLISHED)
        assert not house.published_copy.exists()
        assert built(process, engine, options=()) == 0
        assert list(compare_copy(house.duckdb, house.published_copy)) == []
        assert list(house.published_copy.parent.iterdir()) == [house.published_copy]
        mended = house.published()
        house.duckdb.unlink()
        assert built(process, engine) == 0
        clean = house.published()
    assert len(clean) > 10
    assert len(clean["fct_dq_findings"]) > 20
    assert mended.keys() == clean.keys()
    for table, rows in clean.items():
        assert mended[table] == rows, table

    landed = sorted((quick_path / "landing" / "consent").glob("delivery=2*"))
    shelf = quick_path / "shelf"
    shelf.mkdir()
    for delivery in landed:
        delivery.rename(shelf / delivery.name)
    moments = MOMENTS["prod"] + further("prod")
    assert len(moments) == len(landed)
    with builds(house, "prod") as process:
        for number, moment in enumerate(moments):
            [arriving] = shelf.glob(f"delivery=202601{DAYS[number]:02}*")
            arriving.rename(landed[0].parent / arriving.name)
            house.run("push")
            check_killed(built(process, engine, moment), moment)
            if moment.takes_engine:
                engine.process.wait()
                house = replace(house, clickhouse_port=engine.start())
        assert built(process, engine) == 0
    with environment(house.env):
        for result in compare_all(published_models(house)):
            assert result["equal"], result


def check_killed(code: int, moment: Moment) -> None:
    """A moment by its number may lie after the end of the build."""
    assert code == -signal.SIGKILL or (code == 0 and not moment.pattern), moment


def published_models(house: Warehouse) -> list[Model]:
    relations = house.rows(
        f"select table_schema, table_name from information_schema.tables where table_schema in {PUBLISHED_SCHEMAS}"
    )
    return [Model(schema, name, ()) for schema, name in relations]


def test_a_delivery_of_which_a_part_is_pushed_is_not_read(shared_house: Warehouse) -> None:
    """Its rows are there, and its row in _deliveries, which is pushed last, is not."""
    house = replace(shared_house, source="consent")
    deliver(house, 10, [event("a", "one"), event("b", "one")])
    house.run("push")
    with clickhouse_connect.get_client(host="127.0.0.1", port=house.clickhouse_port) as client:

        def staged() -> int:
            house.dbt("prod", "run", "--select", "stg_consent__events")
            return client.query("select count() from duckhouse_staging.stg_consent__events").result_rows[0][0]

        client.command("create table raw_consent.kept engine = Memory as select * from raw_consent._deliveries")
        client.command("truncate table raw_consent._deliveries")
        assert staged() == 0
        client.command("insert into raw_consent._deliveries select * from raw_consent.kept")
        assert staged() == 2

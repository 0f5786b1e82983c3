"""A column that staging gets, or makes in another way, after deliveries were staged: those in landing get its values.

A project of a staging model, the records that it sets aside and its touches is changed between builds, on both engines.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import clickhouse_connect
import pytest

from support.consent import deliver, event
from support.dbt import run_dbt, told_by_dbt
from support.projects import copied
from support.warehouse import Warehouse, warehouse

STAGED = "stg_consent__events"
ASIDE = "fct_consent_events_set_aside"
TOUCHES = "int_consent__delivery_touches"
PARTS = (
    "dbt_project.yml",
    "profiles.yml",
    "packages.yml",
    "macros",
    "models/groups.yml",
    "models/shared_columns.md",
    "models/staging/consent",
    *(f"models/marts/consent/{ASIDE}.{ending}" for ending in ("sql", "yml")),
    *(f"models/intermediate/consent/{TOUCHES}.{ending}" for ending in ("sql", "yml")),
)
SQL = Path("models/staging/consent/stg_consent__events.sql")
STAGED_YAML = Path("models/staging/consent/stg_consent__events.yml")
ASIDE_YAML = Path("models/marts/consent/fct_consent_events_set_aside.yml")
BUILD = ("build", "--select", STAGED, ASIDE, TOUCHES, "--exclude-resource-type", "test")
PLACE = "        ---------- consent\n"
COLUMN = "        {{ cast_to('parsed.domain', 'text_nullable') }} as domain_as_delivered,\n"
OTHERWISE = COLUMN.replace("'parsed.domain'", "upper_text('parsed.domain')")
BROKEN = COLUMN.replace("'parsed.domain'", "cast_to('parsed.domain', 'integer')")
PRUNED, KEPT, LATEST = (f"2026011{day}T060000000000Z" for day in (0, 1, 2))


class Project(NamedTuple):
    folder: Path
    house: Warehouse
    target: str

    def build(self, succeeds: bool = True) -> str:
        """What dbt says of a failure."""
        return told_by_dbt(*BUILD, target=self.target, env=self.house.env, project=self.folder, succeeds=succeeds)

    def build_as_command(self) -> str:
        """What the command prints, warnings too."""
        return run_dbt(*BUILD, "--target", self.target, env=self.house.env, project=self.folder)

    def change(self, file: Path, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new, 1))

    def declare(self, file: Path, name: str, kind: str) -> None:
        column = f"      - name: {name}\n        data_type: {kind}\n        description: As the file spells it.\n"
        self.change(file, "    columns:\n", f"    columns:\n{column}")

    def rows(self, query: str) -> list[tuple]:
        if self.target == "dev":
            return self.house.rows(query)
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            query = query.replace("from ", "from duckhouse_")
            return [tuple(row) for row in client.query(query).result_rows]

    def prune(self, delivery: str) -> None:
        if self.target == "dev":
            [folder] = (self.house.folder / "landing" / "consent").glob(f"delivery={delivery}*")
            shutil.rmtree(folder)
            return
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            client.command(f"delete from raw_consent._deliveries where delivery_id like '{delivery}%'")


@pytest.fixture(scope="module", params=["dev", "prod"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Three deliveries are staged, each of an event and a record without a rate; the first is pruned."""
    folder = copied(PARTS, tmp_path_factory.mktemp("project"))
    with warehouse("consent") as house:
        for day in (10, 11, 12):
            domain = f"Shop-{day}.example"
            deliver(
                house,
                day,
                [event(f"good-{day}", "one", domain=domain), event(f"bad-{day}", "one", rate="", domain=domain)],
            )
        house.run("push")
        project = Project(folder, house, request.param)
        project.build()
        project.prune(PRUNED)
        yield project


def staged(project: Project, model: str, column: str) -> list[tuple]:
    schema = "staging" if model == STAGED else "marts"
    return project.rows(f"select substr(_delivery_id, 1, 22), {column} from {schema}.{model} order by 1, 2")


def test_a_column_that_only_the_query_or_only_the_yaml_has_is_refused(project: Project) -> None:
    project.change(SQL, PLACE, COLUMN + PLACE)
    project.declare(STAGED_YAML, "domain_as_delivred", "text_nullable")
    told = project.build(succeeds=False)
    assert (
        "the YAML of stg_consent__events does not name domain_as_delivered; it names, and its query does not make, "
        "domain_as_delivred" in told
    )
    assert len(staged(project, STAGED, "event_id")) == 6
    with pytest.raises(Exception, match="domain_as_delivered"):
        staged(project, STAGED, "domain_as_delivered")


def test_a_build_that_fails_while_it_fills_a_column_loses_nothing(project: Project) -> None:
    project.change(STAGED_YAML, "domain_as_delivred", "domain_as_delivered")
    project.change(SQL, COLUMN, BROKEN)
    project.build(succeeds=False)
    assert len(staged(project, STAGED, "event_id")) == 6


def test_deliveries_that_landing_holds_get_the_column_and_the_others_are_named(project: Project) -> None:
    touches = project.rows("select * from intermediate.int_consent__delivery_touches order by _delivery_id")
    assert [row[0][:22] for row in touches] == [PRUNED, KEPT, LATEST]
    project.change(SQL, BROKEN, COLUMN)
    project.declare(ASIDE_YAML, "domain_as_delivered", "text_nullable")
    told = project.build_as_command()
    warnings = [line for line in told.splitlines() if "stays NULL" in line]
    [warning] = {line[line.index(STAGED) :] for line in warnings}
    assert warning.startswith(
        "stg_consent__events: domain_as_delivered stays NULL in 1 of 3 deliveries, because what is no longer "
        f"in landing cannot be read again: {PRUNED}"
    )
    shops = [(KEPT, "Shop-11.example"), (LATEST, "Shop-12.example")]
    for model, expected in (
        (STAGED, [(PRUNED, None), (PRUNED, None), *(shop for shop in shops for _ in range(2))]),
        (ASIDE, [(PRUNED, None), *shops]),
    ):
        assert staged(project, model, "domain_as_delivered") == expected
    assert staged(project, STAGED, "event_id") == [
        (delivery, f"{name}-{day}")
        for delivery, day in ((PRUNED, 10), (KEPT, 11), (LATEST, 12))
        for name in ("bad", "good")
    ]
    assert project.rows("select * from intermediate.int_consent__delivery_touches order by _delivery_id") == touches


def test_the_next_build_stages_nothing_again(project: Project) -> None:
    before = staged(project, STAGED, "domain_as_delivered")
    assert "stays NULL" not in project.build_as_command()
    assert staged(project, STAGED, "domain_as_delivered") == before


def test_other_code_stages_again_what_landing_holds_and_names_the_others(project: Project) -> None:
    project.change(SQL, COLUMN, OTHERWISE)
    if project.target == "prod":  # a command of its own takes long, and the warning is the same
        project.build()
    else:
        [warning] = {
            line[line.index(STAGED) :] for line in project.build_as_command().splitlines() if "other code" in line
        }
        assert warning.startswith(
            "stg_consent__events: what other code made stays in 1 of 3 deliveries, because what is no longer in "
            f"landing cannot be read again: {PRUNED}"
        )
    shops = [(KEPT, "SHOP-11.EXAMPLE"), (LATEST, "SHOP-12.EXAMPLE")]
    assert staged(project, STAGED, "domain_as_delivered") == [
        *((PRUNED, None) for _ in range(2)),
        *(shop for shop in shops for _ in range(2)),
    ]
    assert staged(project, ASIDE, "domain_as_delivered") == [(PRUNED, None), *shops]


def test_another_type_is_refused_where_landing_does_not_have_all_deliveries(project: Project) -> None:
    length = OTHERWISE.replace("upper_text('parsed.domain')", "'char_length(parsed.domain)'")
    number = length.replace("text_", "integer_")
    project.change(SQL, OTHERWISE, number)
    told = project.build(succeeds=False)
    assert "stg_consent__events.domain_as_delivered is " in told
    assert "dbt build --full-refresh --select stg_consent__events+ --vars 'rebuild_from_landing: true' makes it" in told
    assert len(staged(project, STAGED, "event_id")) == 6
    project.change(SQL, number, OTHERWISE)


def test_a_declared_column_that_landing_lacks_is_told_with_what_brings_it(project: Project) -> None:
    declaration = Path("models/staging/consent/_consent__sources.yml")
    project.change(
        declaration, "          - name: event_id\n", "          - name: colour\n          - name: event_id\n"
    )
    told = project.build(succeeds=False)
    command = {"dev": "land --prepare", "prod": "push"}[project.target]
    assert f"run python -m scripts.{command}: " in told
    assert "has no colour, which consent.events declares" in told
    assert len(staged(project, STAGED, "event_id")) == 6

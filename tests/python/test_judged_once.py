"""Rules about records judge each delivery once, and again when that could find something else, on both engines.

A project is changed between builds. The first delivery is pruned from landing: what is judged again comes from staging.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import clickhouse_connect
import duckdb
import pytest

from support.consent import deliver, event
from support.dbt import told_by_dbt
from support.projects import OF_DBT, copied
from support.warehouse import Warehouse, warehouse

FINDINGS = "dq_consent_records"
STAGED = ("path:models/staging/consent", "countries")
RULE = Path("models/quality/consent/rules/dq_consent__unusable_rate.sql")
PRUNED, KEPT, LATE, LATER = "20260110", "20260111", "20260112", "20260113"


class Project(NamedTuple):
    folder: Path
    house: Warehouse
    target: str

    def build(self, *models: str, succeeds: bool = True) -> str:
        """Builds staging and the findings, or runs the models that are named, whether they are up to date or not."""
        for compiled in self.compiled():
            compiled.unlink()
        everything = ("build", "--select", *STAGED, FINDINGS, "--exclude-resource-type", "test")
        arguments = ("run", "--select", *models) if models else everything
        return told_by_dbt(*arguments, target=self.target, env=self.house.env, project=self.folder, succeeds=succeeds)

    def deliver(self, day: int) -> None:
        """One event that is good and one whose rate is no share."""
        deliver(self.house, day, [event(f"good-{day}", "one"), event(f"bad-{day}", "one", rate="7")])
        self.house.run("push", self.house.source)

    def change(self, file: Path, old: str, new: str) -> None:
        text = (self.folder / file).read_text()
        assert old in text
        (self.folder / file).write_text(text.replace(old, new))

    def compiled(self) -> list[Path]:
        """The SQL of the last build; none where it left the findings out."""
        return list(Path(self.house.env["DBT_TARGET_PATH"]).rglob(f"compiled/**/{FINDINGS}.sql"))

    def judged(self) -> set[str]:
        """The days of the deliveries that the last build judged."""
        sql = "".join(path.read_text() for path in self.compiled())
        return {day for day in (PRUNED, KEPT, LATE, LATER) if f"'{day}T" in sql}

    def rows(self, query: str) -> list[tuple]:
        if self.target == "dev":
            return self.house.rows(query)
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            return [tuple(row) for row in client.query(query.replace("from ", "from duckhouse_")).result_rows]

    def command(self, *commands: str) -> None:
        if self.target == "dev":
            with duckdb.connect(str(self.house.duckdb)) as connection:
                for command in commands:
                    connection.execute(command)
            return
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            for command in commands:
                client.command(command)

    def found(self, rule: str = "unusable_rate") -> dict[str, str]:
        """What is observed, by the day of the delivery."""
        rows = self.rows(
            f"select substr(last_delivery_id, 1, 8), observed from rules.{FINDINGS} where rule_id = 'consent__{rule}'"
        )
        found = dict(rows)
        assert len(found) == len(rows)
        return found


@pytest.fixture(scope="module", params=["dev", "prod"])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two deliveries are judged, and the first is pruned."""
    folder = copied(OF_DBT, tmp_path_factory.mktemp("project"))
    with warehouse("consent") as house:
        project = Project(folder, house, request.param)
        project.deliver(10)
        project.deliver(11)
        project.build()
        if project.target == "dev":
            [pruned] = (house.folder / "landing" / "consent").glob(f"delivery={PRUNED}*")
            shutil.rmtree(pruned)
        else:
            project.command(f"delete from raw_consent._deliveries where delivery_id like '{PRUNED}%'")
        yield project


def test_a_delivery_is_judged_once(project: Project) -> None:
    assert project.found() == {PRUNED: "7", KEPT: "7"}
    project.build(FINDINGS)
    assert project.judged() == set()
    project.deliver(12)
    project.build()
    assert project.judged() == {LATE}
    assert project.found() == {PRUNED: "7", KEPT: "7", LATE: "7"}


def test_a_delivery_that_was_half_staged_is_judged_again(project: Project) -> None:
    project.deliver(13)
    project.build("stg_consent__files", FINDINGS)
    assert project.judged() == {LATER}
    assert LATER not in project.found()
    project.build()
    assert project.judged() == {LATER}
    assert project.found()[LATER] == "7"


def test_a_changed_rule_judges_all_that_is_staged(project: Project) -> None:
    project.change(RULE, "observed='sampling_rate_as_delivered'", "observed=\"'rate ' || sampling_rate_as_delivered\"")
    project.build()
    assert project.judged() == {PRUNED, KEPT, LATE, LATER}
    assert project.found() == dict.fromkeys((PRUNED, KEPT, LATE, LATER), "rate 7")
    project.build(FINDINGS)
    assert project.judged() == set()


def test_a_changed_var_judges_all_that_is_staged(project: Project) -> None:
    assert project.found("headless_browser") == {}
    [(browser,)] = project.rows("select distinct browser_family from staging.stg_consent__events")
    project.change(Path("dbt_project.yml"), "dq_robot_user_agents: ", f"dq_robot_user_agents: ^{browser.lower()}$|")
    project.build()
    assert project.found("headless_browser") == dict.fromkeys((PRUNED, KEPT, LATE, LATER), browser)


def test_a_changed_macro_judges_all_that_is_staged(project: Project) -> None:
    project.change(Path("macros/quality/findings.sql"), "observed or 'null'", "observed or \"'?'\"")
    project.build()
    assert project.judged() == {PRUNED, KEPT, LATE, LATER}


def test_a_table_of_before_is_made_anew(project: Project) -> None:
    before = project.found()
    if project.target == "dev":
        project.command(f"alter table rules.{FINDINGS} drop column _delivery_id")
    else:
        table = f"duckhouse_rules.{FINDINGS}"
        project.command(
            f"create table {table}_old engine MergeTree order by tuple() as select * except _delivery_id from {table}",
            f"exchange tables {table} and {table}_old",
            f"drop table {table}_old",
        )
    project.build(FINDINGS)
    assert project.found() == before
    project.build(FINDINGS)
    assert project.judged() == set()


def test_a_rule_that_reads_more_than_a_delivery_is_refused(project: Project) -> None:
    project.change(RULE, "ref('stg_consent__events')", "ref('fct_consent_events')")
    told = project.build(FINDINGS, succeeds=False)
    assert "dq_consent_records reads fct_consent_events, which follows from several deliveries" in told
    assert "Give the rule that reads it another scope than row or file" in told

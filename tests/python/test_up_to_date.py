"""A build leaves out what is up to date, on both engines, and nothing else."""

import errno
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, NoReturn

import clickhouse_connect
import duckdb
import pytest
from dbt.adapters.factory import get_adapter
from dbt.artifacts.resources.types import NodeType
from dbt.contracts.graph.manifest import Manifest

from duckhouse.dbt_plugin.graph import Done, Graph, Step
from duckhouse.dbt_plugin.notes import not_published
from duckhouse.dbt_plugin.project_graph import fixed_views
from duckhouse.settings import clickhouse
from duckhouse.turns import turn
from duckhouse.warehouse.blocked import Blocked, blocked
from duckhouse.warehouse.connection import asking
from duckhouse.warehouse.dumps import compare_copy
from support.dbt import BuildError, environment, invoke_dbt, parsed
from support.drops import NO_TESTS, csv_of, deliver, event
from support.projects import OF_DBT, copied
from support.warehouse import Warehouse, warehouse

SOURCE = ("shop", "events")
DELIVERIES = {"shop": {"events": frozenset({"d1"}), "": frozenset({"d1"})}}
MORE = {"shop": {"events": frozenset({"d1", "d0"}), "": frozenset({"d1", "d0"})}}
RETRACTED = {"shop": {"events": frozenset({"d1"}), "": frozenset({"d1", "d2-retraction"})}}


def step(name: str, *parents: str, reads: bool = False, table: bool = True) -> Step:
    return Step(name, frozenset(parents), frozenset({SOURCE} if reads else ()), ("marts", name) if table else None)


CHAIN = Graph.of(
    [step("test", "mart", table=False), step("mart", "staging"), step("staging", reads=True), step("seed")]
)
VERSIONS = CHAIN.versions("code", DELIVERIES)
ROWS = {("marts", "staging"): "3", ("marts", "mart"): "2", ("marts", "seed"): "1"}
RECORDS = {
    "staging": Done(VERSIONS["staging"], "success", "10:00", "3"),
    "mart": Done(VERSIONS["mart"], "success", "10:01", "2"),
    "test": Done(VERSIONS["test"], "pass", "10:02"),
    "seed": Done(VERSIONS["seed"], "success", "10:00", "1"),
}
ALL = {"staging", "mart", "test", "seed"}
READ = ("fct_ad_events_daily", "dim_publishers")


def test_what_was_done_from_the_same_code_and_deliveries_is_up_to_date() -> None:
    assert CHAIN.up_to_date(VERSIONS, RECORDS, ROWS) == ALL


@pytest.mark.parametrize(
    ("versions", "records", "rows", "expected"),
    [
        (CHAIN.versions("other code", DELIVERIES), {}, {}, set()),
        (CHAIN.versions("code", MORE), {}, {}, {"seed"}),
        (CHAIN.versions("code", RETRACTED), {}, {}, {"seed"}),
        (VERSIONS, {"mart": Done("", "", "")}, {}, {"staging", "seed"}),
        (VERSIONS, {"staging": Done(VERSIONS["staging"], "success", "10:05", "3")}, {}, {"staging", "seed"}),
        (VERSIONS, {}, {("marts", "mart"): "1"}, {"staging", "seed"}),
        (VERSIONS, {}, {("marts", "staging"): None}, {"seed"}),
    ],
    ids=[
        *("other code", "one more delivery", "a retraction", "forgotten", "a parent was done later", "a row is gone"),
        "a table is gone",
    ],
)
def test_what_is_not_up_to_date_takes_its_children_with_it(
    versions: Mapping[str, str], records: dict[str, Done], rows: dict[tuple[str, str], str], expected: set[str]
) -> None:
    assert CHAIN.up_to_date(versions, RECORDS | records, ROWS | rows) == expected


@pytest.mark.parametrize(
    ("current", "results", "recorded", "is_all"),
    [
        (set(), dict.fromkeys(ALL, ("success", "11:00")), ALL, True),
        (set(), {"mart": ("success", "11:00")}, set(), False),
        ({"staging", "seed"}, {"mart": ("success", "11:00"), "test": ("fail", "11:01")}, {"mart"}, False),
        ({"staging", "seed"}, {"mart": ("success", "11:00"), "test": ("warn", "11:01")}, {"mart", "test"}, True),
        ({"seed"}, {"staging": ("error", "11:00"), "mart": ("skipped", "11:01")}, set(), False),
        ({"staging", "mart", "test", "seed"}, {"staging": ("success", "11:00")}, {"staging"}, False),
    ],
    ids=["everything", "its parent is not", "a test fails", "a test warns", "an error", "children are older"],
)
def test_a_run_records_what_ended_well_from_what_is_up_to_date(
    current: set[str], results: dict[str, tuple[str, str]], recorded: set[str], is_all: bool
) -> None:
    new, everything = CHAIN.to_record(VERSIONS, current, RECORDS, results, ROWS)
    assert set(new) == recorded
    assert everything == is_all


SHOWN = [
    Step("view", frozenset({"mart"}), frozenset(), ("marts", "view"), fixed_in="first"),
    step("test of view", "view", "mart", table=False),
]
OF_VIEW = {
    "view": Done(Graph.of(SHOWN).versions("code", {})["view"], "success", "09:00"),
    "test of view": Done(VERSIONS["test"], "pass", "10:02"),
}


@pytest.mark.parametrize(
    ("code", "deliveries", "records", "rows", "expected"),
    [
        ("code", DELIVERIES, {}, {}, {"view", "test of view"}),
        ("code", MORE, {}, {}, {"view"}),
        ("code", DELIVERIES, {"mart": Done(VERSIONS["mart"], "success", "10:05", "2")}, {}, {"view"}),
        ("code", DELIVERIES, {"mart": Done("", "", "")}, {}, {"view"}),
        ("other code", DELIVERIES, {}, {}, set()),
        ("code", DELIVERIES, {}, {("marts", "view"): None}, set()),
        ("code", DELIVERIES, {"view": Done("", "", "")}, {}, set()),
    ],
    ids=[
        *("nothing is new", "one more delivery", "its table was made later", "its table was not made"),
        *("other code", "it is gone", "forgotten"),
    ],
)
def test_a_fixed_view_is_made_again_for_other_code_only_and_its_tests_for_other_rows(
    code: str, deliveries: Any, records: dict[str, Done], rows: dict[tuple[str, str], str], expected: set[str]
) -> None:
    """Made before its table, such as in an earlier build."""
    graph = Graph.of([*CHAIN.nodes, *SHOWN])
    found = graph.up_to_date(
        graph.versions(code, deliveries), RECORDS | OF_VIEW | records, ROWS | {("marts", "view"): ""} | rows
    )
    assert found & OF_VIEW.keys() == expected


def test_people_see_in_a_fixed_view_what_the_tables_have_that_it_reads() -> None:
    assert Graph.of([*CHAIN.nodes, *SHOWN]).shown({"view", "staging"}) == {"view", "mart", "staging"}
    assert CHAIN.shown({"mart"}) == {"mart"}


def test_a_fixed_view_names_its_database() -> None:
    of_other_file = Graph.of([replace(SHOWN[0], fixed_in="other")])
    assert of_other_file.versions("code", {}) != Graph.of(SHOWN[:1]).versions("code", {})


def test_a_run_records_a_fixed_view_whatever_became_of_its_table() -> None:
    graph = Graph.of([*CHAIN.nodes, *SHOWN])
    results = {"view": ("success", "11:00"), "test of view": ("pass", "11:01")}
    new, _ = graph.to_record(graph.versions("code", DELIVERIES), {"staging", "seed"}, RECORDS, results, ROWS)
    assert set(new) == {"view"}
    results = {"mart": ("success", "11:00")}
    kept = RECORDS | OF_VIEW
    _, is_all = graph.to_record(graph.versions("code", DELIVERIES), set(kept), kept, results, ROWS)
    assert not is_all, "the tests are older than the table"


def model(name: str, materialized: str, *reads: str, macros: tuple[str, ...] = (), sql: str = "select 1") -> Any:
    return SimpleNamespace(
        unique_id=name,
        resource_type=NodeType.Model,
        config=SimpleNamespace(materialized=materialized),
        depends_on=SimpleNamespace(macros=list(macros)),
        depends_on_nodes=list(reads),
        is_ephemeral_model=materialized == "ephemeral",
        raw_code=sql,
    )


def test_a_view_is_fixed_unless_a_macro_or_a_model_in_its_sql_asks_the_warehouse() -> None:
    macros = {
        "asks": ([], "adapter.get_relation(this)"),
        "through": (["asks"], "asks()"),
        "dispatches": (["plain"], "adapter.dispatch('plain')()"),
        "plain": ([], "1"),
    }
    models = [
        model("fixed", "view", "table", "cte", "source", macros=("dispatches",)),
        model("by itself", "view", sql="{{ adapter.get_columns_in_relation(this) }}"),
        model("by a macro", "view", macros=("through",)),
        model("by a cte", "view", "cte of cte"),
        model("table", "table", macros=("asks",)),
        model("cte", "ephemeral", "table"),
        model("cte of cte", "ephemeral", "asking cte"),
        model("asking cte", "ephemeral", macros=("through",)),
    ]
    manifest: Any = SimpleNamespace(
        nodes={one.unique_id: one for one in models},
        macros={
            name: SimpleNamespace(depends_on=SimpleNamespace(macros=calls), macro_sql=sql)
            for name, (calls, sql) in macros.items()
        },
    )
    assert fixed_views(manifest) == {"fixed"}


STAGED, SOLD = ("staging", "staged"), ("marts", "sold")
RETURNED, BOTH = ("marts", "returned"), ("marts", "sold_and_returned")
SHOP = Graph.of(
    [
        Step("staged", frozenset(), frozenset({SOURCE}), STAGED),
        Step("sold", frozenset({"staged"}), frozenset(), SOLD),
        Step("returned", frozenset({"staged"}), frozenset(), RETURNED),
        Step("test of staged", frozenset({"staged"}), frozenset(), None),
        Step("test of sold", frozenset({"sold"}), frozenset(), None),
        Step("test of both", frozenset({"sold", "returned"}), frozenset(), None),
        Step("unit test", frozenset(), frozenset(), None),
    ]
)


@pytest.mark.parametrize(
    ("current", "begun", "there", "expected"),
    [
        ({"staged", "sold", "test of sold"}, {"staged", "sold", "test of sold"}, {STAGED, SOLD}, set()),
        ({"staged", "test of sold"}, set(), {STAGED, SOLD}, {"sold"}),
        ({"staged", "sold"}, {"staged", "sold"}, {STAGED, SOLD}, {"test of sold"}),
        ({"staged", "sold", "test of sold"}, {"returned"}, {STAGED, SOLD}, {"returned"}),
        (
            {"staged", "sold", "test of sold"},
            set(),
            {STAGED, SOLD, RETURNED},
            {"returned", "test of both"},
        ),
        ({"staged", "sold", "test of sold"}, {"test of staged"}, {STAGED, SOLD}, {"test of staged"}),
        ({"staged", "sold", "test of sold"}, {"unit test"}, {STAGED, SOLD}, {"unit test"}),
        ({"staged"}, {"staged"}, {STAGED}, set()),
    ],
    ids=[
        "all is up to date",
        "a table is out of date",
        "its test was left out",
        "another one failed before it was there",
        "another one is there and was not built",
        "a test of what it reads failed",
        "a unit test failed",
        "there is no mart",
    ],
)
def test_marts_are_not_published_while_something_is_undone(
    current: set[str], begun: set[str], there: set[tuple[str, str]], expected: set[str]
) -> None:
    marts = SHOP.built(there, ("marts", "quality"))
    assert set(marts.values()) == there - {STAGED}
    assert set(SHOP.unfinished(current, begun, there, marts)) == expected


def test_views_of_an_area_that_is_not_built_are_left_out_with_their_tests() -> None:
    """Views of areas read the findings of all, which a build of one area selects with what reads them."""
    areas = ("sold", "returned", "held")
    steps = [Step(name, frozenset(), frozenset(), ("marts", name)) for name in ("findings", *areas)]
    steps += [
        Step(f"{name} in errors", frozenset({"findings", name}), frozenset(), ("reporting", name)) for name in areas
    ]
    steps.append(Step("test", frozenset({"returned in errors"}), frozenset(), None))
    steps.append(Step("all errors", frozenset({"findings", "returned"}), frozenset(), ("reporting", "all")))
    views = {f"{name} in errors" for name in areas}
    selected = {"findings", "sold", "test", "all errors", *views}
    assert Graph.of(steps).unreadable(views, selected, {("marts", "held")}) == {"returned in errors", "test"}


def test_what_reads_a_mart_that_was_never_built_is_up_to_date_until_it_is_built() -> None:
    """`sold_and_returned` reads both where both are there."""
    graph = Graph.of([*SHOP.nodes, Step("sold_and_returned", frozenset({"sold", "returned"}), frozenset(), BOTH)])
    versions = graph.versions("code", DELIVERIES)
    ended = {"staged": "10:00", "sold": "10:01", "sold_and_returned": "10:02"}
    there = {STAGED: "1", SOLD: "1", BOTH: "1"}
    results = {name: ("success", at) for name, at in ended.items()}
    alone = graph.without(graph.absent(ended, there))
    records, _ = alone.to_record(versions, set(), {}, results, there)
    assert alone.up_to_date(versions, records, there) == records.keys() == ended.keys()

    records["returned"] = Done(versions["returned"], "success", "11:00", "1")
    there[RETURNED] = "1"
    whole = graph.without(graph.absent(records, there))
    assert whole.up_to_date(versions, records, there) == {"staged", "sold", "returned"}


@pytest.mark.parametrize(("more", "told"), [([], ""), (["model.shop.sold"] * 2, " (and 2 more)")])
def test_one_line_says_why_nothing_is_published(more: list[str], told: str) -> None:
    assert not_published(["test.shop.sold_checks.1a2b", *more]) == (
        f"nothing is published, because sold_checks failed or is out of date{told}: "
        "dbt build makes and tests everything"
    )


class Built(NamedTuple):
    house: Warehouse
    target: str
    project: Path
    of_fixed_views: dict[str, str]
    """Their SQL before anything was built."""

    def dbt(self, *words: str, publish: str = "true") -> set[str]:
        """The names of the nodes that the command runs, without tests that warn: those run every time."""
        if words[0] == "build":
            words = (*words, *(() if "--select" in words else self.house.models), "--indirect-selection", "buildable")
        folder = str(self.house.folder / f"target-{self.target}")
        with environment({"DBT_TARGET_PATH": folder, "DUCKHOUSE_PUBLISH": publish}):
            done = invoke_dbt(*words, target=self.target, env=self.house.env, project=self.project)
        nodes = {result.node.name for result in done.result.results if result.status != "warn"}
        return nodes - {"duckhouse-on-run-start-0"}

    def run(self, statement: str) -> None:
        """Changes the warehouse by hand; schemas are named as on DuckDB."""
        if self.target == "dev":
            with duckdb.connect(str(self.house.duckdb)) as connection:
                connection.execute(statement)
            return
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            there = re.sub(r"\b(?=(marts|staging)\.)", "duckhouse_", statement)
            client.command(there, settings={"mutations_sync": 2})

    def rows(self, query: str) -> list[tuple]:
        """Schemas are named as on DuckDB."""
        if self.target == "dev":
            return self.house.rows(query)
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            query = re.sub(r"\bfrom (?=\w+\.)", "from duckhouse_", query)
            return [tuple(row) for row in client.query(query).result_rows]

    def found(self, *words: str, test: str = "fct_ad_events_checks") -> str:
        """What a test finds; nothing where it passes."""
        try:
            self.dbt("test", "--select", test, *words)
        except BuildError as error:
            return str(error).split(f"{test}: ")[1]
        return ""

    @contextmanager
    def spoilt(
        self, event_id: str, model: str = "marts.fct_ad_events", copy: str = "spoilt", **columns: str
    ) -> Iterator[None]:
        """With a copy of the row of an event, in which columns have other values."""
        others = ", ".join(f"{value} as {column}" for column, value in {"event_id": f"'{copy}'", **columns}.items())
        # on ClickHouse a condition on event_id alone would see the new one
        row = f"from {model} as records where records.event_id = '{event_id}' limit 1"
        self.run(f"insert into {model} select * replace ({others}) {row}")
        try:
            yield
        finally:
            self.run(f"delete from {model} where event_id = '{copy}'")

    def modified(self, state: Path) -> list[str]:
        """What dbt finds modified since the manifest in the folder `state` was written."""
        words = ("ls", "--select", "state:modified", "--output", "name", "--state", str(state))
        folder = str(self.house.folder / f"target-{self.target}")
        with environment({"DBT_TARGET_PATH": folder}):
            return invoke_dbt(*words, target=self.target, env=self.house.env, project=self.project).result or []

    def deliver(self, day: int, *events: dict) -> None:
        deliver(self.house, day, events)
        self.house.run("push")

    def compiled(self, template: str) -> str:
        command = ("compile", "--inline", template)
        [found] = invoke_dbt(*command, target=self.target, env=self.house.env, project=self.project).result
        return found.node.compiled_code

    def sql_of_fixed_views(self) -> dict[str, str]:
        with environment(self.house.env):
            views = fixed_views(parsed(target=self.target, project=self.project))
        command = ("compile", "--indirect-selection", "empty", "--select", *(view.split(".")[2] for view in views))
        done = invoke_dbt(*command, target=self.target, env=self.house.env, project=self.project)
        return {made.node.name: made.node.compiled_code for made in done.result}

    def blocked(self) -> Blocked | None:
        with environment(self.house.env):
            return blocked(self.target)

    def copy(self) -> tuple[int, int] | None:
        """What tells the published copy from one before it; nothing where there is none, as on ClickHouse."""
        path = self.house.published_copy
        return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else None


@pytest.fixture(scope="module", params=["dev", "prod"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """A delivery of an event and a publisher, built in a copy of the project, which tests may change."""
    project = copied(OF_DBT, tmp_path_factory.mktemp("project") / "project")
    with warehouse(only=READ) as house:
        publishers = csv_of("publisher_id,publisher_name,timezone", "1,One,UTC")
        deliver(house, 10, [event("a", "2026-01-09T10:00:00Z")], publishers=publishers)
        house.run("push")
        made = Built(house, request.param, project, {})
        made.of_fixed_views.update(made.sql_of_fixed_views())
        made.dbt("build")
        yield made


def test_nothing_new_runs_nothing_and_publishes_nothing(built: Built) -> None:
    published = built.copy()
    assert built.dbt("build") == set()
    assert built.copy() == published


@pytest.fixture(scope="module")
def here(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a manifest of the project."""
    folder = tmp_path_factory.mktemp("here")
    with environment(built.house.env):
        manifest = parsed(target=built.target, project=built.project).writable_manifest().to_dict(omit_none=False)
    (folder / "manifest.json").write_text(json.dumps(manifest, default=str))
    return folder


@pytest.fixture(scope="module")
def elsewhere(built: Built, here: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a manifest of the same project, as a machine with other folders, database and prefix wrote it."""
    text = (here / "manifest.json").read_text()
    for ours, theirs in (
        (str(built.house.folder), "/srv/house"),
        ('"database": "first"', '"database": "other"'),
        ('"schema": "duckhouse_', '"schema": "other_'),
    ):
        text = text.replace(ours, theirs)
    folder = tmp_path_factory.mktemp("state")
    (folder / "manifest.json").write_text(text)
    return folder


def test_nothing_is_modified_since_a_manifest_of_another_machine(built: Built, elsewhere: Path) -> None:
    assert built.modified(elsewhere) == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("clone",), "dbt clone would bring tables of another database among those that are built"),
        (("clone", "--full-refresh"), "dbt clone would bring tables of another database among those that are built"),
        (("build", "--defer", "--favor-state"), "--defer would bring rows of another database into tables that are"),
        (("run", "--defer"), "--defer would bring rows of another database into tables that are"),
    ],
)
def test_no_row_of_another_database_comes_among_those_that_are_built(
    built: Built, elsewhere: Path, words: tuple[str, ...], told: str
) -> None:
    if built.target == "dev":
        told = r"another database, and DuckDB has only .*first\.duckdb open: leave it out, and let DUCKHOUSE_DUCKDB"
    with pytest.raises(BuildError, match=told):
        built.dbt(*words, "--state", str(elsewhere), "--select", "dim_publishers")
    assert built.dbt("build") == set()


def test_ctrl_c_ends_a_run_with_one_line_and_the_next_build_makes_the_rest(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> NoReturn:
        raise KeyboardInterrupt

    with monkeypatch.context() as stopped, pytest.raises(BuildError, match=r"Ctrl-C: dbt build makes what is not done"):
        stopped.setattr("duckhouse.dbt_plugin.tasks.plain_execute_nodes", interrupted)
        built.dbt("run", "--select", "dim_publishers")
    assert "dim_publishers" in built.dbt("build")
    assert built.dbt("build") == set()


def test_to_defer_to_the_database_that_is_built_changes_nothing(built: Built, here: Path) -> None:
    words = ("--defer", "--favor-state", "--state", str(here))
    assert built.dbt("build", *words) == set()
    assert built.dbt("run", *words, "--select", "dim_publishers") == {"dim_publishers"}
    ran = built.dbt("build", *words)
    assert "unique_dim_publishers_publisher_id" in ran
    assert "dim_publishers" not in ran


def test_runs_of_what_makes_a_table_are_noted_and_reach_elementary_once(built: Built) -> None:
    noted = built.rows("select node_id, invocation_id, done_at, outcome, seconds from builds.runs")
    assert {node.split(".")[0] for node, *_ in noted} == {"model", "seed", "snapshot"}
    assert all(invocation and seconds > 0 for _, invocation, *_, seconds in noted)

    engine = "" if built.target == "dev" else "engine = Memory"
    texts = "model_execution_id, unique_id, invocation_id, name, resource_type, status, generated_at"
    columns = ", ".join(f"{name} varchar" for name in texts.split(", "))
    built.run(f"create table marts.dbt_run_results ({columns}, execution_time double) {engine}")
    table = "ref('fct_ad_events').incorporate(path={'identifier': 'dbt_run_results'})"
    insert = built.compiled(f"{{{{ add_runs_of_builds({table}) }}}}")
    built.run(insert)
    built.run(insert)
    assert built.rows("select count(*) from marts.dbt_run_results") == [(len(noted),)]
    assert set(built.rows(f"select {texts}, execution_time from marts.dbt_run_results")) == {
        (f"{run}.{node}", node, run, node.split(".")[2], node.split(".")[0], outcome, f"{at[:10]} {at[11:19]}", seconds)
        for node, run, at, outcome, seconds in noted
    }
    built.run("drop table marts.dbt_run_results")
    other = table.replace("dbt_run_results", "dbt_models")
    assert built.compiled(f"{{{{ add_runs_of_builds({other}) }}}}").strip() == ""


def test_what_runs_with_elementary_changes_nothing_for_builds(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(built.rows("select * from builds.runs"))
    with monkeypatch.context() as watched:
        watched.setattr("duckhouse.dbt_plugin.tasks.is_elementary_on", lambda: True)
        assert built.dbt("run", "--select", "dim_publishers") == {"dim_publishers"}
    assert built.dbt("build") == set()
    assert sorted(built.rows("select * from builds.runs")) == before


@pytest.mark.parametrize("built", ["dev"], indirect=True)
def test_a_build_publishes_where_the_copy_is_missing_or_older_than_what_is_built(built: Built) -> None:
    copy = built.house.published_copy
    built.dbt("build")
    copy.unlink()
    built.dbt("build", publish="false")
    assert not copy.exists()
    built.dbt("build")
    assert list(compare_copy(built.house.duckdb, copy)) == []

    published = built.copy()
    built.dbt("run", "--select", "dim_publishers")
    assert built.copy() == published
    built.dbt("build")
    assert built.copy() != published
    assert list(compare_copy(built.house.duckdb, copy)) == []


@pytest.mark.parametrize("built", ["dev"], indirect=True)
def test_everything_is_up_to_date_once_it_is_published(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk while it is published: the build fails, the next one publishes. What is built passes for all."""
    plain = Graph.to_record
    monkeypatch.setattr(Graph, "to_record", lambda *given: (plain(*given)[0], True))
    monkeypatch.setattr(Graph, "absent", lambda *_: set())
    built.dbt("run", "--select", "dim_publishers")

    def fails(*_: object) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def noted() -> list[tuple]:
        return built.house.rows("select outcome from builds.nodes where node_id = 'all'")

    published = built.copy()
    with monkeypatch.context() as full, pytest.raises(BuildError, match="No space left on device; free some space"):
        full.setattr("duckhouse.dbt_plugin.published.publish", fails)
        built.dbt("build")
    assert (built.copy(), noted()) == (published, [])
    built.dbt("run", "--select", "dim_publishers")
    built.dbt("build")
    assert built.copy() != published
    assert noted() == [("success",)]


def test_one_more_delivery_of_events_leaves_dimensions_out(built: Built) -> None:
    built.deliver(12, event("b", "2026-01-11T10:00:00Z"))
    ran = built.dbt("build")
    assert {"stg_ad_serving__events", "fct_ad_events", "fct_ad_events_checks", "fct_ad_events_daily"} <= ran
    assert ran.isdisjoint({"stg_ad_serving__publishers", "snap_ad_serving__publishers", "dim_publishers", "time_zones"})
    assert built.dbt("build") == set()


def test_an_older_delivery_that_arrives_late_is_new(built: Built) -> None:
    built.deliver(11, event("late", "2026-01-10T10:00:00Z"))
    assert "fct_ad_events" in built.dbt("build")
    assert built.dbt("build") == set()


def test_rows_that_were_deleted_by_hand_come_back(built: Built) -> None:
    built.run("delete from marts.fct_ad_events where event_date = '2026-01-09'")
    ran = built.dbt("build")
    assert {"fct_ad_events", "fct_ad_events_checks", "fct_ad_events_daily"} <= ran
    assert "stg_ad_serving__events" not in ran


def test_a_table_that_was_dropped_comes_back(built: Built) -> None:
    built.run("drop table marts.fct_ad_events_daily")
    ran = built.dbt("build")
    assert "fct_ad_events_daily" in ran
    assert "fct_ad_events" not in ran


def test_what_reads_a_table_that_was_run_by_name_is_built_after_it(built: Built) -> None:
    assert built.dbt("run", "--select", "dim_publishers") == {"dim_publishers"}
    ran = built.dbt("build")
    assert "unique_dim_publishers_publisher_id" in ran
    assert "dim_publishers" not in ran


@pytest.mark.parametrize("built", ["prod"], indirect=True)
def test_of_two_runs_on_one_prefix_one_is_refused(built: Built) -> None:
    refused = pytest.raises(BuildError, match=rf"another run is working \(process {os.getpid()} on ")
    with environment(built.house.env), turn(clickhouse().prefix, asking), refused:
        built.dbt("run", "--select", "dim_publishers")
    assert built.dbt("run", "--select", "dim_publishers") == {"dim_publishers"}


def test_what_was_built_from_something_old_is_not_up_to_date(built: Built) -> None:
    built.deliver(13, event("c", "2026-01-12T10:00:00Z"))
    built.dbt("run", "--select", "fct_ad_events_daily")
    assert {"stg_ad_serving__events", "fct_ad_events", "fct_ad_events_daily"} <= built.dbt("build")
    assert built.dbt("build") == set()


WRONG = {"is_settled": "false", "revenue_usd_as_delivered": "1"}
FOUND = "unsettled_events_deliver_nothing is not true: 1"
OF_CHECKS = "node_id like 'test.duckhouse.fct_ad_events_checks.%'"
PASSED = f"select part from builds.tested where {OF_CHECKS} group by part order by part"


def test_a_day_that_has_passed_is_read_by_the_sweep_only(built: Built) -> None:
    """And by every test after the sweep has found something, until it passes."""
    built.dbt("build")
    days = built.rows("select cast(event_date as varchar) from marts.fct_ad_events group by 1 order by 1")
    assert days
    assert built.rows(PASSED) == days
    with built.spoilt("a", **WRONG):
        assert built.found() == ""
        assert built.found("--vars", "{all_days: true}") == FOUND
        assert built.rows(PASSED) == []
        assert built.found() == FOUND
    assert built.found() == ""
    assert built.rows(PASSED) == days
    assert built.dbt("build") == set()


@pytest.mark.parametrize("delivery", [20, 19], ids=["new", "late"])
def test_days_that_are_built_and_not_tested_are_tested_by_the_next_build(built: Built, delivery: int) -> None:
    """As after a build that was killed before its tests: the next one finds nothing to write. Both are of one day."""
    built.deliver(delivery, event(f"of {delivery}", "2026-01-18T10:00:00Z"))
    built.dbt("build", *NO_TESTS)
    with (
        built.spoilt(f"of {delivery}", **WRONG),
        built.spoilt("a", copy="of a day that has passed", **WRONG),
        pytest.raises(BuildError, match=rf"checks: {FOUND}\b"),
    ):
        built.dbt("build")
    assert built.found() == ""


def test_an_event_that_shows_a_retracted_record_is_found(built: Built) -> None:
    """Though its day and all deliveries that are left have passed."""
    built.deliver(16, event("own", "2026-01-15T10:00:00Z"))
    taken_back = deliver(built.house, 17, [event("own", "2026-01-15T10:00:00Z", 2)])
    built.house.land("--retract", taken_back, "--reason", "by mistake")
    built.house.run("push")
    built.dbt("build")
    with built.spoilt("own", copy="own", _delivery_id=f"'{taken_back}'"):
        assert built.found(test="assert_each_event_shows_its_latest_record") != ""


def test_a_key_of_a_new_day_is_looked_for_on_all_days(built: Built) -> None:
    day = {"event_date": "cast('2026-01-20' as date)", "_day_version": "'new'"}
    with built.spoilt("a"):
        assert built.found() == ""
        with built.spoilt("a", **day):
            assert built.found() == "event_id is not unique: 1"


def test_a_test_of_staging_reads_new_deliveries(built: Built) -> None:
    name = "stg_ad_serving__events"
    with built.spoilt("a", f"staging.{name}", set_aside_reason="'no reason'"):
        assert built.found(test=f"{name}_checks") == ""
    with built.spoilt("a", f"staging.{name}", set_aside_reason="'no reason'", _delivery_id="'new'"):
        assert built.found(test=f"{name}_checks") == "set_aside_reason is not one of the accepted values: 1"


def test_rows_with_the_key_of_an_untested_row_are_found_also_by_a_key_with_null(built: Built) -> None:
    records = [(1, "'a'", "'b'"), (2, "'a'", "'b'"), (2, "'a'", "'c'"), (1, "null", "'d'"), (2, "null", "'d'")]
    selects = (
        f"select {place} as place, {part} as part, {x} as x, {y} as y" for place, (part, x, y) in enumerate(records)
    )
    rows = f"({' union all '.join(selects)}) as records"

    def found(key: list[str]) -> list[int]:
        untested = {"column": "part", "rows": "part = 1"}
        condition = built.compiled(f"{{{{ rows_with_untested_keys({rows!r}, {key}, {untested}) }}}}")
        return [place for (place,) in built.rows(f"select place from {rows} where {condition} order by place")]

    assert found(["x"]) == [0, 1, 2]
    assert found(["x", "y"]) == [0, 1, 3, 4]
    assert found(["part", "x"]) == [0, 3]


def test_the_sql_of_fixed_views_does_not_follow_from_what_is_built(built: Built) -> None:
    assert len(built.of_fixed_views) > 50
    assert built.sql_of_fixed_views() == built.of_fixed_views


def test_full_refresh_runs_everything(built: Built) -> None:
    assert {"fct_ad_events", "dim_publishers", "time_zones"} <= built.dbt("build", "--full-refresh")


def test_a_run_of_everything_is_refused(built: Built) -> None:
    """It would leave out the snapshots from which dimensions are made."""
    with pytest.raises(BuildError, match="use dbt build"):
        built.dbt("run")


@pytest.mark.parametrize(
    "option", [("--empty",), ("--event-time-start", "2026-01-12", "--event-time-end", "2026-01-13")]
)
def test_a_run_with_fewer_rows_is_refused_where_tables_are_built(built: Built, option: tuple[str, ...]) -> None:
    with pytest.raises(BuildError, match=f"{option[0]} would take rows out of tables that are built: name a database"):
        built.dbt("run", *option, "--select", "fct_ad_events")
    assert built.dbt("build") == set()


def test_a_test_that_fails_is_run_again_until_it_passes_and_nothing_is_published_before(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By dbt build, which repeats it each time, and by dbt retry, which reads the project again."""
    published = built.copy()
    failing = built.project / "tests" / "assert_fails.sql"
    failing.write_text("select 1 as one from {{ ref('dim_publishers') }}\n")
    assert built.blocked() is None
    with pytest.raises(BuildError, match="assert_fails"):
        built.dbt("build")
    blocked = built.blocked()
    assert blocked is not None
    assert [(one.rule_id, one.place) for one in blocked.findings] == [("assert_fails", "tests/assert_fails.sql")]
    assert blocked.is_in_place == (built.target == "prod")
    with pytest.raises(BuildError, match="assert_fails"):
        built.dbt("build")
    built.dbt("build", "--select", "time_zones")
    assert (built.copy(), built.blocked()) == (published, blocked)
    with pytest.raises(BuildError, match="assert_fails"):
        built.dbt("test", "--write-json", "--select", "assert_fails")
    failing.write_text("select 1 as one from {{ ref('dim_publishers') }} where 1 = 0\n")
    with environment(built.house.env):
        manifest = parsed(target=built.target, project=built.project)

    def read_again(config: Any, **_: object) -> Manifest:
        get_adapter(config).set_macro_resolver(manifest)
        return manifest

    monkeypatch.setattr("dbt.parser.manifest.ManifestLoader.get_full_manifest", read_again)
    assert built.dbt("retry") == {"assert_fails"}
    assert (built.copy(), built.blocked()) == (published, blocked)
    built.dbt("build")
    assert (built.copy() != published) == (built.target == "dev")
    assert built.blocked() is None
    failing.unlink()


def test_other_code_builds_and_tests_everything_again(built: Built) -> None:
    built.dbt("build")
    with (built.project / "macros" / "incremental" / "days.sql").open("a") as macros:
        macros.write("\n{# another comment #}\n")
    with built.spoilt("a", **WRONG):
        assert built.found() == FOUND, "it reads days that it has passed before"
    assert {"fct_ad_events", "dim_publishers", "fct_ad_events_checks"} <= built.dbt("build")


def test_other_code_of_a_model_makes_all_its_days_again_and_no_other_table(built: Built, elsewhere: Path) -> None:
    """No delivery touches the days. On DuckDB `final` is an alias."""
    codes_now, daily = "select node_id, code from builds.codes final", "fct_ad_events_daily"
    days = f"select event_date, sum(revenue_usd) from marts.{daily} group by event_date order by event_date"
    built.deliver(14, event("d", "2026-01-13T10:00:00Z"))
    built.dbt("build")
    before, codes = built.rows(days), dict(built.rows(codes_now))
    sql = built.project / "models" / "marts" / "ad_serving" / f"{daily}.sql"
    text = sql.read_text()
    sql.write_text(text.replace("sum(revenue_usd) as", "2 * sum(revenue_usd) as"))
    built.dbt("build", *NO_TESTS)
    assert len(before) > 1
    assert built.rows(days) == [(day, 2 * revenue) for day, revenue in before]
    assert {node for node, code in built.rows(codes_now) if code != codes[node]} == {f"model.duckhouse.{daily}"}
    assert daily in built.modified(elsewhere)
    sql.write_text(text)


def test_a_model_is_shown_whole_where_nothing_is_new(built: Built) -> None:
    folder = str(built.house.folder / f"target-{built.target}")
    for model, schema in (("fct_ad_events_daily", "marts"), ("stg_ad_serving__publishers", "staging")):
        with environment({"DBT_TARGET_PATH": folder}):
            words = ("show", "--select", model, "--limit", "1000", "--indirect-selection", "empty")
            done = invoke_dbt(*words, target=built.target, env=built.house.env, project=built.project)
        [shown] = done.result.results
        [(rows,)] = built.rows(f"select count(*) from {schema}.{model}")
        assert len(shown.agate_table.rows) == rows > 0


def test_a_test_of_checks_names_those_that_fail(built: Built) -> None:
    yaml = built.project / "models" / "marts" / "ad_serving" / "fct_ad_events.yml"
    checks = """    data_tests:
      - checks:
          arguments:
            unique: [[event_id]]
            not_null: [event_id]
            accepted_values: {publisher_id: [x]}
            expressions: {has_no_id: "event_id is null"}
"""
    text = yaml.read_text()
    yaml.write_text(text.replace("    data_tests:\n", checks, 1))
    [(events,)] = built.rows("select count(*) from marts.fct_ad_events")
    broken = f"publisher_id is not one of the accepted values: {events}; has_no_id is not true: {events}"
    with pytest.raises(BuildError, match=f": {broken}$"):
        built.dbt("build")
    assert built.rows("select distinct outcome from builds.runs") == [("success",)], "what is skipped is not a run"
    yaml.write_text(text)


def test_a_view_with_the_rows_of_a_fact_is_read_by_its_days(built: Built) -> None:
    """With the next one the last tests: other builds of this warehouse leave the view out."""
    view = "fct_ad_events_at_event_time"
    test, day = f"{view}_checks", {"event_date": "cast('2026-01-20' as date)", "_day_version": "'new'"}
    assert view in built.dbt("build", "--select", f"+{view}")
    with built.spoilt("a"), built.spoilt("a"):
        assert built.found(test=test) == ""
        assert built.found("--vars", "{all_days: true}", test=test) == "event_id is not unique: 1"
    assert built.found(test=test) == ""
    with built.spoilt("a", **day), built.spoilt("a", **day):
        assert built.found(test=test) == "event_id is not unique: 1"


def test_a_view_shows_what_is_new_without_being_made_again(built: Built) -> None:
    view = "fct_ad_events_at_event_time"
    built.dbt("build", "--select", f"+{view}")
    built.deliver(21, event("new", "2026-01-20T10:00:00Z"))
    ran = built.dbt("build", "--select", f"+{view}")
    assert {"fct_ad_events", f"{view}_checks"} <= ran
    assert view not in ran
    shows_new = f"select count(*) from marts.{view} where event_id = 'new'"
    assert built.rows(shows_new) == [(1,)]
    built.run("delete from marts.fct_ad_events where event_id = 'new'")
    ran = built.dbt("build", "--select", f"+{view}")
    assert f"{view}_checks" in ran
    assert view not in ran
    assert built.rows(shows_new) == [(1,)]
    built.run(f"drop view marts.{view}")
    assert view in built.dbt("build", "--select", f"+{view}")
    assert built.dbt("build", "--select", f"+{view}") == set()

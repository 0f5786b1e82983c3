"""Target prod under Dagster: built beside, published by a step of its own once it passed, and compared with dev."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from duckhouse.warehouse import news, parity, prod, publish, target_engine
from duckhouse.warehouse.connection import connect
from orchestration import models, published
from support.ticking import Ticking, failures, folder_inflow, ticking
from support.warehouse import Warehouse

MODEL = "fct_ad_events_daily"
EVENT = '{"event_id": "a", "event_type": "impression", "timestamp": "2026-01-09T00:00:00Z", "publisher_id": 1}\n'
BUILT = (
    "create database if not exists {0}_marts",
    "create or replace table {0}_marts.fct_ad_events_daily (sold Int64) engine = MergeTree order by () as select {1}",
    "create database if not exists {0}_reporting",
    "create or replace view {0}_reporting.rpt_days as select sold from {0}_marts.fct_ad_events_daily",
)
Events = Iterator[Any]


@pytest.fixture
def dagster(house: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticking]:
    for name, value in house.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(prod, "run_beside", lambda *_: None)  # the snapshots of published figures
    monkeypatch.setattr("duckhouse.pipeline.steps.report", lambda _: iter(["report"]))
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "2026-01-09.jsonl").write_text(EVENT)
    with ticking([folder_inflow(tmp_path)], ("prod",), MODEL) as made:
        assert made.tick("new_in_drops") == []
        [run] = made.tick("new_in_drops")
        assert run.success
        yield made


def made_by(figure: int, *, passes: bool = True) -> Callable[..., Events]:
    """dbt, which makes a table of one figure beside what is published; a test of it passes or not."""

    def build(context: dg.AssetExecutionContext, target: str) -> Events:
        client = connect()
        for statement in BUILT:
            client.command(statement.format("duckhouse_audit", figure))
        [key] = context.selected_asset_keys
        yield dg.Output(None, key.to_python_identifier())
        if not passes:
            raise dg.Failure("a test failed", allow_retries=False)

    return build


def figure() -> Any:
    return connect().query("select sold from duckhouse_reporting.rpt_days").first_row[0]


def stopped(_: Any) -> None:
    raise dg.Failure("stopped", allow_retries=False)


def test_what_passes_beside_is_published_by_the_step_after_it(
    dagster: Ticking, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = news.news("prod").wanted
    monkeypatch.setattr(models, "made_by_dbt", made_by(1))
    [run] = dagster.tick("landed")
    assert run.success, failures(run)
    assert figure() == 1
    assert news.news("prod") == (wanted, wanted)
    steps = [event.step_key for event in run.all_events if event.is_step_start]
    assert steps.index("dbt_prod") < steps.index("prod__published") < steps.index("prod__report")

    monkeypatch.setattr(models, "made_by_dbt", made_by(2, passes=False))
    job = dagster.definitions.resolve_job_def("build_prod")
    run = job.execute_in_process(instance=dagster.instance, raise_on_error=False)
    assert not run.success
    assert failures(run) == ["a test failed"]
    assert (figure(), publish.is_waiting(connect())) == (1, False)

    monkeypatch.setattr(models, "made_by_dbt", made_by(3))
    with monkeypatch.context() as stopping:
        stopping.setattr(prod, "publish_waiting", stopped)
        run = job.execute_in_process(instance=dagster.instance, raise_on_error=False)
    assert not run.success
    assert (figure(), publish.is_waiting(connect())) == (1, True)
    prod.publish_waiting(connect())
    assert (figure(), publish.is_waiting(connect())) == (3, False)


def test_targets_that_differ_fail_the_check_of_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [{"model": "a", "equal": True, "rows": 1}, {"model": "b", "equal": False, "problem": "is not on dev"}]
    monkeypatch.setattr(parity, "published_models", list)
    monkeypatch.setattr(parity, "compare_all", lambda _: results)
    monkeypatch.setattr(target_engine, "answers", lambda _: True)
    run = dg.materialize([published.parity_of_targets], raise_on_error=False)
    [found] = run.get_asset_check_evaluations()
    assert (found.passed, found.description) == (False, "DIFFERS  b: is not on dev")
    [event] = run.get_asset_materialization_events()
    assert {name: event.materialization.metadata[name].value for name in ("tables", "equal")} == {
        "tables": 2,
        "equal": 1,
    }

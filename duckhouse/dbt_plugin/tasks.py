"""dbt commands that know what is up to date: a build leaves that out, and every run records what it brought up to date.

A build on DuckDB that leaves nothing undone publishes what it made. A build that fails says what blocks it.

dbt has no hook between selecting and running, so methods of its tasks are replaced. pyproject.toml pins dbt-core to
the minor version for which tests prove that they work.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from dbt.task.build import BuildTask
from dbt.task.clone import CloneTask
from dbt.task.freshness import FreshnessTask
from dbt.task.retry import RetryTask
from dbt.task.run import RunTask
from dbt_common.events.functions import fire_event
from dbt_common.events.types import Note
from dbt_common.exceptions import DbtRuntimeError

from duckhouse.dbt_plugin import asked, credentials, refusals
from duckhouse.dbt_plugin.messages import name_what_failed
from duckhouse.dbt_plugin.notes import CONNECTION, Notes
from duckhouse.dbt_plugin.project_graph import WITH_RELATION
from duckhouse.dbt_plugin.tested import reading_untested
from duckhouse.dbt_plugin.variables import faults
from duckhouse.settings import clickhouse, is_elementary_on
from duckhouse.wording import counted

# with these options tables get no rows, or only some of them
WITH_FEWER_ROWS = ("empty", "sample", "event_time_start", "event_time_end")


# the annotations of dbt's tasks are not reliable
plain_selector: Any = BuildTask.get_node_selector
plain_execute_nodes: Any = RunTask.execute_nodes
plain_run: Any = BuildTask.run
plain_before_clone: Any = CloneTask.before_run
plain_retry: Any = RetryTask.run


def install() -> None:
    """Replaces the methods."""
    build: Any = BuildTask
    run: Any = RunTask
    clone: Any = CloneTask
    retry: Any = RetryTask
    build.get_node_selector = selector
    build.run = run_and_end
    run.execute_nodes = run_and_note
    clone.before_run = refuse_to_clone
    retry.run = retried


def selector(task: Any, no_unit_tests: bool = False) -> Any:
    """A task that leaves out what is up to date, and views of areas that are not built. dbt run, test, seed and
    snapshot leave out nothing.
    """
    made: Any = plain_selector(task, no_unit_tests)
    notes = notes_of(task)
    if not notes:
        return made
    select_all = made.get_selected

    def get_selected(*arguments: Any, **words: Any) -> set[str]:
        selected = notes.without_other_areas(select_all(*arguments, **words))
        return selected if task.args.full_refresh else notes.without_up_to_date(selected)

    made.get_selected = get_selected
    return made


def run_and_note(task: Any) -> Any:
    """Forgets what the run is about to rebuild, so that a killed run leaves nothing that looks up to date."""
    for fault in faults(task.config.cli_vars, task.config.vars.to_dict()):
        raise DbtRuntimeError(fault)
    notes = notes_of(task)
    if not notes:
        refuse_other_rows(task)
        return plain_execute_nodes(task)
    nodes = {node.unique_id for node in task._flattened_nodes or ()}
    notes.refuse_without_landing(nodes)
    with notes.turn():
        notes.forget(nodes)
        try:
            with reading_untested(task, notes.adapter, notes.warehouse, notes.code, nodes):
                return plain_execute_nodes(task)
        except KeyboardInterrupt:
            raise DbtRuntimeError("stopped by Ctrl-C: dbt build makes what is not done") from None
        finally:
            notes.note(task.node_results)
            with notes.adapter.connection_named(CONNECTION):
                name_what_failed(notes.adapter, task.node_results)


def refuse_other_rows(task: Any) -> None:
    """Tables that hold what was delivered keep it: a run with fewer rows, or with rows of another database, needs a
    database of its own.
    """
    if is_elsewhere := reads_elsewhere(task):
        refuse_another_file(task, "--defer")
    used = [name for name in WITH_FEWER_ROWS if getattr(task.args, name, None)]
    if (used or is_elsewhere) and Notes(task).records:
        refuse_what_is_built(
            f"--{used[0].replace('_', '-')} would take rows out of tables that are built"
            if used
            else "--defer would bring rows of another database into tables that are built"
        )


def refuse_another_file(task: Any, command: str) -> None:
    if task.config.credentials.type == "duckdb":
        raise DbtRuntimeError(
            f"{command} reads tables of another database, and DuckDB has only {task.config.credentials.path} open: "
            "leave it out, and let DUCKHOUSE_DUCKDB name a copy of the other file"
        )


def reads_elsewhere(task: Any) -> bool:
    """Whether --defer reads tables of another database. With the manifest of this one it changes nothing."""
    if not getattr(task.args, "defer", None):
        return False
    here, there = (
        {(node.database, node.schema) for node in manifest.nodes.values() if node.resource_type in WITH_RELATION}
        for manifest in (task.manifest, task._get_deferred_manifest())
    )
    return here.isdisjoint(there)


def refuse_to_clone(task: Any, *arguments: Any, **words: Any) -> Any:
    """dbt clone brings tables of another database where they are missing, and with --full-refresh in place of those
    that are there. Of this database it would make each table a view of itself: its rows would be lost.
    """
    refuse_another_file(task, "dbt clone")
    if Notes(task).records:
        refuse_what_is_built("dbt clone would bring tables of another database among those that are built")
    return plain_before_clone(task, *arguments, **words)


def refuse_what_is_built(fault: str) -> NoReturn:
    raise DbtRuntimeError(
        f"{fault}: name a database of its own for this run, in DUCKHOUSE_DUCKDB (target dev) or CLICKHOUSE_PREFIX "
        "(target prod)"
    )


def retried(task: Any) -> Any:
    """Repeats what failed in dbt's last run, on the target of that run, and says what else is not done: a run that was
    stopped does not say what it would have made.
    """
    for part in (asked, credentials, refusals):
        part.install()  # for the adapter of that target, which dbt has loaded only now
    nodes, results = task.manifest.nodes, task.previous_results.results
    refuse_another_database(nodes, results)
    known = nodes.keys() | task.manifest.unit_tests.keys()
    task.previous_results.results = [result for result in results if result.unique_id in known]
    ended = plain_retry(task)
    is_done = issubclass(task.task_class, RunTask) and task.interpret_results(ended.results)
    if is_done and (notes := notes_of(task)) and (undone := notes.not_done()):
        fire_event(Note(msg=left_undone(undone)))
    return ended


def refuse_another_database(nodes: Mapping[str, Any], results: Iterable[Any]) -> None:
    """What failed in one database, such as those in which make prod builds, is not to be retried in another."""
    for result in results:
        now = getattr(nodes.get(result.unique_id), "relation_name", None)
        if now and result.relation_name and now != result.relation_name:
            raise DbtRuntimeError(
                f"dbt's last run made {result.relation_name}, and here it would be {now}: "
                "run dbt build, or make prod, which repeat what is not done"
            )


def left_undone(nodes: Sequence[str]) -> str:
    one, others = nodes[0].split(".")[2], counted(len(nodes) - 1, "other node")
    return f"{f'{one} and {others} are' if len(nodes) > 1 else f'{one} is'} not up to date: run dbt build"


def run_and_end(task: Any) -> Any:
    """Publishes a build, or says what blocks it."""
    result = plain_run(task)
    notes = notes_of(task)
    if notes:
        notes.end(task.node_results)
    return result


def notes_of(task: Any) -> Notes | None:
    """What the task knows about the warehouse; None where several servers hold it, where the run fills its tables only
    in part or not at all, or where Elementary is on: to a build, its package would be changed code.
    """
    is_partial = any(getattr(task.args, name, None) for name in WITH_FEWER_ROWS) or reads_elsewhere(task)
    if is_partial or isinstance(task, FreshnessTask) or clickhouse().cluster or is_elementary_on():
        return None
    known: Notes | None = getattr(task, "notes", None)
    if known is None:
        known = task.notes = Notes(task)
    return known

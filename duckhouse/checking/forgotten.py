"""What was forgotten around a source and no build reports. Each check is a function from a project to gaps."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from duckhouse import generated
from duckhouse.checking.conventions import faults
from duckhouse.checking.parts import Declared, Node, Project, Table
from duckhouse.settings import PROJECT
from duckhouse.sources import FILES

# macros with which a model reads deliveries that it does not have yet
NEW_DELIVERIES = frozenset({"is_new_delivery", "is_new_in"})
TOUCHES = "touches_of_deliveries"
FROM_DECLARATION = "staged_records"
"""The macro that makes a staging model of all declared columns."""
SYSTEM_TABLES = {"_files": "landed_files", "_rejected": "landed_rejects"}
NEEDED_BY = {"events": "day", "dimensions": "history", "dates": "dates"}
"""For each subject of shared rules, the property of a declared table that makes a source need those rules."""


@dataclass(frozen=True)
class Gap:
    file: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}"


def forgotten(project: Project, source: str) -> list[Gap]:
    """What is missing around a source, in the order of CHECKS."""
    return [gap for check in CHECKS for gap in check(project, project.sources[source])]


def stale_files() -> list[Gap]:
    """The generated files that do not match what the project declares."""
    return [
        Gap(path.relative_to(PROJECT).as_posix(), f"is out of date: run {generated.COMMAND}")
        for path in generated.out_of_date()
    ]


def tables_without_staging(project: Project, source: Declared) -> Iterator[Gap]:
    folder = f"models/staging/{source.name}"
    for table in source.entities:
        if not staging_of(project, source, table):
            yield Gap(
                f"{folder}/stg_{source.name}__{table.name}.sql",
                f"is missing, so what lands as {table.name} stays unread: "
                f"write {{{{ staged_records('{source.name}', '{table.name}') }}}}",
            )
    declared = {table.name for table in source.tables}
    for table_name, macro in SYSTEM_TABLES.items():
        if table_name not in declared:
            yield Gap(source.file, f"table {table_name} is not declared: copy it from another source")
        elif not staging_of(project, source, Table(table_name)):
            yield Gap(
                f"{folder}/stg_{source.name}_{table_name}.sql",
                f"is missing, so no one sees what was {'delivered' if table_name == '_files' else 'rejected'}: "
                f"write {{{{ {macro}('{source.name}') }}}}",
            )


def columns_without_staging(project: Project, source: Declared) -> Iterator[Gap]:
    for table, staging in staged(project, source):
        if FROM_DECLARATION in staging.macros:
            continue
        for column in table.columns:
            if not re.search(rf"\b{re.escape(column)}\b", staging.code):
                yield Gap(staging.file, f"does not read {table.name}.{column}, which is declared: add the column")


def keys_without_test(project: Project, source: Declared) -> Iterator[Gap]:
    for table, staging in staged(project, source):
        if not table.key:
            continue
        named = table.columns.get(table.key, table.key)
        made = made_from(project, staging)
        # where events come from several tables, the model that shows them all has its own key
        is_event = table.day and any(node.name == source.events and node.keys for node in made)
        if not is_event and not any(key == {named} for node in made for key in node.keys):
            yield Gap(
                staging.yaml,
                f"no test says that {named} is unique in what is made of {table.name}: "
                "add unique to that column of its fact or dimension",
            )


def broken_conventions(project: Project, source: Declared) -> Iterator[Gap]:
    for node in models_of(project, source):
        yield from (Gap(node.yaml, f"{node.name}: {fault}") for fault in faults(node))


def events_without_touches(project: Project, source: Declared) -> Iterator[Gap]:
    for table, staging in staged(project, source):
        if not table.day:
            continue
        if not any(staging.name in node.reads and TOUCHES in node.macros for node in project.nodes.values()):
            yield Gap(
                f"models/intermediate/{source.name}/",
                f"no model says which days a delivery of {table.name} touches, so a mart cannot be built by day: write "
                f"{{{{ {TOUCHES}(ref('{staging.name}'), '{table.columns.get(table.key or '', 'the key')}') }}}}",
            )


def amounts_without_fact(project: Project, source: Declared) -> Iterator[Gap]:
    for table, staging in staged(project, source):
        published = [node for node in made_from(project, staging) if node.is_published]
        for amount in table.keep_last:
            named = table.columns.get(amount, amount)
            if not any(named in node.columns for node in published):
                yield Gap(
                    source.file,
                    f"{table.name} keeps the last {amount}, and no mart shows it: add {named} to its fact's YAML",
                )


def rebuilt_whole(project: Project, source: Declared) -> Iterator[Gap]:
    for node in models_of(project, source):
        if node.macros & NEW_DELIVERIES and node.materialized != "incremental":
            yield Gap(
                node.file,
                f"reads new deliveries only and is a {node.materialized}, so every build reads all of them: "
                "make it incremental",
            )


def histories_without_snapshot(project: Project, source: Declared) -> Iterator[Gap]:
    for table, staging in staged(project, source):
        if not table.history:
            continue
        made = made_from(project, staging)
        if source.kind == FILES and not any(node.is_snapshot for node in made):
            yield Gap(
                f"snapshots/{source.name}.sql",
                f"{table.name} says history, and no snapshot keeps what deliveries said: "
                f"add one of observations_of(ref('{staging.name}'), …)",
            )
        elif not any(node.is_published and {"valid_from", "valid_to"} <= node.columns for node in made):
            yield Gap(
                f"models/marts/{source.name}/",
                f"{table.name} says history, and no mart with valid_from and valid_to shows its versions: "
                "add a dim_…_history",
            )


def rules_without_use(project: Project, source: Declared) -> Iterator[Gap]:
    folder = f"models/quality/{source.name}/"
    rules = [node for node in project.nodes.values() if node.name.startswith(f"dq_{source.name}_")]
    if not rules:
        yield Gap(folder, "the source has no rule, so no fault of its data is ever found: add its shared rules")
        return
    called = {macro.removeprefix("rule_") for node in rules for macro in node.macros}
    called |= {rule for node in rules for rule, why in node.meta.get("without_rules", {}).items() if why}
    has = {word: any(getattr(table, word) for table in source.entities) for word in NEEDED_BY.values()}
    missing = [
        rule
        for rule, about in project.shared_rules.items()
        if rule not in called and (about not in NEEDED_BY or has[NEEDED_BY[about]])
    ]
    if missing:
        yield Gap(
            folder,
            f"does not use the shared rules {', '.join(missing)}: call rule_{missing[0]} … in gathered_findings, "
            "or say why not under config.meta.without_rules of that model",
        )


def looks_unknown(project: Project, source: Declared) -> Iterator[Gap]:
    if not source.says_looks:
        yield Gap(
            source.file,
            "says no loaded_at_query, so dbt source freshness does not know when the source was last looked at: write "
            'loaded_at_query: "{{ looked_at() }}" under its config',
        )


CHECKS: tuple[Callable[[Project, Declared], Iterator[Gap]], ...] = (
    tables_without_staging,
    columns_without_staging,
    keys_without_test,
    broken_conventions,
    events_without_touches,
    amounts_without_fact,
    rebuilt_whole,
    histories_without_snapshot,
    rules_without_use,
    looks_unknown,
)


def staging_of(project: Project, source: Declared, table: Table) -> Node | None:
    """The staging model that reads a declared table."""
    wanted = f"{source.name}.{table.name}"
    return next((node for node in project.nodes.values() if node.layer == "staging" and wanted in node.reads), None)


def staged(project: Project, source: Declared) -> Iterator[tuple[Table, Node]]:
    """The entities of a source that have a staging model, each with that model."""
    for table in source.entities:
        if staging := staging_of(project, source, table):
            yield table, staging


def models_of(project: Project, source: Declared) -> list[Node]:
    """The models in the folders of a source."""
    return [node for node in project.nodes.values() if node.folder == source.name and not node.is_snapshot]


def made_from(project: Project, start: Node) -> list[Node]:
    """A node and everything that is made from it."""
    found = {start.name: start}
    grows = True
    while grows:
        more = {name: node for name, node in project.nodes.items() if name not in found and node.reads & found.keys()}
        found |= more
        grows = bool(more)
    return list(found.values())

"""Removes from landing the deliveries that hold a reviewer who asked to be forgotten, once staging has been emptied.

Staging is the system of record and knows which deliveries hold whom. So nothing is removed before each target that is
built has staged these deliveries and emptied their names and texts.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from duckhouse import duck
from duckhouse.cli import UserError
from duckhouse.clickhouse_sql import full_name, literal
from duckhouse.landing.zone import Zone
from duckhouse.opening import open_duckdb
from duckhouse.settings import PROJECT, clickhouse, duckdb_path
from duckhouse.sources import load_source
from duckhouse.turns import Ask
from duckhouse.warehouse.connection import asking, connect
from duckhouse.warehouse.push import drop_pushed

SOURCE, SCHEMA, SEED = "reviews", "staging", "erased_reviewers"
STAGED = ("stg_reviews__reviews", "stg_reviews__reviews__retracted")
WORDS = "coalesce(reviewer_name, summary, review_text)"
LIST = PROJECT / "seeds" / f"{SEED}.csv"

Name = Callable[[str], str]
"""The full name of a table of staging."""


def erase(targets: Sequence[str], *, dry_run: bool = False) -> dict[str, Any]:
    """Removes these deliveries from landing, and from the raw tables where prod is a target; returns their ids. Raises
    UserError where a target is not built with the reviewers that the seed lists: then nothing is removed."""
    zone = Zone(load_source(SOURCE))
    with zone.session() as session:
        holding = {target: _holding(target) for target in targets}
        deliveries = sorted(set().union(*holding.values()))
        for target, staged in holding.items():
            if missing := [delivery for delivery in deliveries if delivery not in staged]:
                raise UserError(f"delivery {missing[0]} is not staged on {target}: {_build(target)}")
        landed = [delivery for delivery in deliveries if zone.delivery_path(delivery).exists()]
        if not dry_run:
            gone = session.downloads()  # is removed with the session
            for delivery in landed:
                zone.delivery_path(delivery).rename(gone / delivery)
            if "prod" in targets:
                drop_pushed(connect(), SOURCE, deliveries)
    return {"removed" if not dry_run else "would_remove": landed}


def describe(result: Mapping[str, Any]) -> Iterator[str]:
    [(what, deliveries)] = result.items()
    yield from (f"{what.replace('_', ' ')} delivery {delivery}" for delivery in deliveries)
    if not deliveries:
        yield "no landed delivery holds a reviewer who asked to be forgotten"


def _holding(target: str) -> set[str]:
    """The deliveries that hold the listed reviewers, of whom staging holds no word any more."""
    with _staging(target) as (ask, name, where):
        there = {table for (table,) in ask(f"select table_name from information_schema.tables where {where}")}
        if SEED not in there or STAGED[0] not in there:
            raise UserError(f"{SCHEMA}.{SEED} or {SCHEMA}.{STAGED[0]} is not there on {target}: {_build(target)}")
        built = {key for (key,) in ask(f"select reviewer_key from {name(SEED)}")}
        with LIST.open(encoding="utf-8", newline="") as file:
            listed = {row["reviewer_key"] for row in csv.DictReader(file)}
        if listed - built:
            raise UserError(f"{LIST.relative_to(PROJECT)} has keys that {target} does not know yet: {_build(target)}")
        found: set[str] = set()
        for table in (each for each in STAGED if each in there):
            of_them = f"from {name(table)} where reviewer_key in (select reviewer_key from {name(SEED)})"
            if ask(f"select count(*) {of_them} and {WORDS} is not null")[0][0]:
                raise UserError(f"{SCHEMA}.{table} of {target} still holds their words: {_build(target)}")
            found |= {delivery for (delivery,) in ask(f"select distinct _delivery_id {of_them}")}
        return found


@contextmanager
def _staging(target: str) -> Iterator[tuple[Ask, Name, str]]:
    """How to ask a target, the names of its staging tables, and the condition that finds them."""
    if target == "prod":
        database = f"{clickhouse().prefix}_{SCHEMA}"
        with asking() as ask:
            yield ask, lambda table: full_name(database, table), f"table_schema = {literal(database)}"
    else:
        with open_duckdb(duckdb_path()) as connection:
            yield (
                lambda sql: connection.execute(sql).fetchall(),
                lambda table: f"{duck.name(SCHEMA)}.{duck.name(table)}",
                f"table_schema = {duck.literal(SCHEMA)}",
            )


def _build(target: str) -> str:
    return "make prod" if target == "prod" else f"dbt build --target {target}"

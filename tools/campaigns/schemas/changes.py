"""What happens to a drawn table between two runs: to its rows, and to its shape."""

import random
from collections.abc import Callable
from dataclasses import replace

import psycopg
from psycopg import sql

from tools.campaigns.schemas.shapes import OURS, TYPES, Shape, value_of

Change = Callable[[random.Random, Shape], tuple[Shape, sql.Composed]]
"""The table after the change, and the SQL of the change."""


def happen(connection: psycopg.Connection, lot: random.Random, shape: Shape) -> tuple[Shape, list[str]]:
    """A few changes, each in its own transaction, and their names. Changes that PostgreSQL refuses are left out."""
    told = []
    for _ in range(lot.randint(0, 4)):
        change = lot.choice([*ROWS, *ROWS, *SHAPE])
        changed, query = change(lot, shape)
        try:
            connection.execute(query)
        except psycopg.Error:  # a key that exists, a type that the column cannot have, a table that is full
            continue
        shape = changed
        told.append(change.__name__.strip("_"))
    return shape, told


def _sql(shape: Shape, text: str, *names: str, **parts: sql.Composable) -> sql.Composed:
    key = sql.Identifier(shape.declared[0])
    return sql.SQL(text).format(*map(sql.Identifier, names), t=sql.Identifier(shape.name), key=key, **parts)


def _insert(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    some = [lot.choice(shape.more or [7]), lot.randint(10, 10_000)]
    into = "rest" if shape.division == "inherited" and lot.random() < 0.5 else None
    return shape, shape.insert(some, into)


def _update(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    columns = [(shape.declared[1], "text"), *shape.extra.items()]
    name, kind = lot.choice(columns)
    return shape, shape.update(name, value_of(kind).replace("i ", f"{lot.randint(1, 9)} "))


def _odd_time(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    times = ["infinity", "-infinity", "0044-03-15 BC", "294276-12-31 23:59:59.999999", "1899-12-31 23:59:59.999999"]
    return shape, shape.update(shape.declared[3], f"timestamp '{lot.choice(times)}'")


def _null(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    return shape, shape.update(lot.choice([*shape.extra, shape.declared[1], shape.declared[3]]), "null")


def _move(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    return shape, shape.update(shape.declared[0], str(lot.randint(10_000, 20_000)))


def _delete(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    which = sql.SQL(lot.choice(["min", "max"]))
    return shape, _sql(shape, "delete from {t} where {key} = (select {which}({key}) from {t})", which=which)


def _truncate(_: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    return shape, _sql(shape, "truncate {t}")


def _add(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    name, kind = lot.choice([f"added {lot.randint(1, 9)} %", *OURS]), lot.choice([*TYPES])
    default = sql.SQL(
        f" default {value_of(kind).replace('i ', '1 ').replace('i:', '1:')}" if lot.random() < 0.5 else ""
    )
    changed = replace(shape, extra={**shape.extra, name: kind})
    return changed, _sql(shape, "alter table {t} add {} {kind}{d}", name, kind=sql.SQL(kind), d=default)


def _drop(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    name = lot.choice([*shape.extra, "not there"])
    extra = {each: kind for each, kind in shape.extra.items() if each != name}
    return replace(shape, extra=extra), _sql(shape, "alter table {t} drop column {}", name)


def _rename(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    name, other = lot.choice([*shape.extra, "not there"]), f"renamed {lot.randint(1, 9)}"
    extra = {other if each == name else each: kind for each, kind in shape.extra.items()}
    return replace(shape, extra=extra), _sql(shape, "alter table {t} rename column {} to {}", name, other)


def _retype(lot: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    name = lot.choice([*shape.extra, "not there"])
    extra = {each: "text" if each == name else kind for each, kind in shape.extra.items()}
    text = "alter table {t} alter {0} type text using concat('was ', {0})"
    return replace(shape, extra=extra), _sql(shape, text, name)


def _rewrite_times(_: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    text = "alter table {t} alter {0} type timestamp using {0} + interval '1 day'"
    return shape, _sql(shape, text, shape.declared[3])


def _label(_: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    return shape, _sql(shape, "alter type \"mood %\" rename value 'sad' to 'glad'")


def _rewrite_files(_: random.Random, shape: Shape) -> tuple[Shape, sql.Composed]:
    return shape, _sql(shape, "vacuum full {t}")


ROWS: list[Change] = [_insert, _insert, _update, _update, _odd_time, _null, _move, _delete]
SHAPE: list[Change] = [_truncate, _add, _add, _drop, _rename, _retype, _rewrite_times, _label, _rewrite_files]

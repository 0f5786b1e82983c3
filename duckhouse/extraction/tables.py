"""The tables of a source in its database, looked up once by name and checked against the declaration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import psycopg
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.embedded.migrate import migrations
from duckhouse.extraction.database import only_row
from duckhouse.landed_types import LANDED_TYPES
from duckhouse.sources import Entity, Source

# columns that a run adds to those of the database
OUR_COLUMNS = ("operation", "changed_at")
KEY_TYPE = "bigint"
MOST_NAMES = 20
NO_TABLES = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}

# a table with its partitions and those that inherit it
_PARTS = """
    with recursive parts as (
        select to_regclass(%s)::oid as part
        union select inhrelid from pg_inherits join parts on inhparent = part
    )
"""
_KINDS = f"""
    {_PARTS}
    select relkind::text, pg_class.oid::regclass::text from parts join pg_class on pg_class.oid = part
    where relkind not in ('r', 'p')
"""
# For each column, whether equal values are always spelled alike. They are not where 1.0 = 1.00, where 'a' = 'A' by a
# collation, or where '1 day' = '24 hours'. json and some other types do not even define equality.
_COLUMNS = """
    select attname, coalesce(nullif(typbasetype, 0), atttypid)::regtype::text, coalesce(collisdeterministic, true) and (
        atttypid = any (array[
            'boolean', 'smallint', 'integer', 'bigint', 'text', 'varchar', 'bytea', 'uuid',
            'date', 'time', 'timestamp', 'timestamptz'
        ]::regtype[])
        or atttypid in ('numeric'::regtype, 'bpchar'::regtype) and atttypmod >= 0
    )
    from pg_attribute join pg_type on pg_type.oid = atttypid
    left join pg_collation on pg_collation.oid = attcollation
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""
_SHAPE = f"""
    {_PARTS}
    select md5(string_agg(concat_ws(' ', part, relfilenode, columns), ',' order by part) || %s)
    from parts join pg_class on pg_class.oid = part
    cross join lateral (
        select string_agg(concat(attnum, '.', pg_attribute.xmin, labels), ' ' order by attnum) as columns
        from pg_attribute
        left join lateral (
            select string_agg(concat('.', pg_enum.oid, '.', pg_enum.xmin), '' order by pg_enum.oid) as labels
            from pg_enum where enumtypid = atttypid
        ) as of_enum on true
        where attrelid = part and attnum > 0
    ) as their
"""


class TableName(NamedTuple):
    """A table's schema and name; it means the same in every session, whatever the search_path."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self)


@dataclass(frozen=True)
class SourceTable:
    """A declared table as the database has it. `extra` are columns that the declaration does not name, `unlike` those
    whose equal values may be spelled in several ways. `shape` changes with everything that can change rows without an
    entry in the log: other columns, types or enum labels, rewritten files, inheriting tables, another table of the same
    name, another declaration.
    """

    entity: Entity
    name: TableName
    extra: tuple[str, ...]
    unlike: frozenset[str]
    shape: str

    @property
    def key(self) -> str:
        return key_of(self.entity)

    @property
    def shown(self) -> str:
        """Its name in the declaration."""
        return declared_name(self.entity)

    @cached_property
    def columns(self) -> dict[str, str | None]:
        """The declared columns that the database fills, with their types."""
        return filled_columns(self.entity)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all columns that land."""
        return *self.columns, *self.extra


def key_of(entity: Entity) -> str:
    return entity.key or ""


def declared_name(entity: Entity) -> str:
    return entity.table or entity.name


def filled_columns(entity: Entity) -> dict[str, str | None]:
    return {column.name: column.data_type for column in entity.columns if column.name not in OUR_COLUMNS}


def tables_of(source: Source) -> list[Entity]:
    """The tables of a source in the database. Raises UserError where the declaration is not clear about them."""
    entities = [entity for entity in source.entities if entity.table]
    others = [entity.name for entity in source.entities if not entity.table]
    if not entities or len(others) > 1:
        raise UserError(
            f"source {source.name}: {', '.join(others)} say no table: one may, which is what a run writes about itself"
        )
    for entity in entities:
        if filled_columns(entity).get(key_of(entity)) != KEY_TYPE:
            raise UserError(
                f"source {source.name}: table {entity.name} needs a key in its declaration: a column with data_type "
                f"{KEY_TYPE}"
            )
    report = report_of(source)
    if report and report.key:
        raise UserError(f"source {source.name}: table {report.name} has a key and says no table: say where it is")
    return entities


def report_of(source: Source) -> Entity | None:
    """The entity that no table of the database fills: what a run writes about itself."""
    return next((entity for entity in source.entities if not entity.table), None)


def find_tables(
    connection: psycopg.Connection, address: str, source: str, entities: Sequence[Entity]
) -> dict[str, TableName]:
    """Where the tables are: in the declared schema, else found by the search_path of the session."""
    found = {}
    for entity in entities:
        row = connection.execute(
            "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
            "where pg_class.oid = to_regclass(%s)",
            [sql.Identifier(*declared_name(entity).split(".", 1)).as_string(connection)],
        ).fetchone()
        if not row:
            raise missing(address, source, entity)
        found[entity.name] = TableName(*row)
        others = [other for other, name in found.items() if name == found[entity.name] and other != entity.name]
        if others:
            raise UserError(
                f"source {source}: {others[0]} and {entity.name} are both table {found[entity.name]}: declare it once"
            )
    return found


def missing(address: str, source: str, entity: Entity) -> UserError:
    made = f", or make the schema with python -m scripts.postgres --migrate {source}" if migrations(source) else ""
    return UserError(f"{address}: table {entity.table} is missing; nothing is landed: restore it{made}")


def checked_table(
    connection: psycopg.Connection, address: str, source: Source, entity: Entity, name: TableName
) -> SourceTable:
    """Checks a table against its declaration. Raises UserError where it cannot be read as declared."""
    table = name.identifier.as_string(connection)
    found = connection.execute(_COLUMNS, [table]).fetchall()
    types: dict[str, str] = {column: data_type for column, data_type, _ in found}
    columns = filled_columns(entity)
    lost = [column for column in columns if column not in types]
    if lost:
        raise UserError(
            f"{address}: table {entity.table} has no column {lost[0]}, it has {_few([*types])}; nothing is landed: "
            f"restore its name, or change models/staging/{source.name}/_{source.name}__sources.yml"
        )
    for column, wanted in columns.items():
        accepted = LANDED_TYPES[wanted].postgres
        if accepted and types[column] not in accepted:
            raise UserError(
                f"{address}: column {entity.table}.{column} is {types[column]}, the declaration reads "
                f"{' or '.join(accepted)}; nothing is landed: change it back, or the declaration"
            )
    _check_key(connection, address, entity, name)
    extra = tuple(column for column in types if column not in columns)
    unlike = frozenset(column for column, _, is_alike in found if not is_alike)
    return SourceTable(entity, name, extra, unlike, only_row(connection, _SHAPE, table, repr(columns))[0])


def check_kind(connection: psycopg.Connection, address: str, entity: Entity, name: TableName) -> None:
    """Raises UserError where rows are outside of the database's own tables: snapshots do not cover those."""
    other = connection.execute(_KINDS, [name.identifier.as_string(connection)]).fetchone()
    if other:
        kind, place = other
        raise UserError(
            f"{address}: table {entity.table} is read from {place}, which is {NO_TABLES.get(kind, 'no table')}; "
            "nothing is landed: declare the table that holds the rows"
        )


def _few(names: list[str]) -> str:
    """The first of many names, on one line."""
    more = [f"{len(names) - MOST_NAMES} more"] if len(names) > MOST_NAMES else []
    return " ".join(", ".join(names[:MOST_NAMES] + more).split())


def _check_key(connection: psycopg.Connection, address: str, entity: Entity, name: TableName) -> None:
    [is_keyed] = only_row(
        connection,
        "select exists (select from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid "
        "and a.attnum = i.indkey[0] where i.indrelid = to_regclass(%s) and i.indisunique "
        "and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = %s and a.attnotnull)",
        name.identifier.as_string(connection),
        entity.key,
    )
    if not is_keyed:
        raise UserError(
            f"{address}: table {entity.table} has no primary key {entity.key}, rows cannot be told apart; nothing is "
            f"landed: alter table {entity.table} add primary key ({entity.key})"
        )

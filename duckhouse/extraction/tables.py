"""The tables of a source as its database has them, found once by name and checked against the declaration."""

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

# what a run adds to the columns of the database
OUR_COLUMNS = ("operation", "changed_at")
KEY_TYPE = "bigint"


class TableName(NamedTuple):
    """Where a table is; it means the same in every session, whatever its search_path."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self)


@dataclass(frozen=True)
class SourceTable:
    """A declared table as the database has it. `extra` are columns that the declaration does not name."""

    entity: Entity
    name: TableName
    extra: tuple[str, ...]

    @property
    def key(self) -> str:
        return key_of(self.entity)

    @property
    def shown(self) -> str:
        """The name by which the declaration knows it."""
        return declared_name(self.entity)

    @cached_property
    def columns(self) -> dict[str, str | None]:
        """The declared columns that the database fills, with their types."""
        return filled_columns(self.entity)


def key_of(entity: Entity) -> str:
    return entity.key or ""


def declared_name(entity: Entity) -> str:
    return entity.table or entity.name


def filled_columns(entity: Entity) -> dict[str, str | None]:
    return {column.name: column.data_type for column in entity.columns if column.name not in OUR_COLUMNS}


def tables_of(source: Source) -> list[Entity]:
    """What the database has of a source. Raises UserError where the declaration leaves open which table is read how."""
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
    """What a run writes about itself: the entity that no table of the database fills."""
    return next((entity for entity in source.entities if not entity.table), None)


def find_tables(
    connection: psycopg.Connection, address: str, source: str, entities: Sequence[Entity]
) -> dict[str, TableName]:
    """Where the tables are: in the schema that is declared, else by the search_path of the session."""
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
    return found


def missing(address: str, source: str, entity: Entity) -> UserError:
    made = f", or make the schema with python -m scripts.postgres --migrate {source}" if migrations(source) else ""
    return UserError(f"{address}: table {entity.table} is missing; nothing is landed: restore it{made}")


def checked_table(
    connection: psycopg.Connection, address: str, source: Source, entity: Entity, name: TableName
) -> SourceTable:
    """Checks a table against its declaration. Raises UserError where it cannot be read so."""
    types: dict[str, str] = dict(
        connection.execute(
            "select attname, atttypid::regtype::text from pg_attribute "
            "where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum",
            [name.identifier.as_string(connection)],
        ).fetchall()
    )
    columns = filled_columns(entity)
    lost = [column for column in columns if column not in types]
    if lost:
        raise UserError(
            f"{address}: table {entity.table} has no column {lost[0]}, it has {', '.join(types)}; nothing is landed: "
            f"name it so again, or change models/staging/{source.name}/_{source.name}__sources.yml"
        )
    for column, wanted in columns.items():
        accepted = LANDED_TYPES[wanted].postgres
        if accepted and types[column] not in accepted:
            raise UserError(
                f"{address}: column {entity.table}.{column} is {types[column]}, the declaration reads "
                f"{' or '.join(accepted)}; nothing is landed: change it back, or the declaration"
            )
    _check_key(connection, address, entity, name)
    return SourceTable(entity, name, tuple(column for column in types if column not in columns))


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

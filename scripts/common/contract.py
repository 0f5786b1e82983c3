"""The contract of a source: models/staging/<source>/_<source>__sources.yml, which dbt reads too."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from scripts.common.cli import UserError
from scripts.common.settings import PROJECT

STAGING = PROJECT / "models" / "staging"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DATA_TYPES = (None, "bigint", "timestamp")


@dataclass(frozen=True)
class Column:
    name: str
    aliases: tuple[str, ...] = ()
    data_type: str | None = None
    """One of DATA_TYPES: the type in which the column lands; text where it is None."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which a file may carry the column, the preferred one first."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class Entity:
    name: str
    files: tuple[str, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Source:
    name: str
    entities: tuple[Entity, ...]
    ignored_files: tuple[str, ...] = ()


def sources() -> list[str]:
    """The names of all sources that have a contract, sorted."""
    return sorted(path.parent.name for path in STAGING.glob("*/_*__sources.yml") if path == _path(path.parent.name))


def load_contract(source: str) -> Source:
    """Reads the contract of `source`. Tables whose name starts with _ belong to the loader and are no entities.

    Raises UserError for a source without contract and for a contract that landing cannot work by.
    """
    path = _path(source)
    if source not in sources():
        raise UserError(
            f"there is no source {source!r}: known are {', '.join(sources()) or 'none'} ({STAGING}/<source>/)"
        )
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506 (safe, and five times as fast)
        [declared] = [entry for entry in document["sources"] if entry["name"] == source]
        return Source(
            name=source,
            entities=tuple(_entity(table, path) for table in declared["tables"] if not table["name"].startswith("_")),
            ignored_files=tuple(_meta(declared).get("ignored_files", ())),
        )
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{path}: needs one source named {source!r} with tables and columns ({error!r})") from error


def _path(source: str) -> Path:
    return STAGING / source / f"_{source}__sources.yml"


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    return node.get("config", {}).get("meta", {})


def _entity(table: dict[str, Any], path: Path) -> Entity:
    columns = tuple(
        Column(column["name"], tuple(_meta(column).get("aliases", ())), column.get("data_type"))
        for column in table.get("columns", ())
    )
    entity = Entity(table["name"], tuple(_meta(table).get("files", ())), columns)
    if not entity.columns:
        raise UserError(f"{path}: table {entity.name} names no columns")
    spelled = [name for column in columns for name in column.names]
    twice = sorted({name for name in spelled if spelled.count(name) > 1})
    if twice:
        raise UserError(f"{path}: table {entity.name} names {', '.join(twice)} more than once (as column or alias)")
    for column in columns:
        if column.data_type not in DATA_TYPES or (column.data_type and entity.files):
            raise UserError(
                f"{path}: {entity.name}.{column.name}: data_type {column.data_type!r}: a table of a database may say "
                f"{' or '.join(filter(None, DATA_TYPES))}; columns of files land as text and say none"
            )
    if len({column.name.casefold() for column in columns}) < len(columns):
        raise UserError(f"{path}: table {entity.name} has columns that differ in case only")
    return entity

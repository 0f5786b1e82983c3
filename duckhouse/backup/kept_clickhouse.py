"""ClickHouse in a backup: the databases that people read, table by table and partition by partition.

They hold staging, the snapshots and the ledgers too, from which the next build goes on. The raw tables follow from the
landing zone by a push, the audit databases from what is published.
"""

import re
from collections.abc import Sequence
from io import IOBase
from typing import cast

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from duckhouse.backup.chunks import Chunks
from duckhouse.backup.making import CLICKHOUSE, Making
from duckhouse.backup.manifests import Backup, KeptRelation
from duckhouse.cli import UserError, progress
from duckhouse.clickhouse_sql import full_name, literal, quote
from duckhouse.settings import clickhouse
from duckhouse.turns import turn
from duckhouse.warehouse.connection import asking, connect, first_line
from duckhouse.warehouse.publish import WITHOUT_LIMIT, Relation, copy, databases, moved, refuse_a_cluster, relations

NATIVE = "Native"
IN_ORDER = {"max_threads": 1}  # the same rows give the same bytes, which a backup has already
AS_THEY_ARE = {"insert_deduplicate": 0}
NOT_KEPT = {"audit", "runs"}


def keep_clickhouse(making: Making) -> tuple[str, list[KeptRelation]]:
    """Keeps the databases of the prefix; returns the prefix and what is in them. Raises UserError where another run is
    working, or nothing is there."""
    refuse_a_cluster()
    prefix, client = clickhouse().prefix, connect()
    with turn(prefix, asking) as own:
        found = _relations(client, prefix)
        if not found:
            raise UserError(f"there are no databases {prefix}_* to back up: make prod builds and publishes them")
        for relation in progress(found, label="ClickHouse", unit="table"):
            for partition in [] if relation.is_view else _partitions(client, relation):
                _keep_partition(making, client, relation, partition, prefix)
        own.check()
    return prefix, [KeptRelation(*relation) for relation in found]


def refuse_databases() -> None:
    """Raises UserError where the databases of the prefix hold anything."""
    refuse_a_cluster()
    prefix = clickhouse().prefix
    if found := _relations(connect(), prefix):
        raise UserError(
            f"{found[0].database}.{found[0].name} is there: restore into a ClickHouse without databases {prefix}_*, "
            "or set another CLICKHOUSE_PREFIX"
        )


def restore_clickhouse(backup: Backup, chunks: Chunks) -> None:
    """Fills databases beside those of the prefix, which then get all of it. A stopped run leaves only these beside."""
    prefix, client = clickhouse().prefix, connect()
    beside = f"{prefix}_restore"
    origin = backup.prefix or ""
    schemas = sorted({relation.database.removeprefix(f"{origin}_") for relation in backup.relations})
    try:
        with turn(prefix, asking) as own:
            _drop(client, beside)
            for schema in schemas:
                client.command(f"create database {quote(f'{beside}_{schema}')}")
            for relation in sorted(backup.relations, key=lambda relation: relation.engine == "View"):
                client.command(moved(relation.definition, origin, beside))
            with_rows = {name: kept for name, kept in backup.below(CLICKHOUSE).items() if kept.size}
            for name, kept in progress(with_rows.items(), label="ClickHouse", unit="partition"):
                schema, table, _ = name.split("/")
                content = chunks.content(f"{CLICKHOUSE}/{name}", kept)
                client.raw_insert(
                    full_name(f"{beside}_{schema}", table), insert_block=content, fmt=NATIVE, settings=AS_THEY_ARE
                )
            own.check()
            copy(client, beside, prefix, schemas)
            _drop(client, beside)
    except ClickHouseError as error:
        raise UserError(f"ClickHouse: {first_line(error)}; restore again, it starts over") from None


def _relations(client: Client, prefix: str) -> list[Relation]:
    schema = re.compile(rf"{re.escape(prefix)}_(?!(?:{'|'.join(NOT_KEPT)})$)[a-z]+")
    names = [name for name in databases(client) if schema.fullmatch(name)]
    return relations(client, names) if names else []


def _partitions(client: Client, relation: Relation) -> Sequence[str]:
    rows = client.query(
        "select distinct partition_id from system.parts "
        f"where active and database = {literal(relation.database)} and table = {literal(relation.name)} order by 1"
    ).result_rows
    return [partition for (partition,) in rows]


def _keep_partition(making: Making, client: Client, relation: Relation, partition: str, prefix: str) -> None:
    query = f"select * from {full_name(relation.database, relation.name)} where _partition_id = {literal(partition)}"
    # only an asynchronous client would return a StreamContext
    with cast(IOBase, client.raw_stream(query, fmt=NATIVE, settings=IN_ORDER)) as stream:
        schema = relation.database.removeprefix(f"{prefix}_")
        making.stream(f"{CLICKHOUSE}/{schema}/{relation.name}/{partition}", stream)


def _drop(client: Client, prefix: str) -> None:
    for name in databases(client):
        if name.startswith(f"{prefix}_"):
            client.command(f"drop database {quote(name)} sync", settings=WITHOUT_LIMIT)

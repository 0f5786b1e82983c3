"""Taking a delivery back: a delivery without files that names another, which then counts as if it had never come."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.clickhouse_sql import full_name
from duckhouse.dbt_plugin.landed import RETRACTION
from duckhouse.landing.load import Outcome, after_newest
from duckhouse.landing.manifest import MOMENT, Delivery, Retraction, iso, retractions
from duckhouse.landing.zone import Zone
from duckhouse.opening import clickhouse_refuses, open_duckdb
from duckhouse.settings import PROJECT, clickhouse, duckdb_path
from duckhouse.sources import FILES, Source
from duckhouse.warehouse.connection import answers, connect, first_line
from duckhouse.wording import delivered

INSTEAD = {
    "postgres": "correct the rows in the database, and the next extraction brings the correction",
    "stream": "produce the messages again as they should be",
}
TIME_OF_ID = "%Y%m%dT%H%M%S%fZ"


def retract(
    source: Source,
    identity: str,
    paths: Sequence[Path | str],
    *,
    reason: str | None,
    delivered_at: datetime | None,
    dry_run: bool,
) -> Outcome:
    """Retracts the delivery of that id, dated `delivered_at` or now, and always later than the delivery itself.

    Raises UserError where there is no such delivery, where it cannot be retracted (again), and for any `paths`: to
    retract and to land are two runs.
    """
    if paths:
        raise UserError(f"{paths[0]}: a run with --retract lands no files: land them in another run")
    if source.kind != FILES:
        raise UserError(f"{source.name} is of kind {source.kind}: nothing is retracted; {INSTEAD[source.kind]}")
    reason = " ".join((reason or "").split())
    if not reason:
        raise UserError(f'say why {identity} is retracted: --reason "…"; readers of restatements see it')
    zone = Zone(source)
    with nullcontext() if dry_run else zone.session() as session:
        deliveries = zone.deliveries()
        earliest = _time_of(zone, identity, deliveries) + MOMENT
        at = delivered_at or max(earliest, after_newest(datetime.now(UTC), deliveries))
        if at < earliest:
            raise UserError(f"--delivered-at {iso(at)}: {identity} is not older: a retraction follows what it retracts")
        outcome = Outcome(at, notes=_notes(identity, deliveries))
        if session:
            outcome.delivery = session.retract(at, Retraction(identity, reason))
        else:
            outcome.would_retract = identity
        return outcome


def _time_of(zone: Zone, identity: str, deliveries: list[Delivery]) -> datetime:
    """When the delivery to be retracted was delivered. Raises UserError where it cannot be retracted."""
    if earlier := retractions(deliveries).get(identity):
        raise UserError(f"{identity}: {earlier.id} has retracted it already")
    if identity.endswith(RETRACTION):
        raise UserError(f"{identity} is a retraction: land the files again, and they count again")
    found = {each.id: each.delivered_at for each in deliveries}
    if identity in found:
        return found[identity]
    if re.fullmatch(r"\d{8}T\d{12}Z-[0-9a-f]{8}", identity) and _was_staged(zone.source.name, identity):
        return datetime.strptime(identity.partition("-")[0], TIME_OF_ID).replace(tzinfo=UTC)
    server = clickhouse()
    silent = "" if answers(server) else ", where nothing answers: python -m scripts.clickhouse starts the embedded one"
    raise UserError(
        f"{identity}: no delivery of {zone.source.name} in {zone.path}, whose folders delivery=… have the ids, nor "
        f"staged in {duckdb_path()} or on ClickHouse at {server.host}:{server.port}{silent}"
    )


def _was_staged(source: str, identity: str) -> bool:
    """Whether a target has read, or can read, a delivery that is no longer in landing."""
    return _is_on_dev(source, identity) or _is_on_prod(source, identity)


def _is_on_prod(source: str, identity: str) -> bool:
    """Whether ClickHouse has a delivery: pushed, or staged by a build. Where no server answers, none is there."""
    server = clickhouse()
    if not answers(server):
        return False
    from clickhouse_connect.driver.exceptions import ClickHouseError  # not above: it takes half a second to import

    there = "select 1 from system.tables where database = %(database)s and name = %(name)s"
    client = connect()
    try:
        for database, name, column in (
            (f"raw_{source}", "_deliveries", "delivery_id"),
            (f"{server.prefix}_staging", f"stg_{source}__files", "_delivery_id"),
        ):
            if client.query(there, {"database": database, "name": name}).result_rows:
                held = f"select 1 from {full_name(database, name)} where {column} = %(identity)s limit 1"
                if client.query(held, {"identity": identity}).result_rows:
                    return True
    except ClickHouseError as error:
        raise UserError(clickhouse_refuses(server.host, server.port, first_line(error))) from None
    return False


def _is_on_dev(source: str, identity: str) -> bool:
    """Whether a build of dev has read a delivery."""
    path = PROJECT / duckdb_path()
    if not path.exists():
        return False
    there = "select 1 from duckdb_tables() where schema_name = 'staging' and table_name = ?"
    with open_duckdb(path) as connection:
        table = f"stg_{source}__files"
        if not connection.execute(there, [table]).fetchone():
            return False
        staged = f'select 1 from staging."{table}" where _delivery_id = ?'
        return bool(connection.execute(staged, [identity]).fetchone())


def _notes(identity: str, deliveries: list[Delivery]) -> list[str]:
    files = [file for each in deliveries if each.id == identity for file in each.files]
    if not files:
        return [f"{identity} is no longer in landing: what staging keeps of it is retracted"]
    of_entities: dict[str, list[int]] = {}
    for file in files:
        of_entities.setdefault(file.entity, []).append(file.records_landed)
    told = (delivered(entity, len(found), sum(found)) for entity, found in sorted(of_entities.items()))
    return [
        f"these count no longer, once it is built: {', '.join(told)}",
        "the pipeline leaves these files out until their bytes change; python -m scripts.land brings them back, so "
        "take them out of a drop that you land again",
    ]

"""Deliveries of the ad delivery database, as an extraction lands them, without a database."""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from duckhouse.landed_schemas import landed_schema
from duckhouse.landing.manifest import SourceFile
from duckhouse.landing.zone import Zone
from duckhouse.sources import Entity, load_source

SOURCE = "ad_delivery"
TABLES = ("advertiser", "campaign", "impressions", "clicks")

Record = dict[str, Any]
Records = Sequence[Record]


def advertiser(key: int, **columns: Any) -> Record:
    """A record of an advertiser in its current state. Times are ISO texts; `changed_at` is for a delivery by cdc."""
    return _upsert(key, {"name": f"advertiser {key}", "created_at": "2026-01-01 00:00"}, columns)


def campaign(key: int, **columns: Any) -> Record:
    """A record of a campaign in its current state: bid and budget as PostgreSQL prints them, days as ISO texts."""
    usual = {"name": f"campaign {key}", "bid": "1.00", "budget": "100.00", "start_date": None, "end_date": None}
    return _upsert(key, {**usual, "advertiser_id": 1, "created_at": "2026-01-01 00:00"}, columns)


def event(key: int, at: str | None, campaign_id: int | None = 1, **columns: Any) -> Record:
    """A record of an impression or a click in its current state."""
    return _upsert(key, {"created_at": at, "campaign_id": campaign_id}, columns)


def events(keys: Sequence[int], at: str, campaign_id: int | None = 1) -> list[Record]:
    return [event(key, at, campaign_id) for key in keys]


def deleted(key: int, **columns: Any) -> Record:
    """The record of a deleted row of any table."""
    return {"id": key, "operation": "delete", **columns}


def deliver(
    when: int | str,
    *,
    advertiser: Records = (),
    campaign: Records = (),
    impressions: Records = (),
    clicks: Records = (),
    mode: str = "compare",
    source_rows: Mapping[str, int] | None = None,
    new_rows: Mapping[str, int] | None = None,
) -> str:
    """Lands one delivery, its records in the given order, and returns its id.

    `when` is an ISO time, or a day of January 2026, which means 06:00 UTC. `source_rows` gives, by table, what
    PostgreSQL counted; for other tables the count is the sum of the landed deliveries up to this one. `new_rows` gives,
    by table, the number of new rows that the run counted, where it differs from its records.
    """
    moment = dt.datetime.fromisoformat(when if isinstance(when, str) else f"2026-01-{when:02}T06:00:00Z")
    tables = dict(zip(TABLES, (advertiser, campaign, impressions, clicks), strict=True))
    with Zone(load_source(SOURCE)).session() as session:
        draft = session.begin(moment, [(name, name, _hash([*records])) for name, records in tables.items()])
        runs = [
            _extraction(
                name, records, mode, _rows_before(session.zone, draft.id, name), source_rows or {}, new_rows or {}
            )
            for name, records in tables.items()
        ]
        files = [
            _write(draft.folder, entity, records, draft.id, moment)
            for entity in session.zone.source.entities
            if (records := {**tables, "extractions": runs}[entity.name])
        ]
        return session.commit(draft, files).id


def _upsert(key: int, usual: Record, columns: Record) -> Record:
    if unknown := columns.keys() - {*usual, "updated_at", "changed_at", "_unmapped"}:
        raise ValueError(f"no such column: {unknown}")
    return {"id": key, "operation": "upsert", **usual, **columns}


def _hash(records: list[Record]) -> str:
    return sha256(json.dumps(records, sort_keys=True).encode()).hexdigest()


def _rows_before(zone: Zone, delivery: str, table: str) -> set[int]:
    """The ids that exist after all landed deliveries before this one."""
    existing: set[int] = set()
    for earlier in zone.deliveries():
        if earlier.id < delivery:
            for file in sorted((earlier.path / table).glob("*.parquet")):
                landed = pq.read_table(file, columns=["id", "operation", "_source_row"]).sort_by("_source_row")
                _apply(existing, landed.to_pylist())
    return existing


def _apply(existing: set[int], records: Records) -> None:
    for record in records:
        if record["operation"] == "upsert":
            existing.add(record["id"])
        else:
            existing.discard(record["id"])


def _extraction(
    table: str,
    records: Records,
    mode: str,
    before: set[int],
    source_rows: Mapping[str, int],
    new_rows: Mapping[str, int],
) -> Record:
    after = set(before)
    _apply(after, records)
    return {
        "table_name": table,
        "mode": mode,
        "source_rows": source_rows.get(table, len(after)),
        "known_rows": len(after),
        "new_rows": new_rows.get(table, len(after - before)),
        "changed_rows": len({record["id"] for record in records} & before & after),
        "deleted_rows": len(before - after),
        "lag_bytes": 0 if mode == "cdc" else None,
    }


def _write(folder: Path, entity: Entity, records: Records, delivery: str, at: dt.datetime) -> SourceFile:
    origin = {"_delivery_id": delivery, "_delivered_at": at.astimezone(dt.UTC).replace(tzinfo=None)}
    schema = landed_schema(entity)
    rows = [
        {**_typed(record, schema), **origin, "_source_file": entity.name, "_source_row": place}
        for place, record in enumerate(records, start=1)
    ]
    path = folder / entity.name / "part-0.parquet"
    path.parent.mkdir()
    pq.write_table(pa.Table.from_pylist(rows, schema), path, compression="zstd")
    return SourceFile(
        entity=entity.name,
        name=entity.name,
        format="postgresql",
        encoding=None,
        delimiter=None,
        size_bytes=path.stat().st_size,
        sha256=_hash([*records]),
        records_read=len(rows),
        records_landed=len(rows),
        records_rejected=0,
        records_blank=0,
        landed_as=f"{entity.name}/{path.name}",
        unmapped_columns=(),
    )


def _typed(record: Record, schema: pa.Schema) -> Record:
    if unknown := record.keys() - set(schema.names):
        raise ValueError(f"no such column: {unknown}")
    return {
        name: dt.datetime.fromisoformat(value) if pa.types.is_timestamp(schema.field(name).type) and value else value
        for name, value in record.items()
    }

"""Deliveries written by hand for the cases of ad serving, and builds of both engines after them."""

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from support.warehouse import Warehouse

NO_TESTS = ("--exclude-resource-type", "test", "unit_test")

Events = Sequence[dict[str, Any]]


def deliver(house: Warehouse, when: int | str, events: Events | Mapping[str, Events] = (), **files: str) -> str:
    """Lands one delivery, and gives its id. `when` is an ISO moment, or a day of January 2026 for 06:00 UTC of it."""
    drop = house.new_drop()
    (drop / "events").mkdir(parents=True)
    for name, records in (events if isinstance(events, Mapping) else {"day": events}).items():
        if records:
            (drop / "events" / f"{name}.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    for name, text in files.items():
        (drop / f"{name}.csv").parent.mkdir(exist_ok=True)
        (drop / f"{name}.csv").write_text(text)
    moment = when if isinstance(when, str) else f"2026-01-{when:02}T06:00:00Z"
    landed = json.loads(house.land(drop, "--delivered-at", moment, "--json").stdout)
    [delivery] = landed["deliveries"]
    return delivery["delivery_id"]


def event(event_id: str, at: str, revenue: float | str | None = 0.5, **fields: Any) -> dict[str, Any]:
    known = {"event_type": "impression", "publisher_id": 1, "ad_unit_id": "au_1", "is_filled": True}
    return {"event_id": event_id, "timestamp": at, "revenue_usd": revenue, **known, **fields}


def csv_of(header: str, *rows: str) -> str:
    return "\n".join([header, *rows, ""])


def build(house: Warehouse, *arguments: str) -> None:
    house.build(*NO_TESTS, *arguments)
    assert house.differences() == []


def keep(house: Warehouse, stage: str) -> Warehouse:
    """The marts of dev as they are now, to be read after later builds; views need the name of the file to stay."""
    kept = Warehouse(house.folder / stage, house.clickhouse_port, house.prefix, house.name)
    kept.folder.mkdir()
    shutil.copy(house.duckdb, kept.duckdb)
    return kept


def report_after(house: Warehouse, stage: str, statements: str, code: int = 0) -> str:
    """The page after something was done to a copy of the marts; where the report ends with a code, what it says."""
    kept = keep(house, stage)
    with duckdb.connect(str(kept.duckdb)) as connection:
        connection.execute(statements)
    out = kept.folder / "report.html"
    done = kept.run("report", "--out", out, code=code)
    return done.stderr if code else out.read_text(encoding="utf-8")

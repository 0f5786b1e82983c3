"""Deliveries of the consent platform written by hand, in the layout of its exports, and readers of marts."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from support.landing import csv_text
from support.warehouse import Warehouse

COMPANY_COLUMNS = ("PUBLIC_API_KEY", "INDUSTRY_BACK", "INDUSTRY_FRONT", "HQ_COUNTRY")
EVENT_COLUMNS = (
    "EVENT_ID",
    "USER_ID",
    "TYPE",
    "RATE",
    "PARAMETERS",
    "EVENT_TIME",
    "WINDOW_START",
    "APIKEY",
    "CONSENT",
    "COUNT",
    "EXPERIMENT",
    "SDK_TYPE",
    "DOMAIN",
    "DEPLOYMENT_ID",
    "COUNTRY",
    "REGION",
    "BROWSER_FAMILY",
    "DEVICE_TYPE",
)
# event types of the drop, and how columns of the marts name them
COLUMN_OF = {
    "consent.asked": "consent_asked",
    "consent.given": "consent_given",
    "pageview": "pageview",
    "ui.action": "ui_action",
}
Z = 1.959963984540054  # 97.5 % of the standard normal distribution lie below it

Events = Sequence[dict[str, str]]
Record = dict[str, Any]


def event(
    event_id: str,
    company: str,
    event_type: str = "pageview",
    at: str = "2025-09-05 10:00:00.000",
    parameters: str | Mapping[str, Any] = "",
    **fields: str,
) -> dict[str, str]:
    """A record as the file spells it, of a type that is stored completely and of a user of its own unless told."""
    known = {
        "event_id": event_id,
        "user_id": f"user of {company} {event_id}",
        "type": event_type,
        "rate": "1.0",
        "parameters": parameters if isinstance(parameters, str) else json.dumps(parameters, indent=2),
        "event_time": at,
        "window_start": "2025-09-05 10:00:00.000",
        "apikey": company,
        "consent": "empty",
        "count": "1",
        "experiment": "",
        "sdk_type": "sdk-web",
        "domain": "service.example",
        "deployment_id": "aRV9g4BY",
        "country": '"FR"',
        "region": '"IDF"',
        "browser_family": "Chrome",
        "device_type": "desktop",
    }
    assert fields.keys() <= known.keys()
    return known | fields


def deliver(
    house: Warehouse,
    day: int,
    events: Events | Mapping[str, Events] = (),
    companies: Sequence[Sequence[str]] = (),
    tails: Mapping[str, str] | None = None,
) -> None:
    """Lands one delivery, of 06:00 UTC of that day of January 2026. `events` may be several files by name, and
    `tails` what stands behind the records of some."""
    drop = house.new_drop()
    for name, records in (events if isinstance(events, Mapping) else {"events-company-1": events}).items():
        rows = [[record[column.lower()] for column in EVENT_COLUMNS] for record in records]
        _write(drop / "events" / "csv" / f"{name}.csv", EVENT_COLUMNS, rows, (tails or {}).get(name, ""))
    _write(drop / "country_and_industry" / "industry and country.csv", COMPANY_COLUMNS, companies)
    house.land(drop, "--delivered-at", f"2026-01-{day:02}T06:00:00Z")


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]], tail: str = "") -> None:
    if rows:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(csv_text([list(header), *map(list, rows)]) + tail, encoding="utf-8")


def records(house: Warehouse, relation: str, condition: str = "true") -> list[Record]:
    """Rows of a relation on dev by the names of their columns."""
    return [found for (found,) in house.rows(f"select found from {relation} as found where {condition}")]


def company_record(house: Warehouse, company: str) -> Record:
    [record] = records(house, "marts.agg_consent_company", f"company_id = '{company}'")
    return record


def assert_estimate(
    record: Record, name: str, value: float, error: float, at_least: float = 0, at_most: float = math.inf
) -> None:
    """A figure, its standard error, and its 95 % interval, which ends at what is possible."""
    expected = {
        name: value,
        f"{name}_se": error,
        f"{name}_low": max(at_least, value - Z * error),
        f"{name}_high": min(at_most, value + Z * error),
    }
    found = {column: as_float(record[column]) for column in expected}
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9), f"{found} is not {expected}"


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)

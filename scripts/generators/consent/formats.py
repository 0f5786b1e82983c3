"""How records are spelled: the columns of the platform's export, as CSV text and as typed Parquet columns."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.generators.ad_serving.formats import hex_text, time_text
from scripts.generators.consent import catalogue as market
from scripts.generators.consent import parameters
from scripts.generators.consent.catalogue import GIVEN, Catalogue
from scripts.generators.consent.population import NONE
from scripts.generators.consent.rows import CUT, FLOAT32, LONG, NEXT_DOUBLE, SHORT, SINGLE_QUOTED, TRAILING, Rows

SCHEMA = pa.schema(
    [
        ("EVENT_ID", pa.string()),
        ("USER_ID", pa.string()),
        ("TYPE", pa.string()),
        ("RATE", pa.float64()),
        ("PARAMETERS", pa.string()),
        ("EVENT_TIME", pa.string()),
        ("WINDOW_START", pa.string()),
        ("APIKEY", pa.string()),
        ("CONSENT", pa.string()),
        ("COUNT", pa.int64()),
        ("EXPERIMENT", pa.float64()),
        ("SDK_TYPE", pa.string()),
        ("DOMAIN", pa.string()),
        ("DEPLOYMENT_ID", pa.string()),
        ("COUNTRY", pa.string()),
        ("REGION", pa.string()),
        ("BROWSER_FAMILY", pa.string()),
        ("DEVICE_TYPE", pa.string()),
    ]
)
COMPANY_COLUMNS = ["PUBLIC_API_KEY", "INDUSTRY_BACK", "INDUSTRY_FRONT", "HQ_COUNTRY"]
_FIELDS_OF_SHORT = 9


def rate(percent: int, noise: int) -> float:
    exact = percent / 100
    if noise == FLOAT32:
        return float(np.float32(exact))
    return float(np.nextafter(exact, 1)) if noise == NEXT_DOUBLE else exact


def columns(rows: Rows, catalogue: Catalogue) -> dict[str, list[Any]]:
    """The values of each column, None where there is none; RATE, COUNT and EXPERIMENT as text, as in the CSV."""
    companies = {company.number: company for company in catalogue.active}
    numbers = rows.company.tolist()
    owners = [companies[number] for number in numbers]
    browsers = tuple(market.BROWSERS)
    values = {
        "EVENT_ID": _uuids(rows.id),
        "USER_ID": _uuids(rows.user),
        "TYPE": [market.TYPES[kind] for kind in rows.kind.tolist()],
        "RATE": [repr(rate(p, n)) for p, n in zip(rows.percent.tolist(), rows.noise.tolist(), strict=True)],
        "PARAMETERS": _parameters(rows, catalogue),
        "EVENT_TIME": time_text(rows.at, "space").to_pylist(),
        "WINDOW_START": time_text(rows.window, "space").to_pylist(),
        "APIKEY": [company.key for company in owners],
        "CONSENT": [market.STATUSES[status] for status in rows.status.tolist()],
        "COUNT": [str(count) if count else None for count in rows.count.tolist()],
        "EXPERIMENT": [None if number == NONE else f"{number}.0" for number in rows.experiment.tolist()],
        "SDK_TYPE": [market.SDKS[sdk] for sdk in rows.sdk.tolist()],
        "DOMAIN": [company.domain for company in owners],
        "DEPLOYMENT_ID": [
            None if number == NONE else company.deployments[number]
            for company, number in zip(owners, rows.deployment.tolist(), strict=True)
        ],
        "COUNTRY": [f'"{market.COUNTRIES[country]}"' for country in rows.country.tolist()],
        "REGION": [None if region == NONE else f'"{market.REGIONS[region]}"' for region in rows.region.tolist()],
        "BROWSER_FAMILY": [browsers[browser] for browser in rows.browser.tolist()],
        "DEVICE_TYPE": [market.DEVICES[device] for device in rows.device.tolist()],
    }
    for column, cells in rows.text.items():
        for row, value in cells.items():
            values[column][row] = value
    return values


def write_events_csv(path: Path, rows: Rows, catalogue: Catalogue) -> list[int]:
    """Writes the rows in their order; returns for each the line on which its record starts (the header is line 1)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = columns(rows, catalogue)
    records = zip(*(values[name] for name in SCHEMA.names), strict=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SCHEMA.names)
        writer.writerows(
            record if damage not in (SHORT, LONG) else _unbalanced(record, damage)
            for record, damage in zip(records, rows.damage.tolist(), strict=True)
        )
    lines = np.array([1 + (text or "").count("\n") for text in values["PARAMETERS"]], dtype=np.int64)
    return (2 + lines.cumsum() - lines).tolist()


def write_events_parquet(path: Path, rows: Rows, catalogue: Catalogue) -> list[int]:
    """Writes the rows in their order; returns their numbers, from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = columns(rows, catalogue)
    values["RATE"] = [_number(text) for text in values["RATE"]]
    values["COUNT"] = [None if text is None else int(text) for text in values["COUNT"]]
    values["EXPERIMENT"] = [None if text is None else float(text) for text in values["EXPERIMENT"]]
    pq.write_table(pa.table(values, schema=SCHEMA), path, compression="snappy")
    return list(range(1, len(rows) + 1))


def write_companies(path: Path, companies: Iterable[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COMPANY_COLUMNS, *companies])


def _uuids(ids: np.ndarray) -> list[str]:
    return hex_text(ids, np.ones(len(ids), dtype=bool)).to_pylist() if len(ids) else []


def _parameters(rows: Rows, catalogue: Catalogue) -> list[str | None]:
    templates = {company.number: parameters.Templates(company) for company in catalogue.active}
    created, updated = (_zulu(times, rows.kind == GIVEN) for times in (rows.created, rows.updated))
    texts = []
    for row, (company, *shape) in enumerate(
        zip(
            rows.company.tolist(),
            rows.kind.tolist(),
            rows.sdk.tolist(),
            rows.told.tolist(),
            rows.previous.tolist(),
            rows.variant.tolist(),
            rows.at.tolist(),
            strict=True,
        )
    ):
        texts.append(parameters.text(templates[company], *shape, (created[row], updated[row])))
    for row in np.flatnonzero(rows.damage >= CUT).tolist():
        texts[row] = _invalid(texts[row], int(rows.damage[row]))
    return texts


def _zulu(at: np.ndarray, told: np.ndarray) -> list[str]:
    return time_text(np.where(told, at, 0), "zulu").to_pylist()


def _invalid(text: str, damage: int) -> str:
    return {
        CUT: text[: len(text) * 2 // 3],
        SINGLE_QUOTED: text.replace('"', "'"),
        TRAILING: f"{text},",
    }[damage]


def _unbalanced(record: tuple, damage: int) -> tuple:
    return record[:_FIELDS_OF_SHORT] if damage == SHORT else (*record, "", "export v2")


def _number(text: str | None) -> float | None:
    """A rate as Parquet holds it: what is no number becomes NaN."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return float("nan")

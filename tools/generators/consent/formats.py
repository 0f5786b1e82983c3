"""How records are spelled: the columns of the platform's export, as CSV text and as typed Parquet columns."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tools.generators.consent import catalogue as market
from tools.generators.consent.catalogue import GIVEN, Catalogue
from tools.generators.consent.parameters import Templates
from tools.generators.consent.population import NONE
from tools.generators.consent.rows import BLANK, CUT, FLOAT32, LONG, NEXT_DOUBLE, SHORT, SINGLE_QUOTED, TRAILING, Rows
from tools.generators.texts import time_text, uuid_text

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
FIELDS_OF_SHORT = 9


def rate(percent: int, noise: int = 0) -> float:
    exact = percent / 100
    if noise == FLOAT32:
        return float(np.float32(exact))
    return float(np.nextafter(exact, 1)) if noise == NEXT_DOUBLE else exact


def columns(rows: Rows, catalogue: Catalogue) -> dict[str, list[Any]]:
    """The values of each column as the CSV has them, None where there is none."""
    companies = {company.number: company for company in catalogue.active}
    owners = [companies[number] for number in rows.company.tolist()]
    browsers = tuple(market.BROWSERS)
    values = {
        "EVENT_ID": uuid_text(rows.id),
        "USER_ID": uuid_text(rows.user),
        "TYPE": [market.TYPES[kind] for kind in rows.kind.tolist()],
        "RATE": [repr(rate(p, n)) for p, n in zip(rows.percent.tolist(), rows.noise.tolist(), strict=True)],
        "PARAMETERS": _parameters(rows, catalogue),
        "EVENT_TIME": time_text(rows.at, "space").to_pylist(),
        "WINDOW_START": time_text(rows.window, "space").to_pylist(),
        "APIKEY": [company.key for company in owners],
        "CONSENT": [market.STATUSES[status] for status in rows.status.tolist()],
        "COUNT": [str(count) if count else None for count in rows.count.tolist()],
        "EXPERIMENT": [None] * len(rows),
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


def write_events(path: Path, rows: Rows, catalogue: Catalogue) -> list[int]:
    """Writes the rows in their order; returns for each where a reader finds it: in a CSV the line on which its record
    starts (the header is line 1), in Parquet its number from 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    values = columns(rows, catalogue)
    if path.suffix == ".csv":
        return _write_csv(path, values, rows.damage.tolist())
    values["RATE"] = [_number(text) for text in values["RATE"]]
    values["COUNT"] = [None if text is None else int(text) for text in values["COUNT"]]
    pq.write_table(pa.table(values, schema=SCHEMA), path, compression="snappy")
    return list(range(1, len(rows) + 1))


def _write_csv(path: Path, values: dict[str, list[Any]], damages: list[int]) -> list[int]:
    records = zip(*(values[name] for name in SCHEMA.names), strict=True)
    starts = []
    line = 2
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SCHEMA.names)
        for record, damage, text in zip(records, damages, values["PARAMETERS"], strict=True):
            starts.append(line)
            line += 1
            if damage == BLANK:
                file.write("\n")
            else:
                writer.writerow(_unbalanced(record, damage))
                line += (text or "").count("\n")
    return starts


def _parameters(rows: Rows, catalogue: Catalogue) -> list[str | None]:
    templates = {company.number: Templates(company) for company in catalogue.active}
    told = rows.kind == GIVEN
    created, updated = (time_text(np.where(told, at, 0), "zulu").to_pylist() for at in (rows.created, rows.updated))
    shapes = (rows.kind, rows.sdk, rows.told, rows.previous, rows.variant, rows.at % 2)
    texts = [
        templates[company].text(*shape, times)
        for company, *shape, times in zip(
            rows.company.tolist(),
            *(values.tolist() for values in shapes),
            zip(created, updated, strict=True),
            strict=True,
        )
    ]
    for row in np.flatnonzero(rows.damage >= CUT).tolist():
        texts[row] = _invalid(texts[row], int(rows.damage[row]))
    return texts


def _invalid(text: str, damage: int) -> str:
    return {
        CUT: text[: len(text) * 2 // 3],
        SINGLE_QUOTED: text.replace('"', "'"),
        TRAILING: f"{text},",
    }[damage]


def _unbalanced(record: tuple, damage: int) -> tuple:
    return {SHORT: record[:FIELDS_OF_SHORT], LONG: (*record, "", "export v2")}.get(damage, record)


def _number(text: str | None) -> float | None:
    """A rate as Parquet holds it: what is no number becomes NaN."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return float("nan")

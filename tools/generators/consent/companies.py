"""The list of companies: as first delivered and again with changes, and the faults planted into it."""

from dataclasses import dataclass
from pathlib import Path

from tools.generators.consent.catalogue import INDUSTRIES, MAIN_COUNTRIES, Catalogue, Company
from tools.generators.consent.redelivery import CHANGES
from tools.generators.consent.truth import Log
from tools.generators.write import Records, write_csv

FILE = "country_and_industry/industry and country.csv"
COLUMNS = ["PUBLIC_API_KEY", "INDUSTRY_BACK", "INDUSTRY_FRONT", "HQ_COUNTRY"]
DUPLICATE_RULE = "the company's row stands twice; count a key once"
VARIANT_RULE = "PUBLIC_API_KEY in capitals and padded; fold it"
_HQ_NAMES = [name for name, _, _ in MAIN_COUNTRIES.values()]
_FIRST_ROW = 2  # below the header


@dataclass
class Issues:
    """`without_hq` has the keys of companies without HQ country, per issue."""

    records: dict[str, Records]
    without_hq: list[list[str]]


def write(catalogue: Catalogue, out: Path, faults: Log | None, changes: Log) -> Issues:
    """Writes both issues; plants nothing where `faults` is None."""
    first = [_row(company, company.industry, company.hq) for company in catalogue.companies]
    second = _reissue(catalogue, first)
    for place, (before, after) in enumerate(zip(first, second, strict=True)):
        if before != after:
            name = f"redelivery/{FILE}"
            changes.add(
                "company_changed",
                CHANGES["company_changed"],
                "companies",
                name,
                place + _FIRST_ROW,
                public_api_key=before[0],
                before=before[1:],
                after=after[1:],
            )
    without_hq = [[row[0] for row in issue if not row[3]] for issue in (first, second)]
    delivered = [list(row) for row in first]
    if faults:
        _plant(delivered, faults)
    written = {FILE: delivered, f"redelivery/{FILE}": second}
    return Issues({name: Records(write_csv(out / name, COLUMNS, rows)) for name, rows in written.items()}, without_hq)


def _row(company: Company, industry: int, hq: int | None) -> list[str]:
    return [company.key, *INDUSTRIES[industry], "" if hq is None else _HQ_NAMES[hq]]


def _reissue(catalogue: Catalogue, first: list[list[str]]) -> list[list[str]]:
    """The company with the highest number gets its HQ country, the first listed without events another industry."""
    last = catalogue.active[-1]
    moved = next((company for company in catalogue.companies if not company.number), None)
    second = []
    for company, row in zip(catalogue.companies, first, strict=True):
        if company is last:
            row = _row(company, company.industry, company.home)
        elif company is moved:
            row = _row(company, (company.industry + 1) % len(INDUSTRIES), company.hq)
        second.append(row)
    return second


def _plant(rows: list[list[str]], faults: Log) -> None:
    """Respells a key and repeats another company's row, in the middle and at the end of the list."""
    variant = len(rows) // 2
    key = rows[variant][0]
    rows[variant][0] = f" {key.upper()} "
    faults.add("company_key_variant", VARIANT_RULE, "companies", FILE, variant + _FIRST_ROW, public_api_key=key)
    if len(rows) > 1:
        rows.append(list(rows[0]))
        last = len(rows) - 1 + _FIRST_ROW
        faults.add("duplicate_company", DUPLICATE_RULE, "companies", FILE, last, public_api_key=rows[0][0])

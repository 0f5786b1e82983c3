"""Publishers, campaigns, ad units and the partner's ledger as files, first delivered and re-issued."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tools.generators.ad_serving import catalogue as market
from tools.generators.ad_serving.catalogue import Campaign, Catalogue
from tools.generators.ad_serving.draw import stream
from tools.generators.ad_serving.truth import Log, usd
from tools.generators.write import Records, write_csv

PUBLISHERS_FILE = "publishers.csv"
CAMPAIGNS_FILE = "campaigns/campaigns_export.csv"
AD_UNITS_FILE = "ad_units.csv"
PARTNER_FILE = "partner_weekly_export.csv"

PUBLISHERS_HEADER = [
    "publisher_id",
    "publisher_name",
    "publisher_category",
    "primary_domain",
    "account_manager",
    "country",
    "timezone",
    "created_at",
    "updated_at",
]
CAMPAIGNS_HEADER = [
    "campaign_id",
    "campaign_name",
    "advertiser_id",
    "advertiser_name",
    "campaign_start_date",
    "campaign_end_date",
    "campaign_budget_usd",
    "campaign_status",
    "targeting_device_types",
    "targeting_countries",
    "created_at",
]
AD_UNITS_HEADER = [
    "ad_unit_id",
    "publisher_id",
    "ad_unit_name",
    "ad_format",
    "ad_size",
    "placement_type",
    "is_active",
    "created_at",
]
IS_ACTIVE = AD_UNITS_HEADER.index("is_active")
UNREADABLE = {"campaign_end_date": "31/02/2026", "campaign_budget_usd": "tbd"}
LEAST_SPENT = 4_000_000  # micro-dollars, of a campaign whose budget is set to half of it
PARTNER_HEADER = ["period_end", "partner_account_id", "partner_amount", "partner_currency", "source_system"]
PARTNER_NOISE = 30  # ten-thousandths in either direction
PARTNER_ERROR = 600  # of the planted one


@dataclass
class Dimensions:
    """The rows of a delivery; a redelivery is made by changing some."""

    publishers: list[dict[str, Any]]
    campaigns: list[Campaign]
    ad_units: list[list[Any]]


def first_issue(catalogue: Catalogue) -> Dimensions:
    created = datetime.combine(catalogue.start - timedelta(days=420), datetime.min.time())
    publishers = [
        {
            "publisher_id": market.FIRST_PUBLISHER_ID + number,
            "publisher_name": publisher.name,
            "publisher_category": publisher.category,
            "primary_domain": publisher.domain,
            "account_manager": publisher.manager,
            "country": publisher.country,
            "timezone": publisher.timezone,
            "created_at": created,
            "updated_at": created + timedelta(days=300, hours=8),
        }
        for number, publisher in enumerate(market.PUBLISHERS)
    ]
    ad_units = []
    for unit in catalogue.ad_units:
        kind, size, position, _, _ = market.PLACEMENTS[unit.placement]
        name = f"{market.PUBLISHERS[unit.publisher].name} - {unit.placement}"
        publisher_id = market.FIRST_PUBLISHER_ID + unit.publisher
        ad_units.append([unit.ad_unit_id, publisher_id, name, kind, size, position, 1, created])
    return Dimensions(publishers, list(catalogue.campaigns), ad_units)


def second_issue(first: Dimensions, catalogue: Catalogue, seed: int, changes: Log) -> Dimensions:
    """One publisher moves to another account manager, another to another category; one campaign gets a larger budget,
    and one that had ended continues."""
    rng = stream(seed, "catalogue", 1)
    moved_at = datetime.combine(catalogue.last_day, datetime.min.time()) + timedelta(days=1, hours=9)
    publishers = [dict(publisher) for publisher in first.publishers]
    chosen = rng.permutation(len(publishers))[:2].tolist()
    for number, column in zip(chosen, ("account_manager", "publisher_category"), strict=True):
        row = publishers[number]
        others = sorted({other[column] for other in publishers} - {row[column]})
        after = others[int(rng.integers(0, len(others)))]
        for name, value in ((column, after), ("updated_at", moved_at)):
            changes.cell(
                "dimension_changed",
                f"redelivery/{PUBLISHERS_FILE}",
                key=row["publisher_id"],
                column=name,
                before=str(row[name]),
                after=str(value),
            )
            row[name] = value

    campaigns = list(first.campaigns)
    active = [n for n, campaign in enumerate(campaigns) if campaign.status == "active"]
    richer = active[int(rng.integers(0, len(active)))]
    campaigns[richer] = _change(campaigns[richer], changes, budget_usd=campaigns[richer].budget_usd * 9 // 8)
    over = [n for n, campaign in enumerate(campaigns) if campaign.status == "completed"]
    longer = over[int(rng.integers(0, len(over)))]
    last_day = max(catalogue.last_day, campaigns[longer].last_day) + timedelta(days=5)
    campaigns[longer] = _change(campaigns[longer], changes, last_day=last_day, status="active")
    return Dimensions(publishers, campaigns, first.ad_units)


def plant(
    issue: Dimensions,
    reissue: Dimensions,
    catalogue: Catalogue,
    seed: int,
    used: set[int | None],
    spent: Mapping[int, int],
    faults: Log,
) -> dict[tuple[int, str], str]:
    """Sets a campaign's budget to half of what it spent (micro-dollars by campaign), in both issues; returns the texts
    that two others have in place of an end date and a budget, by campaign and column.

    They are active throughout, so that no flight that events break is lost, and none is `used` by another fault or
    changed by the second issue.
    """
    rng = stream(seed, "campaign_faults")
    twice = issue.campaigns[_number_of_repeated(seed, issue.campaigns)]
    free = [
        number
        for number in market.runs_throughout(catalogue)
        if issue.campaigns[number] == reissue.campaigns[number] != twice
        and issue.campaigns[number].campaign_id not in used
    ]
    free = rng.permutation(free).tolist()
    over = next((n for n in free if spent.get(issue.campaigns[n].campaign_id, 0) >= LEAST_SPENT), None)
    if over is not None:
        free.remove(over)
        campaign = issue.campaigns[over]
        micros = spent[campaign.campaign_id]
        cheaper = replace(campaign, budget_usd=micros // 2_000_000)
        issue.campaigns[over] = reissue.campaigns[over] = cheaper
        faults.segment(
            "over_budget",
            {
                "campaign_id": campaign.campaign_id,
                "budget_usd": cheaper.budget_usd,
                "strength": micros // (cheaper.budget_usd * 10_000) / 100,
            },
            spent_usd=micros,
        )
    return {
        (issue.campaigns[number].campaign_id, column): text
        for number, (column, text) in zip(free, UNREADABLE.items(), strict=False)
    }


def _number_of_repeated(seed: int, campaigns: list[Campaign]) -> int:
    """Number of the campaign that is twice in the export."""
    return int(stream(seed, "faults", 0, 2**20).integers(0, len(campaigns)))


def _change(campaign: Campaign, changes: Log, **values: Any) -> Campaign:
    columns = {"budget_usd": "campaign_budget_usd", "last_day": "campaign_end_date", "status": "campaign_status"}
    for name, value in values.items():
        changes.cell(
            "dimension_changed",
            f"redelivery/{CAMPAIGNS_FILE}",
            key=campaign.campaign_id,
            column=columns[name],
            before=str(getattr(campaign, name)),
            after=str(value),
        )
    return replace(campaign, **values)


def write_dimensions(
    rows: Dimensions,
    out: Path,
    prefix: str,
    catalogue: Catalogue,
    seed: int,
    faults: Log | None,
    unreadable: dict[tuple[int, str], str],
) -> dict[str, Records]:
    """Writes the three files below out/prefix; `faults` (None for a clean drop) takes what is planted. `unreadable`
    has texts to write instead, by campaign and column."""
    records = {
        PUBLISHERS_FILE: write_csv(
            out / prefix / PUBLISHERS_FILE, PUBLISHERS_HEADER, (list(row.values()) for row in rows.publishers)
        ),
        AD_UNITS_FILE: write_csv(out / prefix / AD_UNITS_FILE, AD_UNITS_HEADER, rows.ad_units),
    }
    campaigns = list(rows.campaigns)
    if faults is not None:
        number = _number_of_repeated(seed, campaigns)
        twice = replace(campaigns[number], budget_usd=campaigns[number].budget_usd + 5000)
        campaigns.append(twice)
        faults.cell(
            "duplicate_dimension_key", prefix + CAMPAIGNS_FILE, key=twice.campaign_id, rows=[number + 1, len(campaigns)]
        )
    day_first = _told_day_first(campaigns)
    lines = [_campaign_row(campaign, catalogue, number, day_first) for number, campaign in enumerate(campaigns)]
    for (campaign_id, column), text in unreadable.items():
        [number] = [n for n, campaign in enumerate(campaigns) if campaign.campaign_id == campaign_id]
        lines[number][CAMPAIGNS_HEADER.index(column)] = text
        place = {"key": campaign_id, "column": column, "value": text, "rows": [number + 1]}
        faults.cell("unreadable_dimension_value", prefix + CAMPAIGNS_FILE, **place)
    records[CAMPAIGNS_FILE] = write_csv(
        out / prefix / CAMPAIGNS_FILE,
        CAMPAIGNS_HEADER,
        lines,
        delimiter=";",
        encoding="cp1252" if seed % 2 else "utf-8-sig",
        quoting=csv.QUOTE_NONNUMERIC,
    )
    return {prefix + name: Records(read=count) for name, count in records.items()}


def _told_day_first(campaigns: list[Campaign]) -> set[str]:
    """The date columns with a date that shows that the day is first, such as 13/04/2026; the others have ISO dates."""
    others = [campaign for number, campaign in enumerate(campaigns) if number % 3]
    names = ("first_day", "last_day")
    return {name for name in names if any(getattr(campaign, name).day > 12 for campaign in others)}


def _campaign_row(campaign: Campaign, catalogue: Catalogue, number: int, day_first: set[str]) -> list[Any]:
    """A row in the other system's spelling: rows take turns between styles of dates and amounts."""

    def spell(name: str) -> str:
        day: date = getattr(campaign, name)
        return _day_first(day) if number % 3 and name in day_first else day.isoformat()

    budget = (
        f"${campaign.budget_usd:,}.00",
        f"{campaign.budget_usd},00",
        f"{campaign.budget_usd:,},00 USD".replace(",", " ", f"{campaign.budget_usd:,}".count(",")),
        f"{campaign.budget_usd}",
    )[number % 4]
    separator = ", " if number % 5 == 0 else ","
    return [
        campaign.campaign_id,
        campaign.name,
        campaign.advertiser_id,
        campaign.advertiser,
        spell("first_day"),
        spell("last_day"),
        budget,
        campaign.status,
        separator.join(campaign.devices),
        separator.join(campaign.countries),
        f"{catalogue.start - timedelta(days=40)} 12:00:00",
    ]


def _day_first(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def write_partner(
    out: Path, catalogue: Catalogue, seed: int, revenue: np.ndarray, faults: Log | None
) -> dict[str, Records]:
    """Writes the partner's weekly amounts: our `revenue` (micro-dollars, day x publisher) with a little noise."""
    rng = stream(seed, "partner")
    weeks: dict[date, np.ndarray] = {}
    for number, of_day in enumerate(revenue):
        day = catalogue.start + timedelta(days=number)
        sunday = day + timedelta(days=6 - day.weekday())
        weeks[sunday] = weeks.get(sunday, 0) + of_day
    noise = rng.integers(-PARTNER_NOISE, PARTNER_NOISE + 1, (len(weeks), len(market.PUBLISHERS)))
    if faults is not None:
        largest = int(next(iter(weeks.values())).argmax())
        noise[0, largest] = PARTNER_ERROR
        faults.cell(
            "partner_amount_differs",
            PARTNER_FILE,
            period_end=str(next(iter(weeks))),
            key=market.FIRST_PUBLISHER_ID + largest,
            percent=PARTNER_ERROR / 100,
        )
    rows = []
    for week, (sunday, amounts) in enumerate(weeks.items()):
        for number, amount in enumerate(amounts.tolist()):
            reported = amount * (10_000 + int(noise[week, number])) // 10_000
            cents = usd(reported // 10_000 * 10_000)[:-4]
            rows.append([sunday, market.FIRST_PUBLISHER_ID + number, cents, "USD", "partner_billing"])
    return {PARTNER_FILE: Records(read=write_csv(out / PARTNER_FILE, PARTNER_HEADER, rows))}

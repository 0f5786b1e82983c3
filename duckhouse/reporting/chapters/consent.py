"""Consent in the report: how many users opt in, where, to what, how sure that is, and why figures changed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from duckhouse.reporting import causes, charts, formats
from duckhouse.reporting.page import (
    MOST_DAYS,
    Fact,
    Found,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    accounted,
    records_read,
    records_section,
    retraction_of,
)

Format = Callable[[Any], str]
HEADING = "Consent"
MOST_COMPANIES = 15  # in the charts; the table has all companies
STATUSES = {
    "full opt-in": charts.BLUE,
    "partial opt-in": charts.PALE,
    "opt-out": charts.ORANGE,
    "other": charts.LIGHT,
}
RATES_BY_DAY = {"consent rate": charts.GREY, "opt-in rate": charts.BLUE}

VIEWS = {
    "days": View("rpt_consent_days", ("event_date", "company_id")),
    "companies": View("rpt_consent_companies", ("company_id",)),
    "rates": View("rpt_consent_rates", ("breakdown", "member")),
    "status": View("rpt_consent_status", ("company_id", "consent_status")),
    "choices": View("rpt_consent_choices", ("kind", "item_id")),
    "answers": View("rpt_consent_time_to_answer", ("company_id", "definition")),
    "restatements": View("rpt_consent_restatements", ("event_date", "company_id", "delivery_id")),
    "design_effects": View("rpt_consent_design_effects", ("company_id", "event_type")),
    "records": View("rpt_consent_records", ("delivery_id",)),
    "open_errors": View("rpt_consent_open_errors", ("company_id",), quality=True),
}


def facts(found: Found) -> list[Fact]:
    """The figures that the chapter opens with, named and formatted."""
    [total] = members(found, "all")
    companies = found["companies"]
    without_country = sum(company.hq_country is None for company in companies)
    shown = [
        Fact(
            "Opt-in rate",
            formats.percent(total.opt_in_rate),
            "; ".join(filter(None, (interval_of(total, "opt_in_rate", formats.percent), left_out(total)))),
        ),
        Fact(
            "Companies",
            f"{len(companies):,}, {len(with_events(companies)):,} with events",
            f"{without_country:,} without a headquarters country" if without_country else "",
        ),
        Fact("Events", whole(total.events), interval_of(total, "events", whole)),
        Fact("Events stored", formats.count(total.events_stored)),
        Fact("Records read", records_read(found["records"]), accounted(found["records"])),
    ]
    if found["open_errors"] is not None:
        in_errors = sum(row.events_stored_in_open_errors for row in found["open_errors"])
        shown.append(
            Fact(
                "Stored events in open errors", formats.count(in_errors), formats.share(in_errors, total.events_stored)
            ),
        )
    return shown


def sections(found: Found) -> list[Section]:
    return [
        companies_section(found),
        Section("What do users choose?", [status_chart(found), status_table(found)], folded=True),
        Section(
            "Which purposes and vendors do users refuse?",
            [Table("Purposes and vendors, the most refused first", CHOICE_HEADERS, choice_rows(found))],
            "Enabled: share of the choices about it that enable it. Per offer: of the notices that offer it.",
            folded=True,
        ),
        Section(
            "Where and on what do users opt in?",
            [breakdown_table(found, "country"), breakdown_table(found, "device"), breakdown_table(found, "industry")],
            "Totals are divided, never averaged: companies with many notices weigh more. Companies of which no notice "
            "is stored count in no opt-in rate.",
            folded=True,
        ),
        Section(
            "How does consent develop?",
            [*days_chart(found), breakdown_table(found, "day")],
            "Days have events of different companies: a rate may move because others are in it.",
            folded=True,
        ),
        Section(
            "How long do users take to answer?",
            [Table("Times from notice to answer", ANSWER_HEADERS, map(answer_row, found["answers"]))],
            "Median and 90th percentile are of the events for which there is such a time; the coverage says how many "
            "those are.",
            folded=True,
        ),
        Section(
            "Why did figures change after a day was published?",
            [Table("Deliveries that restated a day", RESTATEMENT_HEADERS, map(restatement_row, restated(found)))],
            "Each later delivery that touched a published day of a company, what it brought, and by how much it moved "
            "the estimated events.",
            folded=True,
        ),
        Section(
            "How wide are intervals if users were drawn?",
            [Table("Sampled types", DESIGN_EFFECT_HEADERS, map(design_effect_row, by_design_effect(found)))],
            "RATE does not say whether events or users are drawn. Where users are seen again, the interval by user is "
            "the wider one; the design effect is how many times as large the variance is.",
            folded=True,
        ),
        records_section(found["records"]),
    ]


def companies_section(found: Found) -> Section:
    """The one section that is not folded: the rate to report of each company."""
    largest = sorted(with_events(found["companies"]), key=lambda row: (-row.events, row.company_id))
    points = [
        {
            "name": row.company_id,
            "value": row.opt_in_rate,
            "low": row.opt_in_rate if row.opt_in_rate_low is None else row.opt_in_rate_low,
            "high": row.opt_in_rate if row.opt_in_rate_high is None else row.opt_in_rate_high,
            "other": None,
        }
        for row in largest[:MOST_COMPANIES]
        if row.opt_in_rate is not None
    ]
    label = "Opt-in rate by company, with 95 % intervals"
    parts: list[Part] = [charts.interval_chart(points, "opt-in rate", ".0%", label)] if points else []
    return Section(
        "How many users opt in at each company?",
        [*parts, Table("Companies with events, the largest first", COMPANY_HEADERS, map(company_row, largest))],
        "Full opt-ins per notice shown, estimated without bias, with the 95 % interval. What is not sampled is exact. "
        "Windows differ between companies: compare rates, not volumes.",
    )


def status_chart(found: Found) -> Part:
    largest = {row.company_id for row in found["status"] if not row.is_small_sample}
    rows = [(row.company_id, row.status_group, row.choices) for row in found["status"] if row.company_id in largest]
    if not rows:
        return Text("No company has enough stored choices to compare.")
    return charts.shares_chart(rows, STATUSES, "Status of choices by company")


def status_table(found: Found) -> Table:
    rows = (
        (
            row.company_id,
            row.consent_status or "none",
            rate_of(row, "share_of_choices"),
            volume_of(row, "choices"),
            formats.count(row.choices_stored),
            small(row.is_small_sample),
        )
        for row in found["status"]
    )
    return Table("Choices by status", STATUS_HEADERS, rows)


def choice_rows(found: Found) -> Iterable[tuple[str, ...]]:
    chosen = [row for row in found["choices"] if row.breakdown == "all"]
    for row in sorted(chosen, key=lambda row: (row.enabled_rate_is_small_sample, no_rate_last(row.enabled_rate))):
        yield (
            row.item_id,
            formats.words(row.kind),
            rate_of(row, "enabled_rate"),
            rate_of(row, "enabled_per_offer"),
            volume_of(row, "offered"),
            volume_of(row, "enabled"),
            volume_of(row, "disabled"),
            formats.count(row.companies),
            sample_of(row, "enabled_rate"),
        )


def breakdown_table(found: Found, breakdown: str) -> Table:
    rows = members(found, breakdown)
    if breakdown != "day":
        rows.sort(key=lambda row: -row.events)
    cells = (
        (
            row.member or "not said",
            rate_of(row, "opt_in_rate"),
            rate_of(row, "consent_rate"),
            volume_of(row, "notices"),
            volume_of(row, "events"),
            formats.count(row.companies),
            formats.count(row.companies_without_notices),
            sample_of(row, "opt_in_rate"),
        )
        for row in rows
    )
    return Table(f"By {breakdown}", (breakdown, *BREAKDOWN_HEADERS), cells)


def days_chart(found: Found) -> list[Part]:
    """The rates of the latest full days."""
    full = {str(row.event_date) for row in found["days"] if row.is_full_day}
    days = [row for row in members(found, "day") if row.member in full][-MOST_DAYS:]
    points = [
        (date.fromisoformat(row.member), name, rate)
        for name, column in (("consent rate", "consent_rate"), ("opt-in rate", "opt_in_rate"))
        for row in days
        if (rate := getattr(row, column)) is not None
    ]
    return [charts.line_chart(points, "rate", ".0%", RATES_BY_DAY)] if points else []


def members(found: Found, breakdown: str) -> list[Row]:
    return [row for row in found["rates"] if row.breakdown == breakdown]


def with_events(companies: Sequence[Row]) -> list[Row]:
    return [row for row in companies if row.events_stored]


def restated(found: Found) -> list[Row]:
    """The deliveries that restated a day, those that changed the most events first."""
    rows = [row for row in found["restatements"] if row.publication == "restatement"]
    return sorted(rows, key=lambda row: -abs(row.events_difference))


def by_design_effect(found: Found) -> list[Row]:
    return sorted(found["design_effects"], key=lambda row: -row.design_effect)


COMPANY_HEADERS = (
    *("company", "industry", "HQ", "opt-in rate", "consent rate", "choices per notice", "notices", "events"),
    *("by COUNT / RATE", "stored", "countries", "sample"),
)
STATUS_HEADERS = ("company", "status", "share of choices", "choices", "stored", "sample")
CHOICE_HEADERS = (
    *("item", "kind", "enabled", "per offer", "offered", "enabled choices", "disabled choices", "companies"),
    "sample",
)
BREAKDOWN_HEADERS = (
    *("opt-in rate", "consent rate", "notices", "events", "companies", "of them without notices"),
    "sample",
)
ANSWER_HEADERS = ("company", "from and to", "median", "90th percentile", "coverage", "events")
RESTATEMENT_HEADERS = (
    *("delivery", "company", "day", *causes.CONSENT.values()),
    *("events", "opt-in rate before", "after", "retracts"),
)
DESIGN_EFFECT_HEADERS = (
    *("company", "type", "design effect", "events", "interval by event", "interval by user", "stored", "users"),
    "seen again",
)


def company_row(row: Row) -> tuple[str, ...]:
    return (
        row.company_id,
        row.industry or "",
        row.hq_country or "",
        rate_of(row, "opt_in_rate"),
        rate_of(row, "consent_rate"),
        rate_of(row, "conversion_rate"),
        volume_of(row, "notices"),
        volume_of(row, "events"),
        whole(row.events_by_count_and_rate),
        formats.count(row.events_stored),
        formats.count(row.countries),
        sample_of(row, "opt_in_rate"),
    )


def answer_row(row: Row) -> tuple[str, ...]:
    return (
        row.company_id,
        row.definition_label,
        formats.duration(row.median_seconds),
        formats.duration(row.percentile_90_seconds),
        f"{formats.percent(row.coverage)} ({between(row.coverage_low, row.coverage_high, formats.percent)})",
        formats.count(row.events_stored),
    )


def restatement_row(row: Row) -> tuple[str, ...]:
    return (
        row.delivery_id,
        row.company_id or "",
        str(row.event_date),
        *(formats.count(getattr(row, column)) for column in causes.CONSENT),
        f"{row.events_difference:+,.0f}",
        formats.percent(row.opt_in_rate_before),
        formats.percent(row.opt_in_rate),
        retraction_of(row),
    )


def design_effect_row(row: Row) -> tuple[str, ...]:
    return (
        row.company_id,
        row.event_type,
        f"{row.design_effect:.2f}",
        whole(row.events),
        between(row.events_low, row.events_high, whole),
        between(row.events_by_user_low, row.events_by_user_high, whole),
        formats.count(row.events_stored),
        formats.count(row.users_stored),
        formats.count(row.users_seen_again),
    )


def rate_of(row: Row, name: str) -> str:
    """A rate with its interval, or with the reason why it has none."""
    rate, low, precision = (getattr(row, f"{name}{end}") for end in ("", "_low", "_precision"))
    if rate is None:
        return ""
    note = between(low, getattr(row, f"{name}_high"), formats.percent) if precision == "estimated" else precision
    return f"{formats.percent(rate)} ({note})"


def volume_of(row: Row, name: str) -> str:
    """A volume with its interval; a counted volume has none."""
    note = between(getattr(row, f"{name}_low"), getattr(row, f"{name}_high"), whole)
    return f"{whole(getattr(row, name))}{f' ({note})' if note else ''}"


def interval_of(row: Row, name: str, written: Format) -> str:
    note = between(getattr(row, f"{name}_low"), getattr(row, f"{name}_high"), written)
    return f"95 % interval {note}" if note else ""


def between(low: float | None, high: float | None, written: Format) -> str:
    return "" if low is None or high is None else f"{written(low)} to {written(high)}"


def whole(volume: float | Decimal | None) -> str:
    return "" if volume is None else f"{volume:,.0f}"


def sample_of(row: Row, rate: str) -> str:
    return small(getattr(row, f"{rate}_is_small_sample"))


def small(is_small: bool) -> str:
    return "small" if is_small else ""


def left_out(row: Row) -> str:
    """The companies of which no notice is stored, in words; empty where there are none."""
    if not row.companies_without_notices:
        return ""
    companies = formats.counted(row.companies, "company", "companies")
    return (
        f"without {row.companies_without_notices:,} of {companies}, of which no notice is stored "
        f"({whole(row.choices_without_notices)} choices)"
    )


def no_rate_last(rate: float | None) -> float:
    return 2 if rate is None else rate

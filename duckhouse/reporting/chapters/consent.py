"""Consent in the report: conversion with its error, choices, time to an answer, readings that contradict each other."""

from duckhouse.reporting.page import (
    Found,
    Row,
    definitions,
    first_rows,
    interval_chart,
    records_section,
    section,
    shares_chart,
    table,
)

HEADING = "Consent"
MOST_RESTATEMENTS = 20
STATUSES = {"full opt-in": "#0b6e99", "partial opt-in": "#9ac4d8", "opt-out": "#e0a030", "other": "#dfe3e8"}

COMPANIES = """
    select company_id, coalesce(industry_front, industry_back), hq_country, events_sampled, events_weighted_once,
           events_weighted_once_low, events_weighted_once_high, events_extrapolated, conversion_rate_weighted_once,
           conversion_rate_weighted_once_low, conversion_rate_weighted_once_high, conversion_rate_extrapolated,
           consent_rate_weighted_once, distinct_countries, is_small_sample
    from marts.agg_consent_company
    where events_sampled > 0
    order by events_weighted_once desc, company_id
"""
TOTALS = """
    select count(*), count(*) filter (events_sampled > 0), count(*) filter (hq_country is null), sum(events_sampled),
           sum(events_weighted_once), 1.96 * sqrt(sum(events_weighted_once_se ** 2)), sum(events_extrapolated)
    from marts.agg_consent_company
"""
STATUS = """
    select company_id, if(consent_status in ('full opt-in', 'partial opt-in', 'opt-out'), consent_status, 'other'),
           cast(sum(status.consent_given_weighted_once) as double)
    from marts.agg_consent_status as status
    inner join marts.agg_consent_company as companies using (company_id)
    where status.consent_given_sampled > 0 and not companies.is_small_sample
    group by all
    order by any_value(companies.events_weighted_once) desc, company_id, 2
"""
ANSWERS = """
    select company_id, definition, events_of_definition, coverage_sampled, median_seconds, mean_seconds
    from marts.agg_consent_time_to_given
    order by company_id, definition
"""
RESTATEMENTS = """
    select _delivery_id, company_id, event_date, events_late, events_reweighed, events_consent_changed, events_moved_in,
           events_moved_out, events_weighted_once_difference, opt_in_rate_weighted_once_before,
           opt_in_rate_weighted_once_after
    from marts.fct_consent_restatements
    order by abs(events_weighted_once_difference) desc, _delivery_id, company_id, event_date
"""
DESIGN_EFFECTS = """
    select company_id, event_type, events_sampled, users_sampled, users_seen_again, events_weighted_once,
           events_weighted_once_low, events_weighted_once_high, events_weighted_once_by_user_low,
           events_weighted_once_by_user_high, design_effect
    from marts.agg_consent_design_effects
    where users_seen_again > 0
    order by design_effect desc, company_id, event_type
"""
RECORDS = """
    select _delivery_id, min(_delivered_at), count(*), sum(records_read), sum(records_current),
           sum(records_replaced_in_delivery + records_replaced_by_delivery), sum(records_set_aside),
           sum(records_rejected), sum(records_blank)
    from quality.fct_consent_event_records
    group by _delivery_id
    order by _delivery_id
"""
CONTRADICTIONS = """
    select finding_key, record_count, expected, observed
    from quality.fct_dq_findings
    where rule_id = 'consent__volume_readings_contradict' and is_open
    order by finding_key
"""
STATUS_CONTRADICTIONS = """
    select coalesce(observed, '(none)'), expected, count(*), min(finding_key)
    from quality.fct_dq_findings
    where rule_id = 'consent__status_contradicts_choices' and is_open
    group by all
    order by 3 desc, 1, 2
"""
QUERIES = {
    "rows": "select 1 from marts.fct_consent_events limit 1",
    "companies": COMPANIES,
    "totals": TOTALS,
    "status": STATUS,
    "answers": ANSWERS,
    "restatements": RESTATEMENTS,
    "design_effects": DESIGN_EFFECTS,
    "records": RECORDS,
}
OF_RULES = {"contradictions": CONTRADICTIONS, "status_contradictions": STATUS_CONTRADICTIONS}


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the section opens with, named and formatted."""
    companies, active, without_country, sampled, once, error, extrapolated = found["totals"][0]
    read, *fates = (sum(row[place] for row in found["records"]) for place in range(3, 9))
    contradictions = found.get("contradictions")
    of_rules = (
        [] if contradictions is None else [("readings that contradict", f"{len(contradictions):,} of company and type")]
    )
    return [
        ("companies, with events", f"{companies:,}, {active:,}"),
        ("  without a headquarters country", f"{without_country:,}"),
        ("records read", f"{read:,}, {'all' if read == sum(fates) else f'{sum(fates):,}'} accounted for"),
        ("events stored", f"{sampled:,}"),
        ("events estimated", f"{once:,.0f} ± {error:,.0f} (95 %)"),
        ("events by COUNT / RATE", f"{extrapolated:,.0f}"),
        *of_rules,
    ]


def sections(found: Found) -> list[str]:
    conversions = [
        {"name": company, "value": once, "low": low, "high": high, "other": extrapolated}
        for company, *_, once, low, high, extrapolated, _, _, _ in found["companies"]
        if once is not None
    ]
    return [
        section("Summary", definitions(summary(found))),
        section(
            "Choices per notice shown",
            interval_chart(conversions, "conversion", ".0%", "conversion by company, with 95 % intervals")
            + table(COMPANY_HEADERS, (company_row(row) for row in found["companies"])),
            "Points: estimated without bias, with the 95 % interval. Orange: by COUNT / RATE, which weighs "
            "sampled notices twice. Windows differ between companies: compare rates, not volumes.",
        ),
        section(
            "Choices by status",
            shares_chart(found["status"], STATUSES, "status of choices by company"),
            "Of companies with at least 30 stored records.",
        ),
        section(
            "From notice to answer",
            table(ANSWER_HEADERS, (answer_row(row) for row in found["answers"])),
            "Median and mean are of the events for which there is such a time; the coverage says how many those are.",
        ),
        restatements(found["restatements"]),
        design_effects(found["design_effects"]),
        *contradictions(found),
        records_section(found["records"]),
    ]


def restatements(rows: list[Row]) -> str:
    shown, left_out = first_rows(rows, MOST_RESTATEMENTS, "with fewer events moved")
    return section(
        "Why figures changed after a day was published",
        table(RESTATEMENT_HEADERS, (restatement_row(row) for row in shown)),
        "Each later delivery that touched a published day of a company, what it brought, and by how much it moved the "
        "estimated events." + left_out,
    )


def design_effects(rows: list[Row]) -> str:
    return section(
        "Intervals, had users been drawn",
        table(DESIGN_EFFECT_HEADERS, (design_effect_row(row) for row in rows)),
        "RATE does not say whether events or users are drawn. Where users are seen again, the interval by user is the "
        "wider one; the design effect is how many times as large the variance is.",
    )


def contradictions(found: Found) -> list[str]:
    """What two rules of data quality found; nothing where they were not built."""
    if "contradictions" not in found:
        return []
    return [
        section(
            "Readings that contradict each other",
            table(
                ("company and type", "stored", "estimated", "by COUNT / RATE"),
                ((key, f"{count:,}", once, extrapolated) for key, count, once, extrapolated in found["contradictions"]),
            ),
            "Where COUNT already is the inverse rate, COUNT / RATE applies the weight twice.",
        ),
        section(
            "Choices that contradict themselves",
            table(
                ("status", "purposes and vendors say", "choices", "for example"),
                ((*said, f"{count:,}", example) for *said, count, example in found["status_contradictions"]),
            ),
        ),
    ]


COMPANY_HEADERS = (
    *("company", "industry", "HQ", "stored", "events", "from", "to", "COUNT / RATE", "conversion", "from", "to"),
    *("by COUNT / RATE", "consent rate", "countries", "sample"),
)
ANSWER_HEADERS = ("company", "definition", "events", "coverage", "median s", "mean s")


RESTATEMENT_HEADERS = (
    *("delivery", "company", "day", "late", "reweighed", "consent changed", "moved in", "moved out", "events"),
    *("opt-in rate before", "after"),
)
DESIGN_EFFECT_HEADERS = (
    *(
        "company",
        "type",
        "stored",
        "users",
        "seen again",
        "events",
        "from",
        "to",
        "by user from",
        "to",
        "design effect",
    ),
)


def restatement_row(row: Row) -> tuple[str, ...]:
    delivery, company, day, *counts, difference, before, after = row
    return (
        delivery,
        company or "",
        str(day),
        *(f"{count:,}" for count in counts),
        f"{difference:+,.0f}",
        *("" if rate is None else f"{rate:.1%}" for rate in (before, after)),
    )


def design_effect_row(row: Row) -> tuple[str, ...]:
    company, event_type, *counts, once, low, high, low_by_user, high_by_user, effect = row
    return (
        company,
        event_type,
        *(f"{count:,}" for count in counts),
        *("" if volume is None else f"{volume:,.0f}" for volume in (once, low, high, low_by_user, high_by_user)),
        f"{effect:.2f}",
    )


def company_row(row: Row) -> tuple[str, ...]:
    company, industry, country, sampled, *volumes, once, low, high, extrapolated, consent, countries, is_small = row
    return (
        company,
        industry or "",
        country or "",
        f"{sampled:,}",
        *(f"{volume:,.0f}" for volume in volumes),
        *("" if rate is None else f"{rate:.1%}" for rate in (once, low, high, extrapolated, consent)),
        f"{countries:,}",
        "small" if is_small else "",
    )


def answer_row(row: Row) -> tuple[str, ...]:
    company, definition, events, coverage, median, mean = row
    return (
        company,
        definition.replace("_", " "),
        f"{events:,}",
        "" if coverage is None else f"{coverage:.1%}",
        *("" if seconds is None else f"{seconds:,.1f}" for seconds in (median, mean)),
    )

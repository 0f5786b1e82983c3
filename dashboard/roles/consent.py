"""Consent: how many users opt in, where and to what, how sure that is, and why a rate is another than was reported."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from dashboard.parts import Tile
from duckhouse.reporting import causes, formats
from duckhouse.warehouse.questions import Between, Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Consent"
ICON = ":material/verified_user:"

FIGURES = ("notices", "choices", "opt_in_rate", "conversion_rate")
GOOD = {"opt_in_rate": True, "conversion_rate": True}
MOST_COMPANIES = MOST_MEMBERS = 20
RATES = {
    "opt_in_rate": ("Opt-in rate", "Full opt-ins per notice shown."),
    "consent_rate": ("Consent rate", "Full opt-ins per choice, whatever was chosen."),
    "conversion_rate": ("Conversion rate", "Choices per notice shown; above 1 where users choose again without one."),
}
BREAKDOWNS = {"country": "Country", "device": "Device", "industry": "Industry"}
KINDS = {
    "purposes": "Purposes",
    "vendors": "Vendors",
    "purposes_li": "Purposes, legitimate interest",
    "vendors_li": "Vendors, legitimate interest",
}
STATUSES = ("full opt-in", "partial opt-in", "opt-out", "other")
COMPANY_LABELS = {"industry": "Industry", "hq_country": "Headquarters", "company_id": "Company"}
SAMPLE_LABELS = {
    "notices": "Notices",
    "choices": "Choices",
    "events_stored": "Stored records",
    "is_small_sample": "Small sample",
}
EVENT_LABELS = {
    "event_at": "Time, UTC",
    "event_type": "Event",
    "consent_status": "Status",
    "events_weighted_once": "Stands for",
    "country_code": "Country",
    "device_type": "Device",
    "event_id": "Id of the event",
    "first_delivery_id": "First delivered by",
    "_delivery_id": "As delivered by",
    "_source_file": "File",
    "_source_row": "Record",
}
ITEM_LABELS = {
    "enabled_rate": "Enabled",
    "enabled_rate_low": "From",
    "enabled_rate_high": "To",
    "enabled_rate_precision": "Interval",
    "enabled_per_offer": "Enabled per offer",
    "enabled_per_offer_low": "From, per offer",
    "enabled_per_offer_high": "To, per offer",
    "offered": "Offered",
    "enabled_stored": "Stored, enabled",
    "disabled_stored": "Stored, disabled",
    "is_small_sample": "Small sample",
}


def show(asking: Asking) -> None:
    known = parts.known_days(asking, "rpt_consent_days", "consent", In("is_after_last_delivery", (False,)))
    if not known:
        return
    period = filters.period(*days_of_enough(asking, *known), usual="Day", of=known)
    company = filters.choice("Company", "company", companies(asking), "All companies")
    of_company = filters.only("company_id", company)

    asked = Question("rpt_consent_days", measures=parts.asked(FIGURES), where=of_company)
    parts.figures(asking.one(parts.compared(asked, period)), FIGURES, GOOD)
    how_sure(asking, company)
    rate = filters.one_of("Rate", "rate", {name: told for name, (told, _) in RATES.items()})
    by_day(asking, period, company, rate)
    if company is None:
        by_company(asking, rate)
    by_breakdown(asking, company, rate)
    restated(asking, period, of_company)
    statuses(asking, of_company)
    items(asking, company)
    answers(asking, of_company)
    design_effects(asking, of_company)
    open_errors(asking, of_company)


def days_of_enough(asking: Asking, first: date, last: date) -> tuple[date, date]:
    """The first and the last day with enough records, where there are such days: a wrong clock writes 1970."""
    enough = Question(
        "rpt_consent_rates",
        measures={"first_day": "min(member)", "last_day": "max(member)"},
        where=(In("breakdown", ("day",)), In("is_small_sample", (False,)), Between("member", first, last)),
    )
    found = asking.one(enough)
    return (
        (date.fromisoformat(found.first_day), date.fromisoformat(found.last_day)) if found.last_day else (first, last)
    )


def companies(asking: Asking) -> dict[str, str]:
    """Those with events, the ones with the most first."""
    asked = Question("rpt_consent_companies", where=(Between("events_stored", 1),), order_by=("-events", "company_id"))
    return {row.company_id: name_of(row) for row in asking.rows(asked)}


def name_of(row: Row) -> str:
    """Companies are delivered without a name: industry, country and the beginning of the id stand for it."""
    known = ", ".join(filter(None, (getattr(row, "industry", None), getattr(row, "hq_country", None))))
    return f"{(row.company_id or 'no company')[:8]} · {known or 'unknown'}"


def how_sure(asking: Asking, company: str | None) -> None:
    st.subheader("How sure are the rates?")
    asked = (
        Question("rpt_consent_companies", where=(In("company_id", (company,)),))
        if company
        else Question("rpt_consent_rates", where=(In("breakdown", ("all",)),))
    )
    [row] = asking.rows(asked)
    parts.tiles(
        *(
            Tile(f"{told}, all days", share(getattr(row, name)), interval_of(row, name), why)
            for name, (told, why) in RATES.items()
        ),
        Tile("Stored records", formats.count(row.events_stored), "small sample" if row.is_small_sample else ""),
    )
    st.caption("All delivered days, with 95 % intervals: only a sample of the records is stored.")


def share(rate: float | None) -> str:
    return parts.FORMATS["share"](rate)


def interval_of(row: Row, rate: str) -> str:
    low, high = getattr(row, f"{rate}_low"), getattr(row, f"{rate}_high")
    if low is None or high is None:
        return getattr(row, f"{rate}_precision") or ""
    return f"{share(low)} to {share(high)}"


def rate_labels(rate: str) -> dict[str, str]:
    return {rate: RATES[rate][0], f"{rate}_low": "From", f"{rate}_high": "To", f"{rate}_precision": "Interval"}


def by_day(asking: Asking, period: Period, company: str | None, rate: str) -> None:
    told = RATES[rate][0]
    st.subheader(f"How does the {told.lower()} develop?")
    if company:
        where = (period.around(), In("company_id", (company,)))
        x, asked = "event_date", Question("rpt_consent_days", where=where, order_by=("event_date",))
    else:
        where = (period.around("member"), In("breakdown", ("day",)))
        x, asked = "member", Question("rpt_consent_rates", where=where, order_by=("member",))
    rows = asking.rows(asked)
    if any(getattr(row, rate) is not None for row in rows):
        drawn = charts.lines(rows, x, {rate: told}, "share", interval=True)
        parts.chart(drawn, f"{told} by day up to {period.last}, with 95 % intervals")
    parts.table(asking, asked, "Days", {x: "Day", **rate_labels(rate), **SAMPLE_LABELS})


def by_company(asking: Asking, rate: str) -> None:
    told, why = RATES[rate]
    st.subheader(f"Which companies' {told.lower()} is high or low?")
    asked = Question("rpt_consent_companies", where=(Between("events_stored", 1),), order_by=("-notices", "-events"))
    draw_intervals(asking.rows(asked.limited(MOST_COMPANIES)), rate, "by company")
    parts.table(asking, asked, "Companies", {**COMPANY_LABELS, **rate_labels(rate), **SAMPLE_LABELS})
    st.caption(
        f"{why} Intervals that overlap may well be equal. Companies sampled differently: compare rates, not volumes."
    )


def by_breakdown(asking: Asking, company: str | None, rate: str) -> None:
    told = RATES[rate][0]
    st.subheader(f"Where is the {told.lower()} high or low?")
    breakdowns = BREAKDOWNS if company is None else {name: BREAKDOWNS[name] for name in ("country", "device")}
    breakdown = filters.one_of("By", "by", breakdowns)
    asked = Question(
        "rpt_consent_company_rates" if company else "rpt_consent_rates",
        where=(In("breakdown", (breakdown,)), *filters.only("company_id", company)),
        order_by=("-notices", "-events", "member"),
    )
    draw_intervals(asking.rows(asked.limited(MOST_MEMBERS)), rate, f"by {breakdown}")
    labels = {"member": BREAKDOWNS[breakdown], **rate_labels(rate), **SAMPLE_LABELS}
    parts.table(asking, asked, BREAKDOWNS[breakdown], labels)
    st.caption("All delivered days. Totals are divided, never averaged: companies with many notices weigh more.")


def draw_intervals(rows: Sequence[Row], rate: str, by: str) -> None:
    drawn = [row for row in rows if getattr(row, rate) is not None]
    if not drawn:
        return
    names = [row.member or "not said" if "member" in row._fields else name_of(row) for row in drawn]
    told = RATES[rate][0]
    parts.chart(charts.intervals(drawn, names, rate, "share", told), f"{told} {by}, with 95 % intervals")


def restated(asking: Asking, period: Period, of_company: tuple[Condition, ...]) -> None:
    st.subheader("Why is a day's opt-in rate another one than was reported?")
    changed = Question(
        "rpt_consent_restatements",
        where=(In("publication", ("restatement",)), *of_company),
        order_by=("-delivered_at", "event_date", "company_id"),
    )
    labels = {
        "event_date": "Day",
        "industry": "Industry",
        "company_id": "Company",
        "opt_in_rate_before": "As reported",
        "opt_in_rate": "Now",
        "opt_in_rate_low": "From",
        "opt_in_rate_high": "To",
        "opt_ins_difference": "Opt-ins, change",
        "notices_difference": "Notices, change",
        **parts.headers(causes.CONSENT),
        "delivered_at": "Delivered, UTC",
        "delivery_id": "By delivery",
        **parts.headers(causes.RETRACTION),
    }
    parts.table(asking, changed, "Restated days", labels)
    st.caption(
        "A later delivery brought records that were late, weighed anew, changed or moved, or took a delivery back."
    )
    options = {f"{row.event_date} {row.company_id}": row for row in asking.rows(changed)}
    names = {key: f"{row.event_date}, {name_of(row)}" for key, row in options.items()}
    if not options or not (chosen := filters.choice("Restated day", "restated", names, "Choose a day of a company")):
        return
    one = options[chosen]
    of_day = (In("event_date", (one.event_date,)), In("company_id", (one.company_id,)))
    published = Question("rpt_consent_restatements", where=of_day, order_by=("delivered_at",))
    rows = [row for row in asking.rows(published) if row.opt_in_rate is not None]
    if rows:
        told = [f"{formats.moment(row.delivered_at)}, {row.publication}" for row in rows]
        drawn = charts.intervals(rows, told, "opt_in_rate", "share", "Opt-in rate")
        parts.chart(drawn, f"Opt-in rate of {one.event_date} after each delivery, with 95 % intervals")
    brought = Question(
        "fct_consent_events",
        columns=tuple(EVENT_LABELS),
        where=(*of_day, In("_delivery_id", (one.delivery_id,))),
        order_by=("event_at", "event_id"),
        schema="marts",
    )
    parts.table(asking, brought, "Records that the delivery brought", EVENT_LABELS)


def statuses(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    st.subheader("What do users choose?")
    asked = Question("rpt_consent_status", where=of_company, order_by=("-choices", "company_id"))
    rows = [row for row in asking.rows(asked) if not row.is_small_sample]
    if rows:
        parts.chart(
            charts.shares([(name_of(row), row.status_group, row.choices) for row in rows], STATUSES),
            "Share of each status of the choices of a company",
        )
    labels = {
        **COMPANY_LABELS,
        "consent_status": "Status",
        "share_of_choices": "Share of choices",
        "share_of_choices_low": "From",
        "share_of_choices_high": "To",
        "share_of_choices_precision": "Interval",
        "choices": "Choices",
        "choices_stored": "Stored records",
        "is_small_sample": "Small sample",
    }
    parts.table(asking, asked, "Choices by status", labels)


def items(asking: Asking, company: str | None) -> None:
    st.subheader("Which purposes and vendors do users refuse?")
    kind = filters.one_of("Of", "kind", KINDS)
    of_kind = Question(
        "rpt_consent_choices", where=(In("kind", (kind,)),), order_by=("enabled_rate", "-offered", "item_id")
    )
    member = In("member", (company,)) if company else In("breakdown", ("all",))
    of_company = (In("breakdown", ("company" if company else "all",)), member)
    asked = of_kind.narrowed(*of_company)
    rows = [row for row in asking.rows(asked) if row.enabled_rate is not None and not row.is_small_sample]
    if rows:
        drawn = charts.intervals(
            rows[:MOST_MEMBERS], [row.item_id for row in rows[:MOST_MEMBERS]], "enabled_rate", "share", "Enabled"
        )
        parts.chart(drawn, f"{KINDS[kind]} by the share of choices that enable them, the most refused first")
    parts.table(asking, asked, KINDS[kind], {"item_id": "Item", **ITEM_LABELS})
    st.caption(
        "Enabled: of the choices about it. Per offer: of the notices that offer it. What is not sampled is exact."
    )
    names = {row.item_id: row.item_id for row in asking.rows(asked) if row.item_id}
    if item := filters.choice("Item", "item", names, "Choose an item to see it by country, device and day"):
        of_item = of_kind.narrowed(In("item_id", (item,)), In("breakdown", ("country", "device", "day")))
        parts.table(asking, of_item, f"Of {item}", {"breakdown": "By", "member": "Of", **ITEM_LABELS})


def answers(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    st.subheader("How long do users take to answer?")
    asked = Question("rpt_consent_time_to_answer", where=of_company, order_by=("definition_label", "-events_stored"))
    labels = {
        "definition_label": "From and to",
        "industry": "Industry",
        "company_id": "Company",
        "median_seconds": "Median, seconds",
        "mean_seconds": "Mean, seconds",
        "coverage": "Coverage",
        "coverage_low": "From",
        "coverage_high": "To",
        "events_stored": "Stored records",
    }
    parts.table(asking, asked, "Time to answer", labels)
    st.caption(
        "Coverage: share of the stored records for which there is such a time. The median and the mean are of those."
    )


def design_effects(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    st.subheader("How much wider are intervals if users were sampled?")
    asked = Question("rpt_consent_design_effects", where=of_company, order_by=("-design_effect", "company_id"))
    labels = {
        "industry": "Industry",
        "company_id": "Company",
        "event_type": "Event",
        "design_effect": "Design effect",
        "events": "Events",
        "events_low": "From, by event",
        "events_high": "To, by event",
        "events_by_user_low": "From, by user",
        "events_by_user_high": "To, by user",
        "events_stored": "Stored records",
        "users_stored": "Users",
        "users_seen_again": "Seen again",
    }
    parts.table(asking, asked, "Design effects", labels)
    st.caption(
        "Senders do not say whether they sample events or users. By user, the variance is larger by the design effect."
    )


def open_errors(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    if not asking.has("rpt_consent_open_errors"):
        return
    st.subheader("Which records are in doubt?")
    labels = {
        "company_id": "Company",
        "events_stored_in_open_errors": "Stored records in open errors",
        "events_in_open_errors": "Events that they stand for",
    }
    asked = Question("rpt_consent_open_errors", where=of_company, order_by=("-events_in_open_errors", "company_id"))
    parts.table(asking, asked, "Records in open errors", labels)

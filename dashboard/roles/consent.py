"""Consent: how many users opt in, where and to what, how sure that is, and why a rate is another than was reported."""

from collections.abc import Sequence

import streamlit as st

from dashboard import charts, filters, parts
from dashboard.asking import Asking
from dashboard.filters import Period
from dashboard.parts import Tile
from dashboard.roles.data_quality import rule_name
from duckhouse.reporting import causes, formats
from duckhouse.reporting.chapters.consent import left_out
from duckhouse.warehouse.questions import Between, Condition, In, Not, Question
from duckhouse.warehouse.reading import Row

TITLE = "Consent"
ICON = ":material/verified_user:"

DAYS, RATES_OF_ALL = "rpt_consent_days", "rpt_consent_rates"
FIGURES = ("notices", "choices", "opt_in_rate", "conversion_rate")
ESTIMATED = ("opt_in_rate", "conversion_rate")
MOST_DRAWN = 20
FIRST = {"high": "Highest first", "low": "Lowest first"}
USUAL_ANSWER = "given_within_session"
ALL, LATE, CHANGED = "All that it brought", "Came late", "Changed"
STATUS_RULE = "consent__consent_changed"
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
    "notices_stored": "Stored notices",
    "choices": "Choices",
    "choices_stored": "Stored choices",
    "events_stored": "Stored records",
    "companies": "Companies",
    "companies_without_notices": "Of them without notices",
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
    "enabled_rate_is_small_sample": "Small sample",
    "enabled_rate_low": "From",
    "enabled_rate_high": "To",
    "enabled_rate_precision": "Interval",
    "enabled_per_offer": "Enabled per offer",
    "enabled_per_offer_is_small_sample": "Small sample of offers",
    "enabled_per_offer_low": "From, per offer",
    "enabled_per_offer_high": "To, per offer",
    "offered": "Offered",
    "enabled_stored": "Stored, enabled",
    "disabled_stored": "Stored, disabled",
    "companies": "Companies",
}
STATUS_CHANGE_LABELS = {
    "event_date": "Day",
    "expected": "Status before",
    "observed": "Status now",
    "finding_key": "Id of the event",
    "last_delivery_id": "By delivery",
}
ANSWER_LABELS = {
    "definition_label": "From and to",
    "industry": "Industry",
    "company_id": "Company",
    "median_seconds": "Median",
    "percentile_90_seconds": "90th percentile",
    "coverage": "Coverage",
    "coverage_low": "From",
    "coverage_high": "To",
    "events_stored": "Stored records",
}


def show(asking: Asking) -> None:
    known = parts.known_days(asking, DAYS, "consent", In("is_full_day", (True,)))
    if not known:
        return
    period = filters.period(*known, usual="Day")
    company = filters.choice("Company", "company", companies(asking), "All companies")
    of_company = filters.only("company_id", company)

    asked = Question(DAYS, measures=parts.asked(FIGURES), where=of_company)
    apart = dict.fromkeys(moved_for_sure(asking, period, company), True)
    parts.figures(asking.one(parts.compared(asked, period)), FIGURES, apart)
    st.caption(
        f"{period.label}: these figures and the table of days follow the period, all else is of all delivered days. A "
        "change of a company's rate is coloured where the intervals of the two days do not overlap."
    )
    other_days(asking, of_company)
    how_sure(asking, company)
    rate = filters.one_of("Rate", "rate", {name: told for name, (told, _) in RATES.items()})
    by_day(asking, period, company, rate)
    first = filters.one_of("Order", "order", FIRST)
    certain = filters.switch("Hide small samples", "certain")
    if company is None:
        by_company(asking, rate, first, certain)
    by_breakdown(asking, company, rate, first, certain)
    restated(asking, period, of_company)
    statuses(asking, of_company)
    items(asking, company)
    answers(asking, of_company)
    design_effects(asking, of_company)
    open_errors(asking, of_company)


def moved_for_sure(asking: Asking, period: Period, company: str | None) -> list[str]:
    """The rates of a company whose intervals of the day and of the day before do not overlap. A longer period has no
    interval, and days of all companies compare different ones."""
    if company is None or not period.before or period.first != period.last:
        return []
    days = asking.rows(of_days(company, Between("event_date", period.before[0], period.last)))
    return [rate for rate in ESTIMATED if len(days) > 1 and are_apart(days, rate)]


def are_apart(days: Sequence[Row], rate: str) -> bool:
    ends = [(getattr(day, f"{rate}_low"), getattr(day, f"{rate}_high")) for day in days]
    return all(low is not None for low, _ in ends) and max(low for low, _ in ends) > min(high for _, high in ends)


def day_of(company: str | None) -> str:
    return "event_date" if company else "member"


def of_days(company: str | None, within: Condition) -> Question:
    """The rates of days with their intervals, of a company or of all of them."""
    if company:
        return Question(DAYS, where=(within, In("company_id", (company,))), order_by=("event_date",))
    return Question(RATES_OF_ALL, where=(In("breakdown", ("day",)), within), order_by=("member",))


def other_days(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    """What is in no period."""
    sums = {
        "stored": f"sum({DAYS}.events_stored)",
        "days": f"count(distinct {DAYS}.event_date)",
        "first_day": f"min({DAYS}.event_date)",
        "last_day": f"max({DAYS}.event_date)",
    }
    asked = Question(
        DAYS, ("is_after_last_delivery",), sums, (In("is_full_day", (False,)), *of_company), ("is_after_last_delivery",)
    )
    told = [
        f"{formats.counted(row.stored, 'stored record')} of {formats.counted(row.days, 'day')} "
        + ("after the last delivery" if row.is_after_last_delivery else "that are not full")
        + f" ({row.first_day}{f' to {row.last_day}' if row.last_day > row.first_day else ''})"
        for row in asking.rows(asked)
    ]
    if told:
        st.caption(
            f"Outside all periods: {', '.join(told)}. A day is not full while it is not over, where few of its events "
            "were delivered, or where only a clock that runs wrong wrote it."
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
        else Question(RATES_OF_ALL, where=(In("breakdown", ("all",)),))
    )
    [row] = asking.rows(asked)
    parts.tiles(
        *(
            Tile(f"{told}, all days", share(getattr(row, name)), interval_of(row, name), why)
            for name, (told, why) in RATES.items()
        ),
        Tile("Stored records", formats.count(row.events_stored)),
    )
    st.caption("All delivered days, with 95 % intervals: only a sample of the records is stored.")
    if company is None and (without := left_out(row)):
        st.caption(
            f"Opt-in rate and conversion rate are {without}: the notices that these choices answer are not known."
        )


def share(rate: float | None) -> str:
    return parts.FORMATS["share"](rate)


def interval_of(row: Row, rate: str) -> str:
    """The interval, or why there is none, and whether it is of a small sample."""
    low, high = getattr(row, f"{rate}_low"), getattr(row, f"{rate}_high")
    told = getattr(row, f"{rate}_precision") if low is None or high is None else f"{share(low)} to {share(high)}"
    return f"{told}, small sample" if is_small(row, rate) else told


def is_small(row: Row, rate: str) -> bool:
    return bool(getattr(row, f"{rate}_is_small_sample"))


def rate_labels(rate: str) -> dict[str, str]:
    return {
        rate: RATES[rate][0],
        f"{rate}_is_small_sample": "Small sample",
        f"{rate}_low": "From",
        f"{rate}_high": "To",
        f"{rate}_precision": "Interval",
    }


def by_day(asking: Asking, period: Period, company: str | None, rate: str) -> None:
    told = RATES[rate][0]
    st.subheader(f"How does the {told.lower()} develop?")
    day = day_of(company)
    asked = of_days(company, period.around(day))
    rows = asking.rows(asked)
    if any(getattr(row, rate) is not None for row in rows):
        drawn = charts.lines(rows, day, {rate: told}, "share", interval=True)
        parts.chart(drawn, f"{told} by day up to {period.last}, with 95 % intervals")
    parts.table(asking, asked, "Days", {day: "Day", **rate_labels(rate), **SAMPLE_LABELS})
    if company is None:
        st.caption(
            "Days have events of different companies, so the rate may move because others are in it: see the column "
            "Companies, and choose a company to follow it."
        )


def by_company(asking: Asking, rate: str, first: str, certain: bool) -> None:
    told, why = RATES[rate]
    st.subheader(f"Which companies' {told.lower()} is high or low?")
    asked = Question("rpt_consent_companies", where=(Between("events_stored", 1),), order_by=ordered(rate, first))
    draw_intervals(asking.rows(asked), rate, "company", certain)
    parts.table(asking, asked, "Companies", {**COMPANY_LABELS, **rate_labels(rate), **SAMPLE_LABELS})
    st.caption(
        f"{why} Intervals that overlap may well be equal. Companies sampled differently: compare rates, not volumes."
    )


def ordered(rate: str, first: str) -> tuple[str, ...]:
    return (f"-{rate}" if first == "high" else rate, "-events")


def by_breakdown(asking: Asking, company: str | None, rate: str, first: str, certain: bool) -> None:
    told = RATES[rate][0]
    st.subheader(f"Where is the {told.lower()} high or low?")
    breakdowns = BREAKDOWNS if company is None else {name: BREAKDOWNS[name] for name in ("country", "device")}
    breakdown = filters.one_of("By", "by", breakdowns)
    asked = Question(
        "rpt_consent_company_rates" if company else RATES_OF_ALL,
        where=(In("breakdown", (breakdown,)), *filters.only("company_id", company)),
        order_by=(*ordered(rate, first), "member"),
    )
    draw_intervals(asking.rows(asked), rate, breakdown, certain)
    labels = {"member": BREAKDOWNS[breakdown], **rate_labels(rate), **SAMPLE_LABELS}
    parts.table(asking, asked, BREAKDOWNS[breakdown], labels)
    st.caption(
        "All delivered days. Totals are divided, never averaged: companies with many notices weigh more. An interval "
        "may end above 100 %: notices and choices are drawn apart, and users may choose again."
    )


def draw_intervals(rows: Sequence[Row], rate: str, by: str, certain: bool) -> None:
    """The first rows that have a rate, and below the chart how many of all rows these are."""
    rated = [row for row in rows if getattr(row, rate) is not None and not (certain and is_small(row, rate))]
    if not rated:
        return
    drawn = rated[:MOST_DRAWN]
    names = [row.member or "not said" if "member" in row._fields else name_of(row) for row in drawn]
    told = RATES[rate][0]
    parts.chart(
        charts.intervals(drawn, names, rate, "share", told, lambda row: is_small(row, rate)),
        f"{told} by {by}, with 95 % intervals",
    )
    shown_of(len(drawn), len(rows), sum(getattr(row, rate) is None for row in rows))


def shown_of(drawn: int, rows: int, without_rate: int) -> None:
    if drawn < rows:
        without = f"; without a rate, for the reason in Interval: {without_rate:,}" if without_rate else ""
        st.caption(f"The chart shows {drawn} of {rows:,}{without}. The table has all of them.")


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
        **parts.headers(causes.CONSENT),
        "opt_in_rate_before": "As reported",
        "opt_in_rate": "Now",
        "opt_in_rate_low": "From",
        "opt_in_rate_high": "To",
        "opt_ins_difference": "Opt-ins, change",
        "notices_difference": "Notices, change",
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
    which = filters.picked("Records", "records", [ALL, LATE, CHANGED], ALL)
    brought = Question(
        "fct_consent_events",
        columns=tuple(EVENT_LABELS),
        where=(*of_day, In("_delivery_id", (one.delivery_id,)), *kept(which, one.delivery_id)),
        order_by=("event_at", "event_id"),
        schema="marts",
    )
    parts.table(asking, brought, "Records that the delivery brought", EVENT_LABELS)
    changed_statuses(asking, one)


def kept(which: str, delivery: str) -> tuple[Condition, ...]:
    came_late = In("first_delivery_id", (delivery,))
    by_choice: dict[str, tuple[Condition, ...]] = {ALL: (), LATE: (came_late,), CHANGED: (Not(came_late),)}
    return by_choice[which]


def changed_statuses(asking: Asking, restatement: Row) -> None:
    """The status of events before the delivery, which the finding about each of them has."""
    if not asking.has("rpt_quality_findings"):
        return
    found = Question(
        "rpt_quality_findings",
        where=(
            In("rule_id", (STATUS_RULE,)),
            In("event_date", (restatement.event_date,)),
            In("last_delivery_id", (restatement.delivery_id,)),
        ),
        order_by=("finding_key",),
    )
    parts.table(asking, found, "Events of the day whose status the delivery changed", STATUS_CHANGE_LABELS)
    rule = asking.one(Question("rpt_quality_rules", where=(In("rule_id", (STATUS_RULE,)),)))
    parts.link("data-quality", rule.title, rule=rule_name(rule))


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
    first = filters.one_of("Order of items", "items", {"low": "Most refused first", "high": "Most enabled first"})
    of_kind = Question(
        "rpt_consent_choices",
        where=(In("kind", (kind,)),),
        order_by=("-enabled_rate" if first == "high" else "enabled_rate", "-offered", "item_id"),
    )
    member = In("member", (company,)) if company else In("breakdown", ("all",))
    of_company = (In("breakdown", ("company" if company else "all",)), member)
    asked = of_kind.narrowed(*of_company)
    rows = asking.rows(asked)
    enough = [row for row in rows if row.enabled_rate is not None and not is_small(row, "enabled_rate")][:MOST_DRAWN]
    if enough:
        parts.chart(
            charts.intervals(enough, [row.item_id for row in enough], "enabled_rate", "share", "Enabled"),
            f"{KINDS[kind]} by the share of choices that enable them, small samples left out",
        )
        shown_of(len(enough), len(rows), sum(row.enabled_rate is None for row in rows))
    parts.table(asking, asked, KINDS[kind], {"item_id": "Item", **ITEM_LABELS})
    st.caption(
        "Enabled: of the choices about it. Per offer: of the notices that offer it, without companies of which no "
        "notice is stored. What is not sampled is exact."
    )
    names = {row.item_id: row.item_id for row in rows if row.item_id}
    if item := filters.choice("Item", "item", names, "Choose an item to see it by country, device and day"):
        of_item = of_kind.narrowed(In("item_id", (item,)), In("breakdown", ("country", "device", "day")))
        parts.table(asking, of_item, f"Of {item}", {"breakdown": "By", "member": "Of", **ITEM_LABELS})


def answers(asking: Asking, of_company: tuple[Condition, ...]) -> None:
    st.subheader("How long do users take to answer?")
    asked = Question("rpt_consent_time_to_answer", where=of_company, order_by=("definition_label", "-events_stored"))
    usual = In("definition", (USUAL_ANSWER,))
    parts.table(asking, asked.narrowed(usual), "Time to answer", ANSWER_LABELS)
    st.caption(
        "Coverage: share of the stored notices with an answer within the time that a session may last. The median and "
        "the 90th percentile are of those."
    )
    with st.expander("By other definitions, and from the first to the last change of a choice"):
        parts.table(asking, asked.narrowed(Not(usual)), "Time to answer by other definitions", ANSWER_LABELS)


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

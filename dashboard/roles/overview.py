"""Overview: is the data of each system complete, right and on time, what changed since yesterday, what to do first?"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import streamlit as st

from dashboard import parts
from dashboard.asking import Asking
from dashboard.parts import link, plain
from dashboard.roles.data_quality import rule_name
from duckhouse.metrics import metrics
from duckhouse.reporting.chapters.consent import left_out
from duckhouse.reporting.formats import change, counted, moment, money
from duckhouse.reporting.overview import WITHOUT_RULES
from duckhouse.warehouse.questions import Comparison, Condition, In, Question
from duckhouse.warehouse.reading import Row

TITLE = "Overview"
ICON = ":material/home:"

MOST_ACTIONS = 8
IN_A_ROW = 3  # tiles
HEADLINES = {
    "ad_delivery": "spend",
    "ad_serving": "revenue_gross",
    "consent": "opt_in_rate",
    "reviews": "average_rating",
    "telemetry": "messages",
}
"""The metric of each system that a day is judged by."""
MONTHLY = {"average_rating"}
SEVERITIES = {
    "error": ("error", "errors"),
    "warning": ("warning", "warnings"),
    "information": ("piece of information", "pieces of information"),
}
RESTATED = {"ad_serving": "rpt_ad_serving_restatements", "consent": "rpt_consent_restatements"}
VERDICTS: Mapping[bool | None, str] = {
    True: ":green[:material/check_circle:]",
    False: ":red[:material/error:]",
    None: ":gray[:material/help:]",
}


def show(asking: Asking) -> None:
    if not asking.has("rpt_quality_systems"):
        st.info(WITHOUT_RULES.format(asking.target))
        return
    systems = asking.rows(Question("rpt_quality_systems", order_by=("label",)))
    if not systems:
        st.info("Nothing was delivered yet. python -m scripts.land brings in files, dbt build publishes them.")
        return
    st.subheader("Is the data complete, right and on time?")
    for system in systems:
        state(asking, system)
    st.caption(
        "Complete: every record is accounted for, and no day in between is empty. Right: no error is open. On time: no "
        "later than usual, judged once three deliveries brought new days."
    )
    st.subheader("What changed since the day and the delivery before?")
    changes(asking, systems)
    st.subheader("What to do first?")
    actions(asking)


def state(asking: Asking, system: Row) -> None:
    """One system: its headline, whether it is complete, right and on time, and what came last."""
    with st.container(border=True):
        name, complete, right, on_time, last = st.columns([4, 2, 3, 3, 4], vertical_alignment="center")
        told(name, f"**{plain(system.label)}**", f"{system.headline_name} {system.headline_value}")
        verdict(complete, system.is_complete, "complete", missing(system))
        verdict(right, system.is_right, "no open error", errors(system))
        verdict(on_time, system.is_on_time, "on time", f"{counted(system.days_late or 0, 'day')} late")
        days = f"days {system.first_day} to {system.last_day}" if system.last_day else "no events"
        told(last, f"Delivered {moment(system.last_delivery_at)}", days)
        if system.source == "consent":
            say_left_out(asking, In("breakdown", ("all",)))


def told(place: Any, markdown: str, note: str) -> None:
    place.markdown(f"{markdown}  \n:small[{plain(note)}]")


def verdict(place: Any, answer: bool | None, good: str, bad: str) -> None:
    words = "not judged yet" if answer is None else good if answer else plain(bad)
    place.markdown(f"{VERDICTS[answer]} {words}")


def missing(system: Row) -> str:
    lost = [counted(system.records_unaccounted, "record") + " unaccounted for"] * bool(system.records_unaccounted)
    empty = [counted(system.days_without_events, "day") + " without events"] * bool(system.days_without_events)
    return ", ".join(lost + empty)


def errors(system: Row) -> str:
    amount = f", {money(system.impact_amount, system.impact_currency)}" if system.impact_amount else ""
    return counted(system.open_errors, "open error") + amount


def changes(asking: Asking, systems: Sequence[Row]) -> None:
    """The last day of each system beside the day before it, and what its last delivery did."""
    last = last_deliveries(asking)
    found = findings_of(asking, last)
    for first in range(0, len(systems), IN_A_ROW):
        for system, place in zip(systems[first : first + IN_A_ROW], st.columns(IN_A_ROW), strict=False):
            with place:
                compared_day(asking, system)
                new = found.get(system.source, ["No new finding"])
                fixed = [f"Fixed so far: {counted(system.closed_findings, 'finding')}"] * bool(system.closed_findings)
                for line in (*new, *fixed, *restated(asking, system.source, last.get(system.source))):
                    st.markdown(plain(line))


def compared_day(asking: Asking, system: Row) -> None:
    """The headline of the last day that is over beside the day before; of what is kept by month, the months."""
    name = HEADLINES.get(system.source)
    if name is None or system.last_day is None or not asking.has(metrics()[name].view):
        st.markdown(f"**{plain(system.label)}**")
        return
    day = last_day_to_compare(asking, system)
    before, column, told = day - timedelta(days=1), "event_date", "%Y-%m-%d"
    if name in MONTHLY:
        day, column, told = day.replace(day=1), "month", "%B %Y"
        before = (day - timedelta(days=1)).replace(day=1)
    question = Question(metrics()[name].view, measures=parts.asked([name]))
    row = asking.one(Comparison(question, In(column, (day,)), In(column, (before,))))
    parts.tile(st, row, name, title=f"{plain(system.label)}: {metrics()[name].label.lower()}")
    st.caption(f"{day:{told}}, beside {before:{told}}")
    if system.source == "consent":
        say_left_out(asking, In("breakdown", ("day",)), In("member", (str(day),)))


def say_left_out(asking: Asking, *where: Condition) -> None:
    """Which companies an opt-in rate leaves out."""
    if asking.has("rpt_consent_rates"):
        for line in filter(None, map(left_out, asking.rows(Question("rpt_consent_rates", where=where)))):
            st.caption(line.capitalize())


def last_day_to_compare(asking: Asking, system: Row) -> date:
    """The last day that is over; of consent, whose days may be delivered in part, the last full one."""
    last: date = system.last_day
    if system.source == "consent":
        measures = {"last_day": "max(event_date)", "days": "count(*)"}
        full = asking.one(Question("rpt_consent_days", measures=measures, where=(In("is_full_day", (True,)),)))
        if full.days:
            last = full.last_day
    return last if last < system.last_delivery_at.date() else last - timedelta(days=1)


def last_deliveries(asking: Asking) -> dict[str, str]:
    question = Question("rpt_quality_deliveries", ("source",), {"last_id": "max(delivery_id)"})
    return {row.source: row.last_id for row in asking.rows(question)}


def findings_of(asking: Asking, deliveries: Mapping[str, str]) -> dict[str, list[str]]:
    """In words what the rules found in these deliveries that was not there before."""
    if not asking.has("rpt_quality_findings"):
        return {}
    question = Question(
        "rpt_quality_findings",
        ("source", "severity"),
        {"found": "count(*)"},
        (In("first_delivery_id", tuple(deliveries.values())), In("is_open", (True,))),
    )
    counts: dict[str, dict[str, int]] = {}
    for row in asking.rows(question):
        counts.setdefault(row.source, {})[row.severity] = row.found
    return {source: [f"New findings: {', '.join(in_words(of))}"] for source, of in counts.items()}


def in_words(of: Mapping[str, int]) -> list[str]:
    return [counted(of[severity], *names) for severity, names in SEVERITIES.items() if severity in of]


def restated(asking: Asking, source: str, delivery: str | None) -> list[str]:
    """In words which published days the delivery changed."""
    view = RESTATED.get(source)
    if view is None or delivery is None or not asking.has(view):
        return []
    moved = {"moved": "sum(revenue_usd_difference)"} if source == "ad_serving" else {}
    where = (In("delivery_id", (delivery,)), In("publication", ("restatement",)))
    row = asking.one(Question(view, measures={"days": "count(distinct event_date)", **moved}, where=where))
    if not row.days:
        return ["No published day was restated"]
    return [f"Restated: {counted(row.days, 'day')}" + (f", {change(row.moved)}" if moved else "")]


def actions(asking: Asking) -> None:
    if not asking.has("rpt_quality_actions"):
        st.info(WITHOUT_RULES.format(asking.target))
        return
    found = asking.rows(Question("rpt_quality_actions", order_by=("rank",), limit=MOST_ACTIONS))
    if not found:
        st.success("No finding needs anybody: no error and no warning is open.")
        return
    for action in found:
        with st.container(border=True):
            link("data-quality", f"{action.title} ({action.source_label})", rule=rule_name(action))
            todo, size = st.columns([3, 1])
            told(todo, plain(action.action), action.owner)
            amount = money(action.impact_amount, action.impact_currency) or counted(action.records, "record")
            told(size, f"**{plain(amount)}**", counted(action.findings, f"open {action.severity}"))
    link("data-quality", "All findings")

"""Data quality: what should be fixed first, why, by whom, on which evidence, and the rows behind each finding."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import streamlit as st

from dashboard import charts, parts
from dashboard.asking import Asking
from dashboard.filters import choice, named, one_of, only, picked
from dashboard.parts import Tile, link, plain
from dashboard.staged import in_staging
from duckhouse.reporting.chapters.quality import ACTIONS
from duckhouse.reporting.formats import count, counted, money, percent
from duckhouse.reporting.overview import WITHOUT_RULES
from duckhouse.warehouse.questions import Between, Condition, In, Question, Value
from duckhouse.warehouse.reading import Row
from duckhouse.wording import IN_A_DELIVERY, compared, figures, place, shortened, words

TITLE = "Data quality"
ICON = ":material/fact_check:"

RULES, SYSTEMS, FINDINGS, TREND = (
    "rpt_quality_rules",
    "rpt_quality_systems",
    "rpt_quality_findings",
    "rpt_quality_rule_days",
)
MOST_TO_PICK = 200  # findings in the list of those whose rows are shown
ANY_SEVERITY = {"error": "Errors", "warning": "Warnings", "information": "Information"}
SEVERITY_COLOURS = (charts.RED, charts.ORANGE, charts.GREY)
OPEN = {"open_errors": "errors", "open_warnings": "warnings", "open_information": "information"}
SHOWN: Mapping[str, tuple[str, tuple[Condition, ...]]] = {
    "open": ("Open", (In("is_open", (True,)), In("is_acknowledged", (False,)))),
    "acknowledged": ("Acknowledged", (In("is_open", (True,)), In("is_acknowledged", (True,)))),
    "closed": ("Fixed", (In("is_open", (False,)),)),
}
REJECTED = "__rejected_record"
FILES = "files"  # the entity of rules about files of any table
NAMES = {
    ("ad_serving", "publisher_id"): ("dim_publishers", "publisher_name"),
    ("ad_serving", "ad_unit_id"): ("dim_ad_units", "ad_unit_name"),
    ("ad_serving", "campaign_id"): ("dim_campaigns", "campaign_name"),
    ("reviews", "product_id"): ("dim_products", "title"),
}
"""The mart and the column that have the name of an id, by system."""
DAY = re.compile(r"\d{4}-\d\d-\d\d(\|\d\d?)?")
"""The key of a day, or of an hour of it."""
RULE_LABELS = {
    "place": "Rank",
    "title": "Finding",
    "source_label": "System",
    "severity": "Severity",
    "owner": "Owner",
    "open_findings": "Open",
    "acknowledged_findings": "Acknowledged",
    "closed_findings": "Fixed",
    "records": "Records",
    "impact_amount": "Money",
    "impact_currency": "Currency",
    "first_day": "First day",
    "last_day": "Last day",
    "fix": "What to do",
}
FINDING_LABELS = {
    "finding_key": "Key",
    "event_date": "Day",
    "observed": "Found",
    "expected": "Expected",
    "record_count": "Records",
    "impact_amount": "Money",
    "impact_currency": "Currency",
    "evidence": "Evidence",
    "acknowledgement": "Acknowledged because",
    "first_delivery_id": "First delivery",
    "last_delivery_id": "Last delivery",
}


def show(asking: Asking) -> None:
    if not asking.has(RULES):
        st.info(WITHOUT_RULES.format(asking.target))
        return
    systems = asking.rows(Question(SYSTEMS, order_by=("label",)))
    left, middle, right = st.columns([2, 2, 3])
    with left:
        system = choice("System", "system", named(systems, "source", "label"))
    with middle:
        severity = choice("Severity", "severity", ANY_SEVERITY)
    where = (*only("source", system), *only("severity", severity))
    found = asking.rows(Question(RULES, ("rule_id", "title"), {"place": "min(place)"}, where, ("place",)))
    with right:
        rule = choice("Rule", "rule", {row.rule_id: rule_name(row) for row in found}, "All rules, ranked")
    if rule:
        one_rule(asking, rule)
    else:
        ranking(asking, where, only("source", system))


def rule_name(row: Row) -> str:
    """A rule in the list of rules, and in the address of its page."""
    return f"{row.title} · {row.rule_id}"


def ranking(asking: Asking, where: tuple[Condition, ...], of_system: tuple[Condition, ...]) -> None:
    sums = {name: f"sum({name})" for name in (*OPEN, "closed_findings")}
    sums["without_fault"] = "min(share_without_fault)"
    counts = asking.one(Question(SYSTEMS, measures=sums, where=of_system))
    lowest = "Events without a fault of their own" if of_system else "Least events without a fault of their own"
    parts.tiles(
        Tile("Open errors", count(counts.open_errors), description="Figures are wrong until somebody acts."),
        Tile("Open warnings", count(counts.open_warnings), description="Figures may be wrong."),
        Tile("Fixed", count(counts.closed_findings), description="Findings that a later delivery has fixed."),
        Tile(
            lowest,
            percent(counts.without_fault, 2),
            description="Events that carry no open error or warning of their own; of several systems the lowest share. "
            "Findings about a day, a file, a device or a group do not count here.",
        ),
    )
    st.subheader("Which systems have open findings?")
    systems = asking.rows(Question(SYSTEMS, where=of_system, order_by=("label",)))
    shares = [(row.label, told, getattr(row, column)) for row in systems for column, told in OPEN.items()]
    if any(number for *_, number in shares):
        parts.chart(
            charts.shares(shares, list(OPEN.values()), SEVERITY_COLOURS),
            "Numbers and shares of errors, warnings and information among the open findings of each system.",
        )
    st.subheader("What should be fixed first?")
    st.caption(
        "Ranked by the money that open findings are about, then errors before warnings, then by records; information, "
        "which the pipeline fixes or which is only worth knowing, comes last. An amount with two faults counts with "
        "both. Choose a rule above to see why it matters, its findings and the rows behind them."
    )
    ranked = Question(
        RULES, ("rule_id", *RULE_LABELS), where=(*where, Between("open_findings", 1)), order_by=("place",)
    )
    parts.table(asking, ranked, "Rules with open findings", {**RULE_LABELS, "rule_id": "Rule"})


def one_rule(asking: Asking, rule_id: str) -> None:
    rule = asking.one(Question(RULES, where=(In("rule_id", (rule_id,)),)))
    st.subheader(plain(rule.title))
    st.caption(plain(f"{rule.source_label}, {rule.entity}: {rule.rule_id}"))
    parts.tiles(
        Tile("Open", count(rule.open_findings), counted(rule.acknowledged_findings, "acknowledged", "acknowledged")),
        Tile("Fixed", count(rule.closed_findings)),
        Tile("Records", count(rule.records)),
        Tile("Money", money(rule.impact_amount, rule.impact_currency)),
    )
    st.markdown(f"**Why it matters.** {plain(rule.why)}")
    st.markdown(f"**What to do ({plain(rule.owner)}).** {plain(rule.fix)}")
    st.markdown(
        f"**Severity: {plain(rule.severity)}.** {plain(ACTIONS.get(rule.pipeline_action, rule.pipeline_action))}"
    )
    trend = asking.rows(Question(TREND, where=(In("rule_id", (rule_id,)),), order_by=("event_date",)))
    if len(trend) > 1:
        st.markdown("**On which days?**")
        parts.chart(
            charts.bars(trend, "event_date", {"open_findings": "open findings"}, "count"),
            "Open findings of the rule by the day of their events.",
        )
    findings(asking, rule_id)


def findings(asking: Asking, rule_id: str) -> None:
    st.subheader("What was found?")
    shown = one_of("Findings", "show", {key: told for key, (told, _) in SHOWN.items()})
    question = Question(FINDINGS, where=(In("rule_id", (rule_id,)), *SHOWN[shown][1]), order_by=("place",))
    parts.table(asking, question, f"{SHOWN[shown][0]} findings", FINDING_LABELS)
    found = asking.rows(question.limited(MOST_TO_PICK))
    if not found:
        return
    st.subheader("Which rows are behind a finding?")
    by_key = {row.finding_key: row for row in found}
    behind(asking, by_key[picked("Finding", "finding", list(by_key), found[0].finding_key)])


def behind(asking: Asking, finding: Row) -> None:
    """The evidence of a finding, and the events or the record that it is about."""
    st.text(f"{place(finding.finding_key)}: {compared(finding.observed, finding.expected)}")
    st.text(figures(finding.evidence))
    evidence = json.loads(finding.evidence, strict=False)
    for told in names(asking, finding.source, evidence):
        st.text(told)
    table = "rejected" if finding.rule_id.endswith(REJECTED) else finding.entity
    if finding.is_about_event:
        one_event(asking, finding)
    elif table != FILES and (record := record_of(finding, evidence)):
        in_staging(asking, f"stg_{finding.source}__{table}", **record)
    elif where := subject(asking, finding, evidence):
        told = ", ".join(f"{words(column)} {value}" for column, value in where.items())
        st.markdown(plain(f"Events with {told}, in marts.{finding.event_mart}"))
        conditions = tuple(In(column, (value,)) for column, value in where.items())
        question = Question(finding.event_mart, where=conditions, order_by=(finding.event_key,), schema="marts")
        labels = {name: words(name).capitalize() for name in columns_of(asking, finding.event_mart)}
        parts.table(asking, question, "Events of the finding", labels)
    else:
        st.caption("It is not about single events or records: the key and the evidence say what it is about.")


def names(asking: Asking, source: str, evidence: Mapping[str, Any]) -> Iterator[str]:
    """What is called how, of the ids in the evidence."""
    for column, value in evidence.items():
        if value is not None and (place_of_name := NAMES.get((source, column))):
            mart, name = place_of_name
            question = Question(mart, (name,), where=(In(column, (str(value),)),), schema="marts")
            for row in asking.rows(question):
                if called := getattr(row, name):
                    yield f"{words(column.removesuffix('_id'))} {value} is {shortened(called)}"


def one_event(asking: Asking, finding: Row) -> None:
    event = Question(finding.event_mart, where=(In(finding.event_key, (finding.finding_key,)),), schema="marts")
    st.markdown(f"**The event, in `marts.{finding.event_mart}`**")
    for values in asking.table(event).to_pylist():
        st.dataframe(
            {"Column": list(values), "Value": ["" if one is None else str(one) for one in values.values()]},
            hide_index=True,
            alt="The event",
        )


def record_of(finding: Row, evidence: Mapping[str, Any]) -> dict[str, Value]:
    """The place of the record that a finding is about; empty where it is about something else."""
    if "_source_row" not in evidence:
        return {}
    named = IN_A_DELIVERY.fullmatch(finding.finding_key)
    if named and named[3]:
        return {"_delivery_id": named[1], "_source_file": named[2], "_source_row": int(named[3])}
    its_place = {column: evidence[column] for column in ("_source_file", "_source_row")}
    return {"_delivery_id": finding.last_delivery_id, **its_place}


def subject(asking: Asking, finding: Row, evidence: Mapping[str, Any]) -> dict[str, Value]:
    """The values of columns of events that a finding about a day, a file or a group names: of its evidence all texts
    and keys that events have, and the day where its key has it."""
    if finding.event_mart is None:
        return {}
    if file := IN_A_DELIVERY.fullmatch(finding.finding_key):
        return {"_delivery_id": file[1], "_source_file": evidence.get("source_file", file[2])}
    known = columns_of(asking, finding.event_mart)
    said = {**evidence, evidence.get("segment", ""): evidence.get("member")}
    named: dict[str, Value] = {
        column: value
        for column, value in said.items()
        if column in known and not column.startswith("_") and (isinstance(value, str) or column.endswith("_id"))
    }
    if finding.finding_key.startswith(f"{finding.last_delivery_id}|"):
        named["_delivery_id"] = finding.last_delivery_id
    names_a_day = finding.event_date is not None and str(finding.event_date) in finding.finding_key
    if names_a_day and (named or DAY.fullmatch(finding.finding_key)):
        return {"event_date": finding.event_date, **named}
    return named


def columns_of(asking: Asking, mart: str) -> list[str]:
    return list(asking.table(Question(mart, limit=0, schema="marts")).column_names)


def rule_links(asking: Asking, system: str) -> None:
    """A link to each rule of a system that has open findings."""
    if not asking.has(RULES):
        return
    where = (In("source", (system,)), Between("open_findings", 1))
    for rule in asking.rows(Question(RULES, where=where, order_by=("place",))):
        link("data-quality", f"{rule.title}: {counted(rule.open_findings, 'open finding')}", rule=rule_name(rule))

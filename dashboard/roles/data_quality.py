"""Data quality: what should be fixed first, why, by whom, on which evidence, and the rows behind each finding."""

from collections.abc import Mapping

import streamlit as st

from dashboard import charts, parts
from dashboard.asking import Asking
from dashboard.filters import choice, named, one_of, only, picked
from dashboard.parts import Tile, plain
from duckhouse.reporting.chapters.quality import ACTIONS
from duckhouse.reporting.formats import count, counted, money, percent
from duckhouse.reporting.overview import WITHOUT_RULES
from duckhouse.warehouse.questions import Between, Condition, In, Question
from duckhouse.warehouse.reading import Row
from duckhouse.wording import compared, figures, place

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
OPEN = {"open_errors": "errors", "open_warnings": "warnings", "open_information": "information"}
SHOWN: Mapping[str, tuple[str, tuple[Condition, ...]]] = {
    "open": ("Open", (In("is_open", (True,)), In("is_acknowledged", (False,)))),
    "acknowledged": ("Acknowledged", (In("is_open", (True,)), In("is_acknowledged", (True,)))),
    "closed": ("Fixed", (In("is_open", (False,)),)),
}
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
MOST_MONEY_FIRST = ("-impact_amount", "-record_count", "finding_key")


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
    lowest = "Events without a fault" if of_system else "Least events without a fault"
    parts.tiles(
        Tile("Open errors", count(counts.open_errors), description="Figures are wrong until somebody acts."),
        Tile("Open warnings", count(counts.open_warnings), description="Figures may be wrong."),
        Tile("Fixed", count(counts.closed_findings), description="Findings that a later delivery has fixed."),
        Tile(
            lowest,
            percent(counts.without_fault, 2),
            description="Events that carry no open error or warning of their own; of several systems the lowest share.",
        ),
    )
    st.subheader("Which systems have open findings?")
    systems = asking.rows(Question(SYSTEMS, where=of_system, order_by=("label",)))
    shares = [(row.label, told, getattr(row, column)) for row in systems for column, told in OPEN.items()]
    if any(number for *_, number in shares):
        parts.chart(
            charts.shares(shares, list(OPEN.values())),
            "Shares of errors, warnings and information among the open findings of each system.",
        )
    st.subheader("What should be fixed first?")
    st.caption(
        "Ranked by the money that open findings are about, then by records. An amount with two faults counts with "
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
    question = Question(FINDINGS, where=(In("rule_id", (rule_id,)), *SHOWN[shown][1]), order_by=MOST_MONEY_FIRST)
    parts.table(asking, question, f"{SHOWN[shown][0]} findings", FINDING_LABELS)
    found = asking.rows(question.limited(MOST_TO_PICK))
    if not found:
        return
    st.subheader("Which rows are behind a finding?")
    by_key = {row.finding_key: row for row in found}
    behind(asking, by_key[picked("Finding", "finding", list(by_key), found[0].finding_key)])


def behind(asking: Asking, finding: Row) -> None:
    """The evidence of a finding, and the event that it is about."""
    st.text(f"{place(finding.finding_key)}: {compared(finding.observed, finding.expected)}")
    st.text(figures(finding.evidence))
    if finding.event_mart is None:
        st.caption("It is about a file, a day or a group, not about one event: the key and the evidence say which.")
        return
    event = Question(finding.event_mart, where=(In(finding.event_key, (finding.finding_key,)),), schema="marts")
    st.markdown(f"**The event, in `marts.{finding.event_mart}`**")
    for values in asking.table(event).to_pylist():
        st.dataframe(
            {"Column": list(values), "Value": ["" if one is None else str(one) for one in values.values()]},
            hide_index=True,
            alt="The event",
        )

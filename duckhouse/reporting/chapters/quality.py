"""Data quality in the report: the scorecard, and what each rule found, ranked by money and then by records."""

import html
import json
import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from duckhouse.reporting.page import (
    Found,
    Markup,
    days_chart,
    definitions,
    money,
    paragraph,
    section,
    share,
    sparkline,
    table,
)

HEADING = "Data quality"
SEVERITIES = {"error": "#c0392b", "warning": "#e0a030", "information": "#9aa5b1"}
ACTIONS = {
    "keep": "Counts the record as it was delivered.",
    "flag": "Counts the record, and marks it in the marts.",
    "set aside": "Keeps the record out of the marts, with its reason.",
    "block": "Publishes nothing while the finding is open.",
}
EXAMPLES = 3
DRAWN_SHARE = Decimal("0.01")  # of the events of the largest day: days with less are strays of broken clocks
DAYS_OF_A_YEAR = 366
MOST_BARS = 60  # of a trend; a longer time has several days a bar
LONGEST_VALUE = 160  # characters of a value in an example

SCORECARD = """
    select source, cast(sum(events) as bigint), cast(sum(findings_error) as bigint),
           cast(sum(findings_warning) as bigint), cast(sum(findings_information) as bigint),
           cast(sum(findings_mended) as bigint), sum(impact_amount), max(impact_currency),
           cast(coalesce(sum(events_at_fault) filter (events > 0), 0) as bigint)
    from quality.agg_dq_scorecard
    group by source
    order by source
"""
DAYS = """
    select source, event_date, events, findings_error, findings_warning, findings_information
    from quality.agg_dq_scorecard
    where event_date is not null
    order by source, event_date
"""
RULES = """
    with found as (
        select rule_id, count(*) filter (is_open) as open_findings, count(*) filter (not is_open) as mended_findings,
               sum(record_count) filter (is_open) as records, sum(abs(impact_amount)) filter (is_open) as impact,
               max(impact_currency) as currency
        from quality.fct_dq_findings
        group by rule_id
    )
    select rules.rule_id, rules.source, title, why, severity, action, owner, fix, coalesce(open_findings, 0),
           coalesce(mended_findings, 0), cast(coalesce(records, 0) as bigint), impact, currency
    from quality.dim_dq_rules as rules
    left join found using (rule_id)
    order by coalesce(impact, 0) desc, coalesce(records, 0) desc, rules.rule_id
"""
TRENDS = """
    select rule_id, event_date, count(*)
    from quality.fct_dq_findings
    where is_open and event_date is not null
    group by rule_id, event_date
"""
FINDINGS = f"""
    select rule_id, finding_key, event_date, observed, expected, record_count, impact_amount, impact_currency, evidence
    from quality.fct_dq_findings
    where is_open
    qualify row_number() over (
        partition by rule_id order by abs(impact_amount) desc nulls last, record_count desc, finding_key
    ) <= {EXAMPLES}
    order by rule_id, abs(impact_amount) desc nulls last, record_count desc, finding_key
"""
QUERIES = {
    "rows": "select 1 from quality.agg_dq_scorecard limit 1",
    "scorecard": SCORECARD,
    "days": DAYS,
    "rules": RULES,
    "trends": TRENDS,
    "findings": FINDINGS,
}
TO_SEE = (
    "select * from quality.fct_dq_findings where rule_id = '{}' and is_open order by abs(impact_amount) desc nulls last"
)


class RuleSummary(NamedTuple):
    rule_id: str
    source: str
    title: str
    why: str
    severity: str
    action: str
    owner: str
    fix: str
    open_findings: int
    mended_findings: int
    records: int
    impact: Decimal | None
    currency: str | None


class Finding(NamedTuple):
    rule_id: str
    key: str
    day: date | None
    observed: str | None
    expected: str | None
    records: int
    impact: Decimal | None
    currency: str | None
    evidence: str


def summary(found: Found) -> list[tuple[str, str]]:
    """The figures that the report opens with, named and formatted."""
    rules = [RuleSummary(*row) for row in found["rules"]]
    lines = [("rules", f"{len(rules)}, {sum(1 for rule in rules if rule.open_findings)} of them found something")]
    for source, events, errors, warnings, information, mended, impact, currency, at_fault in found["scorecard"]:
        lines += [
            (f"{named(source)}: events", f"{events:,}, {without_fault(events, at_fault)} without fault"),
            ("  open errors", f"{errors:,}" + (f", about {money(impact, currency)}" if impact else "")),
            ("  open warnings, information", f"{warnings:,}, {information:,}"),
            ("  mended by a later delivery", f"{mended:,}"),
        ]
    return lines


def sections(found: Found) -> list[str]:
    rules = [RuleSummary(*row) for row in found["rules"]]
    shown = [rule for rule in rules if rule.open_findings or rule.mended_findings]
    trends = drawn_trends(found, shown)
    return [
        section("Scorecard", scorecard(found), lead(rules)),
        section("What was found", ranking(shown, trends), RANKED) if shown else section("What was found", NOTHING),
        *details(found, shown, trends),
        paragraph(found_nothing(rules)),
    ]


WITHOUT_FAULT = (
    "Errors, warnings and information are open findings; mended are those that a later delivery put right. "
    "Without fault: the share of events that carry no open error or warning of their own."
)
RANKED = (
    "Ranked by the money that open findings are about, then by records. An amount with two faults counts with both, "
    "so amounts of rules do not add up. The trend is of open findings by the day of their events."
)
NOTHING = paragraph("No rule found anything.")
SCORECARD_HEADERS = (
    *("source", "events", "without fault", "errors", "warnings", "information", "mended", "money of errors"),
)
RANKING_HEADERS = ("finding", "severity", "open", "money", "records", "mended", "trend")


def lead(rules: list[RuleSummary]) -> str:
    """What somebody must know who reads on for one paragraph only."""
    counts = {severity: sum(r.open_findings for r in rules if r.severity == severity) for severity in SEVERITIES}
    found = sum(1 for rule in rules if rule.open_findings)
    text = (
        f"{len(rules)} rules look for one kind of fault each; {found} of them found something. "
        f"{counts['error']:,} open findings are errors (a figure is wrong until somebody acts), {counts['warning']:,} "
        f"warnings (it may be), {counts['information']:,} information (the pipeline fixes it, or it is worth knowing)."
    )
    errors = [rule for rule in rules if rule.severity == "error" and rule.open_findings]
    if errors and errors[0].impact:
        text += f" The most expensive error: {errors[0].title}, {money(errors[0].impact, errors[0].currency)}."
    return text


def scorecard(found: Found) -> str:
    rows = (
        (
            named(source),
            f"{events:,}",
            without_fault(events, at_fault),
            *(f"{count:,}" for count in counts),
            money(impact or None, currency),
        )
        for source, events, *counts, impact, currency, at_fault in found["scorecard"]
    )
    return (
        table(SCORECARD_HEADERS, rows)
        + paragraph(WITHOUT_FAULT)
        + "".join(findings_by_day(found, row[0]) for row in found["scorecard"])
    )


def findings_by_day(found: Found, source: str) -> str:
    days = drawn_days(found, source)
    drawn = [row for row in found["days"] if row[0] == source and row[1] in days]
    elsewhere = sum(sum(row[3:]) for row in found["days"] if row[0] == source and row[1] not in days)
    if not any(count for row in drawn for count in row[3:]):
        return ""
    points = [
        (row[1], severity, count) for row in drawn for severity, count in zip(SEVERITIES, row[3:], strict=True) if count
    ]
    note = f" Not drawn: {elsewhere:,} on days with hardly any event, or long before." if elsewhere else ""
    return (
        f"<h3>{html.escape(named(source).capitalize())}</h3>"
        + paragraph(f"Open findings by the day of their events.{note}")
        + days_chart(points, "open findings", "d", SEVERITIES)
    )


def drawn_days(found: Found, source: str) -> list[date]:
    """Each day from the first to the last that has more than strays, of a year at most."""
    events = {row[1]: row[2] for row in found["days"] if row[0] == source and row[2]}
    filled = [day for day, count in events.items() if count >= DRAWN_SHARE * max(events.values())]
    if not filled:
        return []
    last = max(filled)
    first = max(min(filled), last - timedelta(days=DAYS_OF_A_YEAR - 1))
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def drawn_trends(found: Found, rules: list[RuleSummary]) -> dict[str, Markup]:
    """A sparkline for each rule with findings on the days that its source is drawn for."""
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for rule_id, day, count in found["trends"]:
        counts[rule_id][day] = count
    days = {source: drawn_days(found, source) for source in {rule.source for rule in rules}}
    trends = {rule.rule_id: trend(counts[rule.rule_id], days[rule.source]) for rule in rules}
    return {rule_id: drawing for rule_id, drawing in trends.items() if drawing}


def trend(counts: dict[date, int], days: list[date]) -> Markup | None:
    width = math.ceil(len(days) / MOST_BARS)
    bars = [sum(counts.get(day, 0) for day in days[first : first + width]) for first in range(0, len(days), width or 1)]
    if not any(bars):
        return None
    unit = "a day" if width == 1 else f"in {width} days"
    label = f"{days[0]} to {days[-1]}, at most {max(bars):,} {unit}"
    return Markup(f'{sparkline(bars, label)}<span class="figures caption">{html.escape(label)}</span>')


def ranking(rules: list[RuleSummary], trends: dict[str, Markup]) -> str:
    return table(RANKING_HEADERS, (ranked(rule, trends.get(rule.rule_id, "")) for rule in rules))


def ranked(rule: RuleSummary, drawing: str) -> tuple[str, ...]:
    return (
        Markup(
            f'<a href="#{html.escape(rule.rule_id)}">{html.escape(rule.title)}</a> '
            f'<span class="figures">{html.escape(named(rule.source))}</span>'
        ),
        badge(rule.severity),
        f"{rule.open_findings:,}",
        money(rule.impact, rule.currency),
        f"{rule.records:,}",
        f"{rule.mended_findings:,}",
        drawing,
    )


def details(found: Found, rules: list[RuleSummary], trends: dict[str, Markup]) -> Iterable[str]:
    examples: dict[str, list[Finding]] = defaultdict(list)
    for row in found["findings"]:
        examples[row[0]].append(Finding(*row))
    for rule in rules:
        yield of_rule(rule, trends.get(rule.rule_id), examples[rule.rule_id])


def of_rule(rule: RuleSummary, drawing: Markup | None, examples: list[Finding]) -> str:
    """What a rule found, why that matters and what is to be done: open for errors, folded for the rest."""
    is_open = " open" if rule.severity == "error" and rule.open_findings else ""
    figures = " · ".join(figures_of(rule))
    facts = [
        *([("Trend", drawing)] if drawing else []),
        ("The pipeline", ACTIONS[rule.action]),
        (f"To fix ({rule.owner})", rule.fix),
        ("To see them", Markup(f"<pre><code>{html.escape(TO_SEE.format(rule.rule_id))}</code></pre>")),
    ]
    shown = "".join(f"<li>{example(finding)}</li>" for finding in examples)
    return (
        f'<details id="{html.escape(rule.rule_id)}"{is_open}><summary>{badge(rule.severity)} '
        f"<strong>{html.escape(rule.title)}</strong> "
        f'<span class="figures">{html.escape(f"{named(rule.source)} · {figures}")}</span></summary>'
        f"{paragraph(rule.why)}{f'<ul>{shown}</ul>' if shown else ''}{definitions(facts)}</details>"
    )


def figures_of(rule: RuleSummary) -> Iterable[str]:
    yield f"{rule.open_findings:,} open"
    if rule.mended_findings:
        yield f"{rule.mended_findings:,} mended"
    if rule.open_findings:
        yield records_of(rule.records)
    if rule.impact is not None:
        yield money(rule.impact, rule.currency)


def example(finding: Finding) -> str:
    about = [f"key {shortened(finding.key)}", *([str(finding.day)] if finding.day else [])]
    if finding.records > 1:
        about.append(records_of(finding.records))
    if finding.impact is not None:
        about.append(money(finding.impact, finding.currency))
    evidence = "; ".join(
        f"{name.strip('_').replace('_', ' ')}: {shortened(value)}" for name, value in evidence_of(finding).items()
    )
    return (
        f"<strong>{html.escape(shortened(finding.observed))}</strong>, expected: "
        f"{html.escape(shortened(finding.expected))}"
        f'<div class="evidence">{html.escape(" · ".join(about))}</div>'
        f'<div class="evidence">{html.escape(evidence)}</div>'
    )


def evidence_of(finding: Finding) -> dict[str, Any]:
    """The evidence by name, numbers as they are written."""
    evidence: dict[str, Any] = json.loads(finding.evidence, parse_float=str, strict=False)
    return evidence


def shortened(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def found_nothing(rules: list[RuleSummary]) -> str:
    quiet: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        if not rule.open_findings and not rule.mended_findings:
            quiet[rule.source].append(rule.title)
    if not quiet:
        return "Every rule found something."
    by_source = "; ".join(f"{named(source)}: {', '.join(sorted(quiet[source]))}" for source in sorted(quiet))
    return f"Nothing was found by {sum(map(len, quiet.values()))} rules. {by_source}."


def badge(severity: str) -> Markup:
    return Markup(f'<span class="severity {html.escape(severity)}">{html.escape(severity)}</span>')


def without_fault(events: int, at_fault: int) -> str:
    return share(events - at_fault, events)


def records_of(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


def named(source: str) -> str:
    return source.replace("_", " ")

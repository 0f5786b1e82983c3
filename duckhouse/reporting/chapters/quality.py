"""Data quality in the report: which systems have errors, and what each rule found, by money and then by records."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from duckhouse import wording
from duckhouse.reporting import charts, formats
from duckhouse.reporting.page import (
    Chart,
    Code,
    Fact,
    Facts,
    Folded,
    Found,
    Link,
    Part,
    Row,
    Section,
    Table,
    Text,
    View,
    days_before,
)

HEADING = "Data quality"
SEVERITIES = {"error": charts.RED, "warning": charts.ORANGE, "information": charts.GREY}
OPEN = {"error": "open_errors", "warning": "open_warnings", "information": "open_information"}
ACTIONS = {
    "keep": "Counts the record as it was delivered.",
    "flag": "Counts the record, and marks it in the marts.",
    "set aside": "Keeps the record out of the marts, with its reason.",
    "block": "Publishes nothing while the finding is open.",
}
DAYS_OF_A_YEAR = 366
MOST_BARS = 60  # of a trend; a longer period has several days per bar
TO_SEE = (
    "select * from reporting.rpt_quality_findings where rule_id = '{}' and is_open "
    "order by abs(impact_amount) desc nulls last"
)

VIEWS = {
    "rules": View("rpt_quality_rules", ("place",)),
    "systems": View("rpt_quality_systems", ("source",)),
    "days": View("rpt_quality_scorecard", ("source", "event_date")),
    "trends": View("rpt_quality_rule_days", ("rule_id", "event_date")),
}


def facts(found: Found) -> list[Fact]:
    """The figures that the chapter opens with, named and formatted."""
    rules, systems = found["rules"], found["systems"]
    return [
        Fact("Rules", formats.count(len(rules)), f"{sum(1 for rule in rules if rule.open_findings):,} found something"),
        *(
            Fact(
                f"Open errors of {row.label}",
                formats.count(row.open_errors),
                f"about {formats.money(row.impact_amount, row.impact_currency)}" if row.impact_amount else "",
            )
            for row in systems
        ),
        Fact("Open warnings", formats.count(sum(row.open_warnings for row in systems))),
        Fact("Fixed by a later delivery", formats.count(sum(row.closed_findings for row in systems))),
    ]


def sections(found: Found) -> list[Section]:
    shown = [rule for rule in found["rules"] if rule.open_findings or rule.closed_findings]
    trends = drawn_trends(found, shown)
    return [
        Section("Which systems have open errors?", systems_parts(found), WITHOUT_FAULT),
        Section("What was found?", [ranking(shown, trends)], RANKED),
        *days_section(found),
        Section(
            "What is behind each finding, and what is to be done?",
            [of_rule(rule, trends.get(rule.rule_id)) for rule in shown] or [Text(NOTHING)],
            folded=True,
        ),
        Section("What was looked for and not found?", [Text(found_nothing(found["rules"]))], folded=True),
    ]


WITHOUT_FAULT = (
    "An error makes a figure wrong until somebody acts, a warning may. Information is what the pipeline fixes, or what "
    "is worth knowing; fixed findings are those that a later delivery put right. Without fault: the share of events "
    "that carry no open error or warning of their own."
)
RANKED = (
    "Ranked by the money that open findings are about, then by records. An amount with two faults counts with both, "
    "so amounts of rules do not add up. The trend is of open findings by the day of their events."
)
NOTHING = "No rule found anything."
SYSTEM_HEADERS = (
    *("system", "events", "without fault", "errors", "warnings", "information", "fixed", "money of errors"),
)
RANKING_HEADERS = ("finding", "system", "owner", "severity", "open", "money", "records", "fixed", "trend")


def systems_parts(found: Found) -> list[Part]:
    counts = [
        (row.label, severity, getattr(row, column))
        for row in found["systems"]
        for severity, column in OPEN.items()
        if getattr(row, column)
    ]
    rows = (
        (
            row.label,
            formats.count(row.events),
            formats.percent(row.share_without_fault, 2),
            *(formats.count(getattr(row, column)) for column in OPEN.values()),
            formats.count(row.closed_findings),
            formats.money(row.impact_amount or None, row.impact_currency),
        )
        for row in found["systems"]
    )
    chart = [charts.shares_chart(counts, SEVERITIES, "Open findings of each system by severity")] if counts else []
    return [*chart, Table("Open findings by system", SYSTEM_HEADERS, rows)]


def days_section(found: Found) -> Iterator[Section]:
    """Open findings by the day of their events, with a chart for each system that has any."""
    parts: list[Part] = []
    for system in found["systems"]:
        period = set(days_of(system))
        rows = [row for row in found["days"] if row.source == system.source]
        points = [
            (row.event_date, severity, getattr(row, column))
            for row in rows
            if row.event_date in period
            for severity, column in OPEN.items()
            if getattr(row, column)
        ]
        others = [row for row in rows if row.event_date and row.event_date not in period]
        elsewhere = sum(getattr(row, column) for row in others for column in OPEN.values())
        if points:
            note = f", {elsewhere:,} on days before or after not drawn" if elsewhere else ""
            parts += [
                Text(f"{system.label}: open findings by the day of their events{note}."),
                charts.days_chart(points, "open findings", "d", SEVERITIES),
            ]
    if parts:
        yield Section("On which days were they found?", parts, folded=True)


def days_of(system: Row) -> list[date]:
    """Each day of the period that a system covers, at most a year."""
    if system.first_day is None:
        return []
    first = max(system.first_day, days_before(system.last_day, DAYS_OF_A_YEAR - 1))
    return [first + timedelta(days=number) for number in range((system.last_day - first).days + 1)]


def drawn_trends(found: Found, rules: Sequence[Row]) -> dict[str, Chart]:
    """A sparkline for each rule with findings on the days that its system covers."""
    counts: dict[str, dict[date, int]] = defaultdict(dict)
    for row in found["trends"]:
        counts[row.rule_id][row.event_date] = row.open_findings
    days = {system.source: days_of(system) for system in found["systems"]}
    trends = {rule.rule_id: trend(counts[rule.rule_id], days.get(rule.source, [])) for rule in rules}
    return {rule_id: drawing for rule_id, drawing in trends.items() if drawing}


def trend(counts: dict[date, int], days: Sequence[date]) -> Chart | None:
    width = math.ceil(len(days) / MOST_BARS) or 1
    bars = [sum(counts.get(day, 0) for day in days[first : first + width]) for first in range(0, len(days), width)]
    if not any(bars):
        return None
    unit = "a day" if width == 1 else f"in {width} days"
    return charts.sparkline(bars, f"{days[0]} to {days[-1]}, at most {max(bars):,} {unit}")


def ranking(rules: Sequence[Row], trends: dict[str, Chart]) -> Part:
    if not rules:
        return Text(NOTHING)
    rows = (
        (
            Link(rule.title, rule.rule_id),
            rule.source_label,
            rule.owner,
            rule.severity,
            formats.count(rule.open_findings),
            formats.money(rule.impact_amount, rule.impact_currency),
            formats.count(rule.records),
            formats.count(rule.closed_findings),
            trends.get(rule.rule_id, ""),
        )
        for rule in rules
    )
    return Table("Rules that found something", RANKING_HEADERS, rows)


def of_rule(rule: Row, drawing: Chart | None) -> Folded:
    """What a rule found, why it matters and what to do; links on the page open it."""
    facts = [
        *example(rule),
        Fact("The pipeline", ACTIONS[rule.pipeline_action]),
        Fact(f"To fix ({rule.owner})", rule.fix),
    ]
    figures = f"{rule.severity} · {' · '.join(figures_of(rule))}"
    parts: list[Part] = [Text(figures), Text(rule.why), Facts(facts)]
    if drawing:
        parts += [Text(f"Open findings by the day of their events: {drawing.label}."), drawing]
    parts.append(Code(TO_SEE.format(rule.rule_id)))
    return Folded(f"{rule.title} ({rule.source_label})", parts, rule.rule_id)


def figures_of(rule: Row) -> Iterator[str]:
    yield f"{rule.open_findings:,} open"
    if rule.acknowledged_findings:
        yield f"{rule.acknowledged_findings:,} of them acknowledged"
    if rule.closed_findings:
        yield f"{rule.closed_findings:,} fixed"
    if rule.open_findings:
        yield formats.counted(rule.records, "record")
    if rule.impact_amount is not None:
        yield formats.money(rule.impact_amount, rule.impact_currency)


def example(rule: Row) -> list[Fact]:
    """The finding with the most money, or else the most records: what was found, and the figures behind it."""
    if rule.example_key is None:
        return []
    return [
        Fact("For example", wording.compared(rule.example_observed, rule.example_expected)),
        Fact("Key", wording.shortened(rule.example_key), wording.figures(rule.example_evidence)),
    ]


def found_nothing(rules: Sequence[Row]) -> str:
    quiet: dict[str, list[str]] = defaultdict(list)
    for rule in rules:
        if not rule.open_findings and not rule.closed_findings:
            quiet[rule.source_label].append(rule.title)
    if not quiet:
        return "Every rule found something."
    by_source = "; ".join(f"{label}: {', '.join(sorted(quiet[label]))}" for label in sorted(quiet))
    return f"Nothing was found by {sum(map(len, quiet.values()))} rules. {by_source}."

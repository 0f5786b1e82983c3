"""Alerts: what stands now and was not announced, and what was announced and has ended."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from duckhouse.alerts.standing import BLOCKED, FINDING, LATE, RESTATED, STALE, Situation, Standing
from duckhouse.cli import one_line
from duckhouse.reporting.formats import change, counted, dollars, moment, money, percent
from duckhouse.warehouse.blocked import lines

SEVERITIES = ("error", "warning")
MOST_AT_FIRST = 10  # rules that the first message tells one by one; of more it sums up each system
MOST_EXAMPLES = 3  # of a system that is summed up
ALL_OF_THEM = "all of them: the report, or Data quality on the dashboard"

Known = Mapping[tuple[str, str], Situation]
"""The conditions that were announced and have not ended, by kind and key."""


@dataclass(frozen=True)
class Alert:
    """Something that began or ended. `kind` is blocked, unblocked, opened, closed, acknowledged, late, on_time, stale,
    fresh or restated; `subject` is the rule, source or delivery. `title` and `details` are lines for people.
    """

    kind: str
    subject: str
    title: str
    details: Sequence[str] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "title": one_line(self.title), "details": [one_line(line) for line in self.details]}


def differences(target: str, known: Known, now: Standing) -> list[Alert]:
    """The most urgent first: a blocked build, findings by severity and money, what is late, then what has ended."""
    there = {condition.identity for condition in now.conditions}
    begun: dict[str, list[Situation]] = defaultdict(list)
    for condition in now.conditions:
        if condition.identity not in known:
            begun[condition.kind].append(condition)
    ended: dict[str, list[Situation]] = defaultdict(list)
    for condition in known.values():
        if condition.kind in now.kinds and condition.identity not in there:
            ended[condition.kind].append(condition)
    acknowledged = [condition for condition in ended[FINDING] if condition.key in now.acknowledged]
    closed = [condition for condition in ended[FINDING] if condition.key not in now.acknowledged]
    opened = _of_findings("opened", begun[FINDING], now.rules)
    return [
        *_blocked(target, begun[BLOCKED], now),
        *(opened if known or len(opened) <= MOST_AT_FIRST else _of_systems(opened, now.rules)),
        *map(_late, begun[LATE]),
        *map(_stale, begun[STALE]),
        *map(_restated, begun[RESTATED]),
        *_unblocked(target, ended[BLOCKED], now),
        *_of_findings("closed", closed, now.rules),
        *_of_findings("acknowledged", acknowledged, now.rules),
        *(Alert("on_time", late.subject, f"{late.words['label']} is on time again") for late in ended[LATE]),
        *(Alert("fresh", stale.subject, f"{stale.subject} is looked at again") for stale in ended[STALE]),
    ]


def _blocked(target: str, begun: Collection[Situation], now: Standing) -> Iterator[Alert]:
    """All of a new block; of one that was announced, the findings that came since."""
    if now.blocked and begun:
        new = {condition.key for condition in begun}
        since = now.blocked.at.isoformat()
        findings = [each for each in now.blocked.findings if f"{since} {each.rule_id} {each.place}" in new]
        told = now.blocked if since in new else replace(now.blocked, findings=findings, others=0)
        headline, *details = lines(told, now.published_at)
        yield Alert("blocked", target, f"{target}: {headline}", details, {"since": since, "findings": told.count})


def _unblocked(target: str, ended: Collection[Situation], now: Standing) -> Iterator[Alert]:
    if ended and not now.blocked:
        yield Alert("unblocked", target, f"{target}: builds are no longer blocked: the last one passed")


def _of_findings(kind: str, conditions: Collection[Situation], rules: Mapping[str, Any]) -> list[Alert]:
    """One alert per rule; findings of a rule that is gone are not told of."""
    by_rule: dict[str, list[Situation]] = defaultdict(list)
    for condition in conditions:
        if condition.subject in rules:
            by_rule[condition.subject].append(condition)
    alerts = [_of_rule(kind, rules[rule], found) for rule, found in by_rule.items()]
    return sorted(
        alerts,
        key=lambda alert: (
            SEVERITIES.index(alert.figures["severity"]),
            -Decimal(alert.figures["amount"] or 0),
            -alert.figures["records"],
            alert.subject,
        ),
    )


def _of_systems(opened: Sequence[Alert], rules: Mapping[str, Any]) -> Iterator[Alert]:
    """One alert per system, with the rules to look at first."""
    of_system: dict[str, list[Alert]] = defaultdict(list)
    for alert in opened:
        of_system[alert.figures["source"]].append(alert)
    for source, alerts in of_system.items():
        findings = sum(alert.figures["findings"] for alert in alerts)
        counts = Counter(alert.figures["severity"] for alert in alerts)
        of_rules = ", ".join(
            counted(counts[severity], f"rule with {severity}s", f"rules with {severity}s")
            for severity in SEVERITIES
            if counts[severity]
        )
        yield Alert(
            "opened",
            source,
            f"{rules[alerts[0].subject].source_label}: {counted(findings, 'finding')} opened: {of_rules}",
            [*(alert.title for alert in alerts[:MOST_EXAMPLES]), ALL_OF_THEM],
            {"source": source, "findings": findings, "rules": len(alerts)},
        )


def _of_rule(kind: str, rule: Any, found: Sequence[Situation]) -> Alert:
    amounts = [abs(condition.amount) for condition in found if condition.amount is not None]
    amount, records = sum(amounts, Decimal(0)) if amounts else None, sum(condition.records for condition in found)
    what = f"{counted(len(found), 'finding')} {kind}, {rule.open_findings:,} open"
    volume = ", ".join(filter(None, (counted(records, "record"), money(amount, rule.impact_currency))))
    figures = {
        "source": rule.source,
        "severity": rule.severity,
        "findings": len(found),
        "open_findings": rule.open_findings,
        "records": records,
        "amount": None if amount is None else str(amount),
        "currency": rule.impact_currency,
    }
    title = f"{rule.severity}: {rule.source_label}: {rule.title}: {what}; {volume}"
    return Alert(kind, rule.rule_id, title, [f"to do: {rule.fix}"] if kind == "opened" else [], figures)


def _late(condition: Situation) -> Alert:
    words = condition.words
    title = f"{words['label']} is {counted(words['days_late'], 'day')} late: its last day is {words['last_day']}"
    return Alert("late", condition.subject, title, [], {"days_late": words["days_late"], "last_day": words["last_day"]})


def _stale(condition: Situation) -> Alert:
    looked_at = condition.words["looked_at"]
    title = f"nobody looked for data of {condition.subject} since {moment(datetime.fromisoformat(looked_at))}"
    return Alert("stale", condition.subject, title, [], {"looked_at": looked_at})


def _restated(condition: Situation) -> Alert:
    words = condition.words
    day, key, before, after = words["largest"]
    of = f"{words['figure']} of {counted(words['days'], 'day')} ({counted(condition.records, 'figure')})"
    if "added" in words:
        moved = f" by {change(Decimal(words['added']))} and {change(Decimal(words['taken']))}"
        from_to = f"{dollars(Decimal(before))} to {dollars(Decimal(after))}"
    else:
        moved, from_to = "", f"{percent(before)} to {percent(after)}"
    return Alert(
        "restated",
        condition.subject,
        f"delivery {condition.subject} restates the {of}{moved}",
        [f"the largest change: {key} on {day}, from {from_to}"],
        {**words, "figures": condition.records},
    )

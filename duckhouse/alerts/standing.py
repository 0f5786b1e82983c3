"""What stands on a target: everything that people should hear of when it begins, and mostly when it ends.

All but freshness and a blocked build is read from what is published, by the views of schema reporting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from duckhouse.cli import UserError
from duckhouse.landing.looks import looks_in
from duckhouse.reporting.formats import named
from duckhouse.settings import PROJECT, alert_percent, landing_dir, stale_hours
from duckhouse.sources import sources
from duckhouse.warehouse.blocked import Blocked, blocked
from duckhouse.warehouse.questions import In, Question
from duckhouse.warehouse.reading import House, reading
from duckhouse.warehouse.target_engine import running

KINDS = BLOCKED, FINDING, LATE, STALE, RESTATED = ("blocked", "finding", "late", "stale", "restated")
RULES, FINDINGS, SYSTEMS = "rpt_quality_rules", "rpt_quality_findings", "rpt_quality_systems"
RESTATEMENTS_OF_REVENUE, RESTATEMENTS_OF_RATES = "rpt_ad_serving_restatements", "rpt_consent_restatements"


class Situation(NamedTuple):
    """Something that stands. `key` identifies it among those of its kind, `subject` is what it is about: a rule, a
    source or a delivery. `words` are values for messages.
    """

    kind: str
    key: str
    subject: str
    records: int = 0
    amount: Decimal | None = None
    words: Mapping[str, Any] = {}

    @property
    def identity(self) -> tuple[str, str]:
        return self.kind, self.key


@dataclass
class Standing:
    """What stands; nothing is known about kinds that are not in `kinds`. `acknowledged` are the keys of open findings
    that somebody has accepted for a while. `rules` are rows of rpt_quality_rules by rule.
    """

    kinds: set[str] = field(default_factory=set)
    conditions: list[Situation] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    rules: dict[str, Any] = field(default_factory=dict)
    blocked: Blocked | None = None
    published_at: datetime | None = None

    def add(self, kind: str, conditions: Iterator[Situation]) -> None:
        self.kinds.add(kind)
        self.conditions += conditions


def standing(target: str) -> Standing:
    """What stands on a target. Raises UserError where nothing is published, unless a blocked build is the reason."""
    found = Standing()
    with running(target):
        found.blocked = blocked(target)
        found.add(BLOCKED, _blocked(found.blocked))
        found.add(STALE, _stale(datetime.now(UTC)))
        try:
            with reading(target) as house:
                found.published_at = house.built_at()
                _read(house, found)
        except UserError:
            if not found.blocked:
                raise
    return found


def _blocked(found: Blocked | None) -> Iterator[Situation]:
    """The block itself, since its beginning, and each of its findings."""
    if found:
        since = found.at.isoformat()
        yield Situation(BLOCKED, since, since, found.count)
        for finding in found.findings:
            yield Situation(
                BLOCKED, f"{since} {finding.rule_id} {finding.place}", finding.rule_id, finding.record_count
            )


def _stale(now: datetime) -> Iterator[Situation]:
    for source, looked_at in looks_in(PROJECT / landing_dir()).items():
        if source in sources() and now - looked_at > timedelta(hours=stale_hours()):
            yield Situation(STALE, source, source, words={"looked_at": looked_at.isoformat()})


def _read(house: House, found: Standing) -> None:
    built = house.views()
    if SYSTEMS in built:
        found.add(LATE, _late(house))
    if {RULES, FINDINGS} <= built:
        found.rules = {row.rule_id: row for row in house.rows(RULES)}
        columns = ("finding_id", "rule_id", "record_count", "impact_amount", "is_acknowledged")
        wrong = In("is_open", (True,)), In("severity", ("error", "warning"))
        rows = house.answer(Question(FINDINGS, columns, where=wrong))
        found.acknowledged = {row[0] for row in rows if row[-1]}
        of_rules = (Situation(FINDING, key, *others) for key, *others, is_acknowledged in rows if not is_acknowledged)
        found.add(FINDING, of_rules)
    for view, restated in {RESTATEMENTS_OF_REVENUE: _revenue, RESTATEMENTS_OF_RATES: _rates}.items():
        if view in built:
            found.add(RESTATED, restated(house, view))


def _late(house: House) -> Iterator[Situation]:
    for row in house.rows(SYSTEMS):
        if row.days_late:
            words = {"label": row.label, "days_late": row.days_late, "last_day": str(row.last_day)}
            yield Situation(LATE, row.source, row.source, words=words)


def _revenue(house: House, view: str) -> Iterator[Situation]:
    """The deliveries that changed the published revenue of a day and publisher by more than the percentage."""
    figures = ("revenue_usd_before", "revenue_usd_difference")
    columns = ("delivery_id", "event_date", "publisher_name", "publisher_id", *figures)
    least = Decimal(str(alert_percent())) / 100
    for delivery, rows in _by_delivery(house, columns, view).items():
        moved = [row for row in rows if row[-1] and abs(row[-1]) >= least * abs(row[-2])]
        if moved:
            day, name, publisher, before, difference = max(moved, key=lambda row: (abs(row[-1]), row[0], row[2]))
            words = {
                "figure": "revenue",
                "days": len({row[0] for row in moved}),
                "added": str(sum((row[-1] for row in moved if row[-1] > 0), Decimal(0))),
                "taken": str(sum((row[-1] for row in moved if row[-1] < 0), Decimal(0))),
                "largest": [str(day), named(name, publisher), str(before), str(before + difference)],
            }
            total = sum((row[-1] for row in moved), Decimal(0))
            yield Situation(RESTATED, f"{view} {delivery}", delivery, len(moved), total, words)


def _rates(house: House, view: str) -> Iterator[Situation]:
    """The deliveries that changed the published opt-in rate of a day and company by more than so many points."""
    columns = ("delivery_id", "event_date", "company_id", "opt_in_rate_before", "opt_in_rate")
    for delivery, rows in _by_delivery(house, columns, view).items():
        known = [row for row in rows if row[-1] is not None and row[-2] is not None]
        moved = [row for row in known if abs(row[-1] - row[-2]) * 100 >= alert_percent() and row[-1] != row[-2]]
        if moved:
            day, company, before, after = max(moved, key=lambda row: (abs(row[-1] - row[-2]), row[0], row[1] or ""))
            words = {
                "figure": "opt-in rate",
                "days": len({row[0] for row in moved}),
                "largest": [str(day), company or "(none)", before, after],
            }
            yield Situation(RESTATED, f"{view} {delivery}", delivery, len(moved), words=words)


def _by_delivery(house: House, columns: tuple[str, ...], view: str) -> dict[str, list[list[Any]]]:
    found: dict[str, list[list[Any]]] = {}
    for delivery, *others in house.answer(Question(view, columns, where=(In("publication", ("restatement",)),))):
        found.setdefault(delivery, []).append(others)
    return dict(sorted(found.items()))

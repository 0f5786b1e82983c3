"""The first screen: is the data of each system complete, right and on time, what blocks it, and what to do first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from duckhouse.reporting.page import Found, Row, View
from duckhouse.warehouse.blocked import Blocked

VIEWS = {
    "systems": View("rpt_quality_systems", ("source",)),
    "actions": View("rpt_quality_actions", ("rank",), quality=True),
    "rules": View("rpt_quality_rules", ("place",), quality=True),
}
MOST_ACTIONS = 5
WITHOUT_RULES = "Data quality is left out: its rules were not built. dbt build --target {} builds them."


@dataclass(frozen=True)
class Overview:
    """`systems` and `actions` are rows of their views, empty where these are not built. `acknowledged` are the open
    errors and warnings that somebody accepts for now."""

    target: str
    built_at: datetime
    systems: Sequence[Row]
    actions: Sequence[Row]
    without_rules: str
    acknowledged: int = 0
    blocked: Blocked | None = None

    @property
    def first_day(self) -> date | None:
        return min((row.first_day for row in self.systems if row.first_day), default=None)

    @property
    def last_day(self) -> date | None:
        return max((row.last_day for row in self.systems if row.last_day), default=None)

    @property
    def as_of(self) -> datetime | None:
        return max((row.last_delivery_at for row in self.systems if row.last_delivery_at), default=None)


def overview(target: str, built_at: datetime, found: Found, blocked: Blocked | None) -> Overview:
    has_rules = found.get("actions") is not None
    return Overview(
        target,
        built_at,
        found.get("systems") or [],
        (found.get("actions") or [])[:MOST_ACTIONS],
        "" if has_rules else WITHOUT_RULES.format(target),
        sum(rule.acknowledged_findings for rule in found.get("rules") or [] if rule.severity != "information"),
        blocked,
    )

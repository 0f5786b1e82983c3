"""What blocks builds, in words for people: the same on the console, in the report and on the dashboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from duckhouse.cli import one_line
from duckhouse.dbt_plugin.blocks import Block, Finding
from duckhouse.wording import counted, moment

MOST_TOLD = 10
TAKING_BACK = "Or take the whole delivery back:"
ACKNOWLEDGING = "Or accept it up to a day: add a line to seeds/acknowledged_findings.csv, and build:"


@dataclass(frozen=True)
class Blocked:
    """Since when builds are blocked, naive UTC, and by what; `others` are findings that are only counted.

    `is_in_place`: people read what was built, because nothing publishes it (dbt build --target prod).
    """

    at: datetime
    findings: Sequence[Finding]
    others: int = 0
    is_in_place: bool = False

    @property
    def count(self) -> int:
        return len(self.findings) + self.others


def blocked_by(block: Block | None, is_in_place: bool = False) -> Blocked | None:
    if block is None:
        return None
    findings = [finding for failure in block.failures.values() for finding in failure.findings]
    return Blocked(block.at, findings, sum(failure.others for failure in block.failures.values()), is_in_place)


def headline(blocked: Blocked, published_at: datetime | None = None) -> list[str]:
    """Two sentences: since when and by how many findings, and which figures people read."""
    since = f"Blocked since {moment(blocked.at)} UTC by {counted(blocked.count, 'finding')}"
    if blocked.is_in_place:
        return [f"{since}.", "It was built in place, so the figures that people read include what is wrong."]
    last = f"The published figures are those of the last good build, of {moment(published_at)} UTC."
    return [f"{since}: nothing new is published.", *([last] if published_at else [])]


def by_rule(blocked: Blocked) -> Iterator[Sequence[Finding]]:
    """The findings to tell, at most MOST_TOLD, those of a rule together."""
    for _, found in groupby(blocked.findings[:MOST_TOLD], attrgetter("rule_id")):
        yield list(found)


def ways_on(findings: Sequence[Finding]) -> Iterator[tuple[str, Sequence[str]]]:
    """What else can be done about findings of a rule: what it is, and the commands or lines to copy."""
    for told, ways in (
        (TAKING_BACK, [finding.take_back for finding in findings]),
        (ACKNOWLEDGING, [finding.acknowledgement for finding in findings]),
    ):
        if copied := [way for way in dict.fromkeys(ways) if way]:
            yield told, copied


def untold(blocked: Blocked) -> str:
    more = blocked.count - len(blocked.findings[:MOST_TOLD])
    return f"and {counted(more, 'more finding')}" if more else ""


def lines(blocked: Blocked, published_at: datetime | None = None) -> list[str]:
    """What to print: the headline, and by rule the place and evidence of each finding, and what can be done."""
    told = headline(blocked, published_at)
    for findings in by_rule(blocked):
        rule = findings[0]
        told.append(f"{rule.title} ({rule.rule_id})")
        told += [f"  {finding.place}: {finding.evidence}" for finding in findings]
        told.append(f"  {rule.fix}")
        for way, copied in ways_on(findings):
            told += [f"  {way}", *(f"    {line}" for line in copied)]
    return [one_line(line) for line in (*told, untold(blocked)) if line]

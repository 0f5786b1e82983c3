"""What landing writes to the log of failures: refused files, and rejected records by reason."""

from collections.abc import Callable, Iterable

from duckhouse import failures
from duckhouse.landing.load import Outcome
from duckhouse.landing.zone import prepare_missing
from duckhouse.sources import Source

COMMAND = "land"


def land_noted(source: Source, land: Callable[[], list[Outcome]]) -> list[Outcome]:
    """Lands, logs what failed, an error that ends it too, and makes the zones of other sources exist."""
    with failures.noted(COMMAND, source.name):
        outcomes = land()
    _note_failures(source, outcomes)
    prepare_missing()
    return outcomes


def _note_failures(source: Source, outcomes: Iterable[Outcome]) -> None:
    """A line for each file that did not land or lost something, and for each file and reason of rejected records."""
    for outcome in outcomes:
        for name, reason in (*outcome.unknown, *outcome.failed, *outcome.lost):
            failures.note(COMMAND, source.name, name, reason)
        for file in outcome.delivery.files if outcome.delivery else ():
            if outcome.delivery and file.records_rejected:
                from duckhouse.landed_rows import rejected_by_reason  # not above: most deliveries reject nothing

                for reason, count, first in rejected_by_reason(outcome.delivery.rejected_path(file)):
                    failures.note(COMMAND, source.name, file.name, reason, count, place=first)

"""One run of the pipeline: what is new is brought, built, published, compared, reported and announced.

A run holds a lock, writes what it does to a log, and leaves a summary: pipeline.log and last_<target>.json in the
folder of the pipeline's state. What it needs is imported when it is needed: a run without anything new ends before
that.
"""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from time import gmtime, monotonic
from typing import Any

from duckhouse.cli import UserError, one_line, told
from duckhouse.failures import without_secrets
from duckhouse.landing.looks import looks_in
from duckhouse.locks import held
from duckhouse.pipeline.config import Inflow, inflows
from duckhouse.settings import PROJECT, alert_webhook, is_publishing, landing_dir
from duckhouse.state import replace_text, state_path
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.news import is_new
from duckhouse.warehouse.pushed_looks import push_looks
from duckhouse.warehouse.target_engine import running

LAST, LOG, LOCK = "last_{}.json", "pipeline.log", "pipeline.lock"
MOST_BYTES, LOGS_KEPT = 5 << 20, 4
DONE, UP_TO_DATE, FAILED, STOPPED = ("done", "up to date", "failed", "stopped")


class IsRunning(UserError):
    """Another pipeline of the landing zone is running."""


@dataclass
class Stage:
    """What a step did; `faults` are lines about what is not done."""

    name: str
    seconds: float = 0.0
    deliveries: list[str] = field(default_factory=list)
    records: int | None = None
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Cycle:
    """A run so far. `tell` prints a line for people, `complain` one about what is not done. `faults` are those of no
    step, such as a file of inflows that cannot be used.
    """

    target: str
    tell: Callable[[str], None]
    complain: Callable[[str], None]
    began_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0
    outcome: str = STOPPED
    faults: list[str] = field(default_factory=list)
    steps: list[Stage] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not self.faults and not any(step.faults for step in self.steps)

    def document(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "outcome": self.outcome,
            "began_at": self.began_at.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "faults": self.faults,
            "steps": [asdict(step) for step in self.steps],
        }

    @contextmanager
    def step(self, name: str) -> Iterator[Stage]:
        """Does a step in the block. What a user can fix is a fault of the step, and the run goes on."""
        step, began = Stage(name), monotonic()
        self.steps.append(step)
        try:
            yield step
        except BrokenPipeError:  # nobody reads the output any more
            raise
        except Exception as error:
            step.faults.append(told(error))
        finally:
            step.seconds = round(monotonic() - began, 3)
            step.lines, step.faults = list(map(clean, step.lines)), list(map(clean, step.faults))
            self.log(logging.INFO, f"{name}: {step.seconds:.1f} s", *(f"{name}: {line}" for line in step.lines))
            self.log(logging.ERROR, *(f"{name}: {line}" for line in step.faults))
        for line in step.faults:
            self.complain(f"{name}: {line}")

    def log(self, level: int, *lines: str) -> None:
        for line in lines:
            logging.getLogger(__name__).log(level, "%s: %s", self.target, line)

    def end(self, outcome: str) -> None:
        self.outcome = outcome if self.is_whole else FAILED


def clean(line: str) -> str:
    return without_secrets(one_line(line))


def run(target: str, *, if_new: bool, tell: Callable[[str], None], complain: Callable[[str], None]) -> Cycle:
    """Runs the pipeline once; with `if_new` it builds only where something is new. Raises IsRunning where another one
    runs.
    """
    cycle, began = Cycle(target, tell, complain), monotonic()
    with _alone(), _logging():
        try:
            _run(cycle, if_new)
        except BrokenPipeError:
            raise
        except Exception as error:
            fault = clean(told(error))
            cycle.faults.append(fault)
            cycle.end(FAILED)
            cycle.log(logging.ERROR, fault)
            complain(fault)
        finally:
            cycle.seconds = monotonic() - began
            cycle.log(logging.INFO, f"{cycle.outcome} after {cycle.seconds:.1f} s")
            replace_text(state_path(LAST.format(target)), json.dumps(cycle.document(), indent=2) + "\n")
    return cycle


def _run(cycle: Cycle, if_new: bool) -> None:
    for inflow in inflows():
        _bring(cycle, inflow)
    if if_new and not is_new(cycle.target):
        _is_up_to_date(cycle)
    else:
        with running(cycle.target):
            _build(cycle)


def _bring(cycle: Cycle, inflow: Inflow) -> None:
    from duckhouse.pipeline.steps import bring

    with cycle.step(f"bring {inflow.name}") as step:
        brought = bring(inflow)
        step.deliveries, step.records = brought.deliveries, brought.records
        step.lines, step.faults = brought.lines, brought.faults
        if brought.deliveries:
            for line in brought.lines:
                cycle.tell(f"{inflow.name}: {line}")


def _is_up_to_date(cycle: Cycle) -> None:
    if cycle.target == "prod" and (looks := looks_in(PROJECT / landing_dir())):
        push_looks(connect(), looks)
    if alert_webhook():  # somebody waits for what was kept, and for news of sources that nobody looks at
        alerts(cycle)
    cycle.tell(f"{cycle.target} is up to date")
    cycle.end(UP_TO_DATE)


def _build(cycle: Cycle) -> None:
    from duckhouse.pipeline.steps import build
    from duckhouse.warehouse.blocked import blocked, lines

    with cycle.step("build") as step:
        try:
            build(cycle.target)
        except UserError:
            with suppress(UserError):  # where it did not begin because ClickHouse does not answer
                found = blocked(cycle.target)
                step.lines = lines(found) if found else []
            raise
    for follow in FOLLOWING if not step.faults else AFTER_A_BLOCK if step.lines else (alerts,):
        follow(cycle)
    cycle.end(DONE)


def after(cycle: Cycle) -> None:
    from duckhouse.pipeline.steps import AFTER

    for act in AFTER:
        _take(cycle, act)


def say_what_blocks(cycle: Cycle) -> None:
    """Writes the report anew where there is one: its first screen then says what blocks, above published figures."""
    from duckhouse.pipeline.steps import has_report, report

    if has_report():
        _take(cycle, report)


def _take(cycle: Cycle, act: Callable[[str], Iterator[str]]) -> None:
    with cycle.step(act.__name__) as step:
        for line in act(cycle.target):
            step.lines.append(line)
            cycle.tell(line)


def alerts(cycle: Cycle) -> None:
    if cycle.target == "dev" and not is_publishing():
        return
    from duckhouse.alerts.announce import announce, text
    from duckhouse.alerts.outbox import Message

    def show(message: Message) -> None:
        step.lines += text(message)
        for line in text(message):
            cycle.tell(line)

    with cycle.step("alert") as step:
        step.faults = announce(cycle.target, show).faults


FOLLOWING = (after, alerts)
"""What follows a build that passed."""
AFTER_A_BLOCK = (say_what_blocks, alerts)
"""What follows a build that left a record of what blocks it; any other failure only sends alerts."""


@contextmanager
def _alone() -> Iterator[None]:
    try:
        with held(state_path(LOCK)):
            yield
    except BlockingIOError:
        raise IsRunning("another pipeline is running: this one does nothing") from None


@contextmanager
def _logging() -> Iterator[None]:
    """Writes the log of the run; a full one is moved aside."""
    log = logging.getLogger(__name__)
    handler = RotatingFileHandler(state_path(LOG), maxBytes=MOST_BYTES, backupCount=LOGS_KEPT, encoding="utf-8")
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = gmtime
    handler.setFormatter(formatter)
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        handler.close()

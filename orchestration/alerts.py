"""What is new after a build or a look at the age of sources is announced, also where the build failed."""

from collections.abc import Callable, Sequence

import dagster as dg

from duckhouse.alerts.announce import announce, text
from duckhouse.alerts.outbox import Message
from duckhouse.cli import UserError
from orchestration import names
from orchestration.inflows import Job

STATUSES = {"built": dg.DagsterRunStatus.SUCCESS, "not_built": dg.DagsterRunStatus.FAILURE}


def sensors(targets: Sequence[str], jobs: Sequence[Job]) -> list[dg.SensorDefinition]:
    return [sensor(f"announce_{name}", status, targets, jobs) for name, status in STATUSES.items()]


def sensor(name: str, status: dg.DagsterRunStatus, targets: Sequence[str], jobs: Sequence[Job]) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name=name,
        run_status=status,
        monitored_jobs=list(jobs),
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Announces what is new since the last announcement (python -m scripts.alert).",
    )
    def announced(context: dg.RunStatusSensorContext) -> dg.SkipReason:
        built = context.dagster_run.tags.get(names.OF_TARGET)
        lines = [line for target in targets if built in (None, target) for line in told(target, context.log.info)]
        return dg.SkipReason("; ".join(lines))

    return announced


def told(target: str, log: Callable[[str], None]) -> list[str]:
    """How much was announced, and what did not arrive. The messages are in the log of the tick."""

    def show(message: Message) -> None:
        for line in text(message):
            log(line)

    try:
        done = announce(target, show)
    except UserError as error:
        return [str(error)]
    return [f"{target}: {len(done.sent)} announced", *done.faults]

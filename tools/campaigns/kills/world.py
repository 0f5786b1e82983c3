"""The folder, the servers and the settings of a campaign over all commands, and what has come in so far."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckhouse.cli import UserError
from duckhouse.settings import environment
from tools.campaigns.forks import Ended, Forks, Launch, forks
from tools.campaigns.kills.buckets import OF_THE_BUCKET, Bucket, bucket
from tools.campaigns.servers import PREFIX, clickhouse, postgres

BESIDE = f"{PREFIX}_audit"


class Broken(UserError):
    """A command failed although it was not killed."""


@dataclass
class CampaignWorld:
    """`arrived` is what came in, in types that JSON has; it survives the process."""

    work: Path
    arrived: dict[str, list[Any]]
    settings: Mapping[str, str]
    forked: Forks
    bucket: Bucket | None = None
    differences: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        return self.work / name

    def run(self, start: Launch, **changed: str) -> Ended:
        """Runs one command. Raises Broken if it fails without being killed."""
        [ended] = self.forked({**self.settings, **changed}, start)
        self.look_at(start, ended)
        if ended.code and not ended.is_killed:
            raise Broken(f"{told(start)} ended with {ended.code}: {ended.said.strip()}")
        return ended

    def look_at(self, start: Launch, ended: Ended) -> None:
        if "Traceback" in ended.said:
            self.differences.append(f"{told(start)}: a traceback: {ended.said.strip().splitlines()[-1]}")

    def add(self, kind: str, *what: Any) -> None:
        self.arrived.setdefault(kind, []).append(list(what))

    def come(self, kind: str) -> list[Any]:
        return self.arrived.get(kind, [])


def told(start: Launch) -> str:
    return " ".join((start.command, *start.words))


@contextmanager
def world(work: Path, arrived: dict[str, list[Any]], needs: Collection[str]) -> Iterator[CampaignWorld]:
    """The world of a folder, with postgres, clickhouse and bucket as needed."""
    work.mkdir(parents=True, exist_ok=True)
    settings = {
        "DUCKHOUSE_LANDING": str(work / "landing"),
        "DUCKHOUSE_DUCKDB": str(work / "duckhouse.duckdb"),
        "DUCKHOUSE_PUBLISH": "true",
        "DUCKHOUSE_LAKE": str(work / "lake"),
        "DUCKHOUSE_LAKE_CATALOG": "",
        "DUCKHOUSE_FAILURES": str(work / "failures.jsonl"),
        "DUCKHOUSE_POSTGRES": str(work / "postgres"),
        "DBT_TARGET_PATH": str(work / "target"),
        "DBT_LOG_PATH": str(work / "logs"),
    }
    with ExitStack() as stack:
        if "postgres" in needs:
            settings |= stack.enter_context(postgres(work / "postgres"))
        if "clickhouse" in needs:
            settings |= stack.enter_context(clickhouse(work / "clickhouse"))
        objects = stack.enter_context(bucket()) if "bucket" in needs else None
        if objects:
            settings |= {**OF_THE_BUCKET, "AWS_ENDPOINT_URL": objects.url}
        stack.enter_context(environment(settings))
        yield CampaignWorld(work, arrived, settings, stack.enter_context(forks(work / "forks")), objects)

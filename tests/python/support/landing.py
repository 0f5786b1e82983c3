"""A contract and a zone of its own for a landing test, and readers of what landed without any of its code."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from duckhouse import sources as declarations
from duckhouse.cli import UserError
from duckhouse.landing import workers
from duckhouse.settings import PROJECT
from scripts import land

COLUMNS = [
    {"name": "id"},
    {"name": "at", "config": {"meta": {"aliases": ["timestamp", "ts"]}}},
    {"name": "amount"},
    {"name": "flag"},
    {"name": "geo"},
]
ENTITIES = {
    "events": {"files": ["events/*.jsonl", "events/*.jsonl.gz", "events/*.csv", "events/*.csv.gz", "events/*.parquet"]},
    "people": {"files": ["people.csv", "people/*.csv"]},
}


@dataclass
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Zone:
    """A source called shop, with the entities events and people of the same columns."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.drop = folder / "drop"
        self.drop.mkdir(parents=True)
        self.root = folder / "landing"
        self.staging = folder / "staging"
        self.source = self.root / "shop"
        self.contract(ENTITIES)
        monkeypatch.setenv("DUCKHOUSE_LANDING", str(self.root))
        monkeypatch.setattr(declarations, "STAGING", self.staging)
        monkeypatch.setattr(workers, "MAY_ABORT", set())  # a worker costs half a second, and sees no patch of a test

    def contract(self, entities: dict[str, Any], columns: Sequence[dict[str, Any]] = COLUMNS) -> None:
        tables = [
            {"name": name, "config": {"meta": meta}, "columns": list(columns)} for name, meta in entities.items()
        ] + [{"name": "_files"}, {"name": "_rejected"}]
        declared = {
            "name": "shop",
            "config": {"meta": {"zone": "shop", "ignored_files": ["truth.json"]}},
            "tables": tables,
        }
        path = self.staging / "shop" / "_shop__sources.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"sources": [declared]}))

    def file(self, name: str, content: bytes | str) -> Path:
        path = self.drop / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def land(self, *arguments: str | Path, at: str | None = "2026-03-25T06:00:00Z") -> Run:
        """Runs the command; without paths it lands the whole drop."""
        paths = [str(a) for a in arguments if not str(a).startswith("--")] or [str(self.drop)]
        flags = [str(a) for a in arguments if str(a).startswith("--")]
        given = ["--delivered-at", at] if at else []
        out, err = StringIO(), StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            try:
                code = land.main(["shop", *paths, *given, *flags])
            except UserError as error:
                code = 1
                print(f"error: {error}", file=err)
        return Run(code, out.getvalue(), err.getvalue())

    def rows(self, entity: str = "events") -> list[dict[str, Any]]:
        """Everything that a reader sees of an entity, in the order of delivery, file and row."""
        return read(self.source / "delivery=*" / entity / "*.parquet")

    def values(self, column: str, entity: str = "events") -> list[str | None]:
        return [row[column] for row in self.rows(entity)]

    def rejected(self) -> list[tuple[int, str, str]]:
        return [(row["_source_row"], row["reason"], row["raw_text"]) for row in self.rows("_rejected")]

    def manifests(self) -> dict[str, Any]:
        return {path.parent.name: json.loads(path.read_text()) for path in sorted(self.source.glob("*/manifest.json"))}

    def only_file(self) -> dict[str, Any]:
        [manifest] = self.manifests().values()
        [file] = manifest["files"]
        return file

    def leftovers(self) -> list[str]:
        """What lies in the zone beside deliveries, the lock and the time of the last look."""
        names = {path.name for path in self.source.iterdir()} - {".lock", "looked_at.txt"}
        return sorted(name for name in names if not name.startswith("delivery="))


def killed_loads(*words: str | Path) -> None:
    """Runs support.land_kills, which takes these words."""
    command = [sys.executable, "-m", "support.land_kills", *map(str, words)]
    path = os.pathsep.join((str(PROJECT / "tests" / "python"), str(PROJECT)))
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def read(pattern: Path) -> list[dict[str, Any]]:
    relation = duckdb.sql(
        f"select * from read_parquet('{pattern}', hive_partitioning = true, hive_types_autocast = false, "
        "union_by_name = true)"
    )
    place = [c for c in ("_delivery_id", "_source_file", "_source_row") if c in relation.columns]
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.order(", ".join(place)).fetchall()]


def csv_text(rows: list[list[str]], delimiter: str = ",") -> str:
    text = StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return text.getvalue()

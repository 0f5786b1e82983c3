"""Makes a data set, lands it as two deliveries of each source, builds it on both engines, and reads the findings."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import clickhouse_connect
import duckdb

from duckhouse.cli import UserError
from duckhouse.embedded.postgres import embedded
from duckhouse.processes import DBT, embedded_clickhouse, module, script
from duckhouse.settings import PROJECT, clickhouse, environment
from duckhouse.sources import POSTGRES, load_source
from tools.generators import generators
from tools.scoring.matching import ScoredFinding, finding
from tools.scoring.streams import fill

PREFIX = "duckhouse"
CLEAN = "--clean"
FINDINGS = "+fct_dq_findings"
COLUMNS = (
    "finding_id", "rule_id", "source", "severity", "finding_key", "event_date", "observed", "expected", "record_count",
    "impact_amount", "evidence", "first_delivery_id", "last_delivery_id", "is_open",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """What is true of a data set, by source and kind, and what the rules found in it."""

    faults: dict[str, dict[str, dict[str, Any]]]
    findings: dict[str, list[ScoredFinding]]


def build(folder: Path, options: Mapping[str, list[str]]) -> World:
    """One data set, with its own folder and embedded ClickHouse. `options` are the generator's, by source."""
    with embedded_clickhouse("--port", "0", "--data", str(folder / "clickhouse")):
        return _build_on(folder, options)


def _build_on(folder: Path, options: Mapping[str, list[str]]) -> World:
    env = {
        **os.environ,
        "CLICKHOUSE_HOST": "127.0.0.1",
        "CLICKHOUSE_USER": "default",
        "CLICKHOUSE_SECURE": "false",
        "CLICKHOUSE_PREFIX": PREFIX,
        "CLICKHOUSE_CLUSTER": "",
        "DUCKHOUSE_LANDING": str(folder / "landing"),
        "KAFKA_BOOTSTRAP": "",
        "POSTGRES_DSN": "",
        "POSTGRES_HOST": "",
        "DUCKHOUSE_POSTGRES": str(folder / "postgres"),
        "DUCKHOUSE_LAKE": str(folder / "lake"),
        "DUCKHOUSE_LAKE_CATALOG": "",
        "DUCKHOUSE_DUCKDB": str(folder / "duckhouse.duckdb"),
        "DUCKHOUSE_PUBLISH": "false",
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    faults, prefixes = {}, {}
    for source, words in options.items():
        drop = folder / source
        deliver = _deliver_database if load_source(source).kind == POSTGRES else _deliver_drop
        for delivery, place in deliver(source, drop, words, env):
            prefixes[delivery] = place
        file = drop / "truth.json"
        truth = json.loads(file.read_text()) if file.exists() else {"faults": []}
        faults[source] = {entry["kind"]: entry for entry in truth["faults"] + truth.get("changes", [])}
        _name_companies(faults[source], truth)
    _run(script("push"), env)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda target: _build_target(target, list(options), folder, env), ("dev", "prod")))
    rows = _on_dev(folder / "duckhouse.duckdb")
    if rows != _on_prod(clickhouse().port):
        raise UserError(
            "the findings differ between dev and prod: "
            + ", ".join(f"{source} {' '.join(words)}" for source, words in options.items())
        )
    return World(faults, {source: _findings(rows, source, prefixes) for source in options})


def _deliver_drop(source: str, drop: Path, words: list[str], env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The deliveries of a drop, each with its folder in the drop."""
    _run(module("tools.generate", source, "--out", str(drop), *words), env)
    for moment, place in zip(generators()[source].DELIVERED_AT, ("", "redelivery/"), strict=True):
        landed = _run(_landing(source, drop, moment, place, env), env)
        yield from ((delivery["delivery_id"], place) for delivery in json.loads(landed)["deliveries"])


def _deliver_database(source: str, drop: Path, words: list[str], env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Two extractions of a database. A clean database has no silent edits, which are a fault."""
    is_clean = CLEAN in words
    batch = [word for word in words if word != CLEAN]
    seed = batch[: batch.index("--seed") + 2]
    planted = ["--silent-edits", "0"] if is_clean else ["--faults", str(drop)]
    with embedded(Path(env["DUCKHOUSE_POSTGRES"])):
        for change, place in (("batch", *batch), ""), (("churn", *seed, *planted), "redelivery/"):
            _run(module("tools.generate", source, *change), env)
            yield json.loads(_run(script("extract_postgres", source, "--cdc", "--json"), env))["delivery_id"], place


def _landing(source: str, drop: Path, moment: str, place: str, env: Mapping[str, str]) -> list[str]:
    """The command that lands a delivery of a drop. For a stream it lands what was sent until then."""
    words = ["--delivered-at", moment, "--json"]
    if load_source(source).entities[0].topic:
        with environment({name: env[name] for name in ("DUCKHOUSE_LAKE", "DUCKHOUSE_LAKE_CATALOG")}):
            fill(source, drop / "messages.jsonl", datetime.fromisoformat(moment))
        return script("land", source, *words)
    return script("land", source, str(drop / place), *words, *(["--no-redelivery"] if not place else []))


def _name_companies(faults: Mapping[str, Mapping[str, Any]], truth: Mapping[str, Any]) -> None:
    """Adds the company to the records of a company's file."""
    companies = {company["file"]: key for key, company in truth.get("companies", {}).items() if "file" in company}
    for fault in faults.values():
        for record in fault.get("records", ()):
            if record.get("file") in companies:
                record["company_id"] = companies[record["file"]]


def _build_target(target: str, sources: list[str], folder: Path, env: Mapping[str, str]) -> None:
    own = {**env, "DBT_TARGET_PATH": str(folder / f"target-{target}")}
    made_from = [f"{name},{FINDINGS}" for name in ("resource_type:seed", *(f"source:{source}+" for source in sources))]
    words = ["--select", *made_from, "dim_dq_rules", "--exclude-resource-type", "test", "unit_test"]
    _run([DBT, "--quiet", "build", "--target", target, *words], own)


def _run(command: list[str], env: Mapping[str, str]) -> str:
    done = subprocess.run(command, cwd=PROJECT, env=dict(env), capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UserError(
            f"{' '.join(Path(word).name for word in command[:4])} failed: {said[-1] if said else 'no output'}"
        )
    return done.stdout


def _on_dev(path: Path) -> list[tuple]:
    query = f"select {', '.join(COLUMNS)} from quality.fct_dq_findings order by finding_id"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def _on_prod(port: int) -> list[tuple]:
    query = f"select {', '.join(COLUMNS)} from {PREFIX}_quality.fct_dq_findings order by finding_id"
    with clickhouse_connect.get_client(host="127.0.0.1", port=port, password=clickhouse().password) as client:
        return [tuple(row) for row in client.query(query).result_rows]


def _findings(rows: list[tuple], source: str, prefixes: Mapping[str, str]) -> list[ScoredFinding]:
    named = (dict(zip(COLUMNS, row, strict=True)) for row in rows)
    return [finding(row, prefixes[row["last_delivery_id"]]) for row in named if row["source"] == source]

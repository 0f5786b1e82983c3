"""Readings of a topic into the lake and the store, compared with programs that only poll them, or append them to a
file."""

import sys
from pathlib import Path
from typing import Any

from duckhouse.cli import UserError
from duckhouse.processes import module, run, script
from duckhouse.settings import environment
from duckhouse.streaming.running import stream_source
from tools.benches.measure import Environment, Task, measure, ratio
from tools.brokers.apache import apache
from tools.brokers.jars import unavailable

DEVICES = 1_000
PARTITIONS = 4


def bench_stream(work: Path, readings: int, repeat: int) -> list[dict[str, Any]]:
    if reason := unavailable():
        raise UserError(f"the part stream needs Apache Kafka: {reason}")
    topic = str(stream_source(None)[1].topic)
    with apache(work / "kafka") as node, environment({"KAFKA_BOOTSTRAP": node.bootstrap}):
        node.make_topic(topic, PARTITIONS)
        seconds = max(1, readings // DEVICES)
        size = ["--devices", str(DEVICES), "--seconds", str(seconds)]
        run(module("tools.generate", "telemetry", *size, "--out", str(work / "produced")))
        polled = measure("poll and drop", lambda _: (reader(f"drop({topic!r})"), {}), repeat)
        appended = measure("poll and append to Parquet", parquet(work, topic), repeat)
        consumed = measure(f"consume {readings:,} readings into both stores", consuming(work), repeat)
    for result in (polled, appended, consumed):
        result["ratio"] = ratio(result, appended)
    return [polled, appended, consumed]


def reader(call: str) -> list[str]:
    return [sys.executable, "-c", f"from tools.benches.topic_readers import append, drop; {call}"]


def parquet(work: Path, topic: str) -> Task:
    return lambda turn: (reader(f"append({topic!r}, {str(work / f'{turn}.parquet')!r})"), {})


def consuming(work: Path) -> Task:
    def task(turn: int) -> tuple[list[str], Environment]:
        folder = work / f"consumed-{turn}"
        return script("consume_kafka", "--once"), {
            "DUCKHOUSE_LAKE": str(folder / "lake"),
            "DUCKHOUSE_POSTGRES": str(folder / "postgres"),
            "DUCKHOUSE_LANDING": str(folder / "landing"),
            "KAFKA_GROUP": f"bench-{turn}",
        }

    return task

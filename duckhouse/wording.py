"""Counts, times, names and findings in words."""

import json
import re
from datetime import datetime
from typing import Any

LONGEST_VALUE = 160  # characters of a value
IN_A_DELIVERY = re.compile(r"(\d{8}T\d{6,12}Z-[0-9a-f]{8})/([^#]+)(?:#(\d+))?")


def counted(number: int, one: str, several: str = "") -> str:
    """A count with its noun: 1 record, 2 records."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def delivered(entity: str, files: int, records: int) -> str:
    """What a delivery has of an entity: events (3 files, 4,993 records)."""
    return f"{entity} ({counted(files, 'file')}, {counted(records, 'record')})"


def moment(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return "" if at is None else at.isoformat(sep=" ", timespec="minutes")


def duration(seconds: float | None) -> str:
    """A span of time in its two largest units, below a minute in seconds: 6.1 s, 3 h 42 min."""
    if seconds is None:
        return ""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {left} s"
    return f"{hours} h {minutes_left} min" if hours < 24 else f"{hours // 24:,} d {hours % 24} h"


def words(name: str | None) -> str:
    """A name of the warehouse as people write it: ad_serving is ad serving."""
    return (name or "").strip("_").replace("_", " ")


def shortened(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def figures(evidence: str) -> str:
    """The figures in the evidence of a finding by name, numbers as they are written."""
    found: dict[str, Any] = json.loads(evidence, parse_float=str, strict=False)
    return "; ".join(f"{words(name)}: {shortened(value)}" for name, value in found.items())


def compared(observed: str | None, expected: str | None) -> str:
    """What a finding is about."""
    return f"{shortened(observed)}, expected: {shortened(expected)}"


def place(finding_key: str) -> str:
    """The file and record that a key names, with their delivery; the key itself where it names something else."""
    found = IN_A_DELIVERY.fullmatch(finding_key)
    if found is None:
        return shortened(finding_key)
    delivery, file, record = found.groups()
    return f"{shortened(file)}{f', record {record}' if record else ''}, of delivery {delivery}"


def delivery_of(finding_key: str) -> str:
    """The delivery that a key names; empty where it names none."""
    found = IN_A_DELIVERY.fullmatch(finding_key)
    return found[1] if found else ""

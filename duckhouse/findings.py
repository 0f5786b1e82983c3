"""A finding in words: where it is, and the figures behind it."""

import json
import re
from typing import Any

from duckhouse.reporting.formats import words

LONGEST_VALUE = 160  # characters of a value
IN_A_DELIVERY = re.compile(r"(\d{8}T\d{6,12}Z-[0-9a-f]{8})/([^#]+)(?:#(\d+))?")


def shortened(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def figures(evidence: str) -> str:
    """The figures of an evidence by name, numbers as they are written."""
    found: dict[str, Any] = json.loads(evidence, parse_float=str, strict=False)
    return "; ".join(f"{words(name)}: {shortened(value)}" for name, value in found.items())


def compared(observed: str | None, expected: str | None) -> str:
    return f"{shortened(observed)}, expected: {shortened(expected)}"


def place(finding_key: str) -> str:
    """The file and record that a key names, with their delivery; the key itself where it names something else."""
    found = IN_A_DELIVERY.fullmatch(finding_key)
    if found is None:
        return shortened(finding_key)
    delivery, file, record = found.groups()
    return f"{shortened(file)}{f', record {record}' if record else ''}, of delivery {delivery}"

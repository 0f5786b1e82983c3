"""Some days of messages for a lake, and what plain Python makes of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from duckhouse.streaming.lake.iceberg import Lake
from duckhouse.streaming.offsets import Partition
from support.lake import lake
from support.store import DAY, NOON, SECOND, TOPIC, Message, invalid, message, rows

HOUR = 3600 * SECOND
FIRST, END = date(2026, 3, 1), date(2026, 3, 4)
"""The days that tests migrate; messages are also of the days around them."""
MIDNIGHT = NOON - DAY // 2
"""Of FIRST, in microseconds since 1970."""


def history() -> list[Message]:
    """Messages of some devices on five days: repeats, conflicts, an earlier one that comes later, and invalid ones."""
    wild = {"device_id": 'comma, "quote"\nand é', "_unmapped": '{"a": 1}', "_key": None, "pressure": -0.0}
    places = iter(range(1_000))
    sent = [
        message(next(places), f"d{n % 3}", at=_at(n), temperature=n / 7, pressure=pressure)
        for n, pressure in enumerate([None, 1013.25, 300.0, None] * 10)
    ]
    first = sent[10]
    return [
        *sent,
        first | {"_offset": next(places), "_produced_at": None},
        first | {"_offset": next(places), "temperature": 99.5, "_produced_at": NOON - DAY},  # is the reading
        first | {"_offset": next(places), "temperature": -1e-7, "_partition": 1},
        invalid(next(places)),
        message(next(places), at=MIDNIGHT, **wild),
        message(next(places), "", at=MIDNIGHT + DAY - 1, temperature=-89.999999, _consumed_at=NOON + 900 * DAY),
        message(next(places), "", at=MIDNIGHT + 3 * DAY),  # the day after the last one
    ]  # fmt: skip


@contextmanager
def lake_with(folder: Path, messages: Iterable[Message]) -> Iterator[Lake]:
    with lake(folder) as opened:
        put(opened, messages)
        yield opened


def put(opened: Lake, messages: Iterable[Message]) -> None:
    """Writes messages, and moves the partitions behind the last of them."""
    sent = list(messages)
    stands = opened.offsets()
    reached = {Partition(TOPIC, m["_partition"]): m["_offset"] + 1 for m in sent}
    opened.write(rows(*sent), {place: stands[place] for place in reached if place in stands}, reached)


def _at(number: int) -> int:
    """Nine readings in an hour, and the next ones 20 hours later, from the day before FIRST on."""
    return MIDNIGHT - DAY // 2 + number // 9 * 20 * HOUR + number % 9 * 60 * SECOND + number


def of_range(messages: Iterable[Message]) -> list[Message]:
    """The valid messages of the days from FIRST to before END."""
    end = MIDNIGHT + (END - FIRST).days * DAY
    return [m for m in messages if m.get("_fault") is None and MIDNIGHT <= m["timestamp"] < end]


def by_key(messages: Iterable[Message]) -> dict[tuple[str, int], list[Message]]:
    """The messages of each key, the one that is the reading first."""
    found: dict[tuple[str, int], list[Message]] = defaultdict(list)
    for each in messages:
        found[each["device_id"], each["timestamp"]].append(each)
    return {key: sorted(several, key=_order) for key, several in found.items()}


def places(messages: Iterable[Message]) -> list[tuple[int, int]]:
    return sorted((m["_partition"], m["_offset"]) for m in messages)


def expected(messages: Iterable[Message]) -> dict[str, list[tuple[int, int]]]:
    """Where the messages of the range are to be."""
    return split(of_range(messages))


def split(valid: Iterable[Message]) -> dict[str, list[tuple[int, int]]]:
    """Where valid messages are to be."""
    keys = by_key(valid).values()
    return {
        "readings": places(several[0] for several in keys),
        "reading_repeats": places(other for several in keys for other in several[1:]),
    }


def expected_hours(messages: Iterable[Message]) -> dict[tuple[str, int], dict[str, Any]]:
    """By device and hour (microseconds since 1970): readings, messages, and of each measure least, greatest, mean."""
    hours: dict[tuple[str, int], list[list[Message]]] = defaultdict(list)
    for (device, at), several in by_key(of_range(messages)).items():
        hours[device, at - at % HOUR].append(several)
    return {key: _hour(found) for key, found in hours.items()}


def _hour(found: list[list[Message]]) -> dict[str, Any]:
    made: dict[str, Any] = {"readings": len(found), "messages": sum(map(len, found))}
    for name in ("temperature", "humidity", "pressure"):
        values = [value for several in found if (value := several[0].get(name)) is not None]
        made[f"{name}_min"] = min(values, default=None)
        made[f"{name}_max"] = max(values, default=None)
        exact = sum(Decimal(value).quantize(Decimal("1e-9")) for value in values)
        made[f"{name}_mean"] = float(exact / len(values)) if values else None
    return made


def _order(each: Message) -> tuple[Any, ...]:
    produced = each["_produced_at"]
    return (produced is None, produced or 0, each["_topic_id"], each["_partition"], each["_offset"])

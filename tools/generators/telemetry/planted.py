"""Messages that are planted among regular ones: unreadable, repeated, late or early ones, and look-alikes.

Each kind turns a regular reading into the messages that its device sends instead.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tools.generators.telemetry.devices import SECOND_MS, Device, Measurement, moment
from tools.generators.telemetry.roles import LATENCY_MS

LATE_MS, EARLY_MS = 7_200 * SECOND_MS, 600 * SECOND_MS
LONG_TEXT, OVERSIZE = 1_200, 70_000  # characters
CONFLICT = 10  # tenths of a degree
REQUIRED = ("device_id", "timestamp", "temperature", "humidity", "firmware_version")


class Sent(NamedTuple):
    """A message: when it leaves, its device, its bytes, and the reading of a valid one or the code of its fault. `kind`
    is what is planted; `repeats` says how it repeats an earlier message: duplicate or conflict."""

    sent_at: int
    device_id: str
    value: bytes | None
    reading: Measurement | None
    fault: str | None = None
    kind: str | None = None
    repeats: str | None = None


class Asked(NamedTuple):
    """The input of a kind: the reading, when it was measured, the interval of the device, the number of the planted
    case."""

    device: Device
    reading: Measurement
    at: int
    interval: int
    number: int

    @property
    def now(self) -> int:
        return self.at + LATENCY_MS

    def text(self, **fields: Any) -> str:
        """The message with other values; a field with the value ... is left out."""
        told = json.loads(self.reading.text(zone=self.device.zone)) | fields
        return json.dumps({name: value for name, value in told.items() if value is not ...})


def regular(device: Device, sent_at: int, reading: Measurement, kind: str | None = None) -> Sent:
    return Sent(sent_at, device.name, reading.text(zone=device.zone).encode(), reading, kind=kind)


# ---------- unreadable: the fault's code, and the message

_UNREADABLE: dict[str, tuple[str, Callable[[Asked], str | bytes | None]]] = {
    "cut_short": ("not_json", lambda a: a.text()[:-7]),
    "nan": ("not_json", lambda a: a.text(temperature=float("nan"))),
    "not_utf8": ("not_json", lambda a: a.text(firmware_version="v?").encode().replace(b"?", b"\xff")),
    "plain_text": ("not_json", lambda a: "sensor offline"),
    "in_a_list": ("not_an_object", lambda a: f"[{a.text()}]"),
    "field_twice": ("duplicate_field", lambda a: a.text()[:-1] + ', "temperature": 0.5}'),
    "tombstone": ("empty_message", lambda a: None),
    "no_bytes": ("empty_message", lambda a: b""),
    "long_text": ("too_large", lambda a: a.text(firmware_version="v" + "1" * LONG_TEXT)),
    "oversize": ("too_large", lambda a: a.text(log="." * OVERSIZE)),
    "missing_field": ("missing_field", lambda a: a.text(**{REQUIRED[a.number % len(REQUIRED)]: ...})),
    "null_field": ("missing_field", lambda a: a.text(**{REQUIRED[a.number % len(REQUIRED)]: None})),
    "temperature_as_text": ("wrong_type", lambda a: a.text(temperature=str(a.reading.temperature / 10))),
    "humidity_as_boolean": ("wrong_type", lambda a: a.text(humidity=True)),
    "nul_character": ("wrong_type", lambda a: a.text(firmware_version="v1\0")),
    "time_without_zone": ("bad_timestamp", lambda a: a.text(timestamp=moment(a.at).removesuffix("Z"))),
    "time_in_words": ("bad_timestamp", lambda a: a.text(timestamp="yesterday")),
    "too_hot": ("out_of_range", lambda a: a.text(temperature=999.9)),
    "too_humid": ("out_of_range", lambda a: a.text(humidity=130)),
}


def _unreadable(kind: str) -> Callable[[Asked], Iterator[Sent]]:
    fault, make = _UNREADABLE[kind]

    def planted(asked: Asked) -> Iterator[Sent]:
        value = make(asked)
        yield Sent(asked.now, asked.device.name, value.encode() if isinstance(value, str) else value, None, fault, kind)

    return planted


# ---------- readable, but repeated or at an odd time


def _duplicate(asked: Asked) -> Iterator[Sent]:
    sent = regular(asked.device, asked.now, asked.reading)
    yield sent
    yield sent._replace(sent_at=asked.now + asked.interval, kind="duplicate", repeats="duplicate")


def _duplicate_respelled(asked: Asked) -> Iterator[Sent]:
    """The same values in another notation: an exponent, another zone, another order, spaces."""
    yield regular(asked.device, asked.now, asked.reading)
    fields = dict(reversed(json.loads(asked.text()).items())) | {
        "timestamp": moment(asked.reading.at, "+02:00" if asked.device.zone == "Z" else "Z")
    }
    text = json.dumps(fields, indent=1).replace(
        f'"temperature": {asked.reading.temperature / 10}', f'"temperature": {asked.reading.temperature}e-1'
    )
    yield Sent(
        asked.now + asked.interval,
        asked.device.name,
        text.encode(),
        asked.reading,
        kind="duplicate_respelled",
        repeats="duplicate",
    )


def _conflict(asked: Asked) -> Iterator[Sent]:
    yield regular(asked.device, asked.now, asked.reading)
    other = asked.reading._replace(temperature=asked.reading.temperature + CONFLICT)
    sent = regular(asked.device, asked.now + asked.interval, other, "conflict")
    yield sent._replace(repeats="conflict")


def _late(asked: Asked) -> Iterator[Sent]:
    """In addition to the regular one, one measured two hours before, at a time that no other reading of the device
    has."""
    yield regular(asked.device, asked.now, asked.reading)
    before = -(-LATE_MS // asked.interval) * asked.interval + asked.interval // 3
    yield regular(asked.device, asked.now, asked.device.measure(asked.at - before), "late")


def _early(asked: Asked) -> Iterator[Sent]:
    yield regular(asked.device, asked.now, asked.reading)
    ahead = -(-EARLY_MS // asked.interval) * asked.interval + asked.interval // 3
    yield regular(asked.device, asked.now, asked.device.measure(asked.at, asked.at + ahead), "early")


def _out_of_order(asked: Asked) -> Iterator[Sent]:
    yield regular(asked.device, asked.now + asked.interval * 5 // 2, asked.reading, "out_of_order")


# ---------- look-alikes of a faulty message


def _spelled(kind: str, make: Callable[[Asked], tuple[str, Measurement]]) -> Callable[[Asked], Iterator[Sent]]:
    def planted(asked: Asked) -> Iterator[Sent]:
        text, reading = make(asked)
        yield Sent(asked.now, asked.device.name, text.encode(), reading, kind=kind)

    return planted


def _whole_number(asked: Asked) -> tuple[str, Measurement]:
    whole = asked.reading.temperature // 10
    return asked.text(temperature=whole), asked.reading._replace(temperature=whole * 10)


def _edge_of_range(asked: Asked) -> tuple[str, Measurement]:
    edge = 100 * (asked.number % 2)
    return asked.text(humidity=edge), asked.reading._replace(humidity=edge)


def _null_pressure(asked: Asked) -> tuple[str, Measurement]:
    return asked.text(pressure=None), asked.reading._replace(pressure=None)


def _nanoseconds(asked: Asked) -> tuple[str, Measurement]:
    second, rest = divmod(asked.reading.at, SECOND_MS)
    text = f"{moment(second * SECOND_MS).removesuffix('Z')}.{rest:03d}000789Z"
    return asked.text(timestamp=text), asked.reading


_READABLE = {
    "duplicate": _duplicate,
    "duplicate_respelled": _duplicate_respelled,
    "conflict": _conflict,
    "late": _late,
    "early": _early,
    "out_of_order": _out_of_order,
}
LOOKALIKES = {
    "whole_number": _spelled("whole_number", _whole_number),
    "edge_of_range": _spelled("edge_of_range", _edge_of_range),
    "null_pressure": _spelled("null_pressure", _null_pressure),
    "nanoseconds": _spelled("nanoseconds", _nanoseconds),
}
KINDS = {**_READABLE, **{kind: _unreadable(kind) for kind in _UNREADABLE}, **LOOKALIKES}
TOLD = {
    "duplicate": "the same message again",
    "duplicate_respelled": "the same values again, written otherwise",
    "conflict": "the same device and time with another temperature",
    "late": "a reading that was measured two hours before it was sent",
    "early": "a reading whose time is ten minutes ahead of its message",
    "out_of_order": "a reading that is sent after later ones of its device",
    "whole_number": "a temperature without decimals",
    "edge_of_range": "0 or 100 % humidity",
    "null_pressure": "a pressure that is null",
    "nanoseconds": "a time with nine digits of a second; microseconds count",
    **{kind: f"a message that is invalid: {fault}" for kind, (fault, _) in _UNREADABLE.items()},
}

"""What is true of generated messages: counts by device, which is the message key, and everything planted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from tools.generators.telemetry import planted, roles
from tools.generators.telemetry.devices import SECOND_MS, Device, Measurement, moment
from tools.generators.telemetry.planted import Sent

MAX_LISTED = 10_000
RULES = {
    "valid": "a message that is a reading by the declaration of the source; all others are invalid, by their fault",
    "readings": "valid messages, of which the first of a device and time counts: valid = readings + duplicates + "
    "conflicts",
    "duplicates": "valid messages with the values of the one that counts",
    "conflicts": "valid messages with other values than the one that counts",
    "late": "valid messages that were sent more than late_after_seconds after they were measured, repeats included",
    "early": "valid messages that were sent more than early_after_seconds before their time, repeats included",
    "out_of_order": "valid messages with a time before that of a valid message, not an early one, that the device had "
    "sent",
    "firmware_changes": "how often the firmware of a device is another one than before, by the time of its readings",
    "schemas": "valid messages by what they hold: v3 has battery_percent, which is not declared, else v2 has a "
    "pressure, and v1 neither",
    "places": "message: the number of the message as sent, from 0; nth: among those of its device, from 0",
}


class OfDevice:
    """The counts of one device."""

    def __init__(self) -> None:
        self.messages = 0
        self.invalid: Counter[str] = Counter()
        self.repeats: Counter[str] = Counter()
        self.schemas: Counter[str] = Counter()
        self.late = self.early = self.out_of_order = 0
        self.latest = 0
        self.versions: set[int] = set()

    def report(self) -> dict[str, Any]:
        valid = self.messages - self.invalid.total()
        return {
            "messages": self.messages,
            "valid": valid,
            "readings": valid - self.repeats.total(),
            "duplicates": self.repeats["duplicate"],
            "conflicts": self.repeats["conflict"],
            "late": self.late,
            "early": self.early,
            "out_of_order": self.out_of_order,
            "firmware_changes": max(0, len(self.versions) - 1),
            "invalid": dict(sorted(self.invalid.items())),
            "schemas": {name: self.schemas[name] for name in ("v1", "v2", "v3")},
        }


class Truth:
    """Counts messages as they are sent."""

    def __init__(self, devices: Sequence[Device], *, late_after_seconds: int, early_after_seconds: int) -> None:
        self.messages = 0
        self._devices = {device.name: device for device in devices}
        self._counts = {device.name: OfDevice() for device in devices}
        self._late_after, self._early_after = late_after_seconds * SECOND_MS, early_after_seconds * SECOND_MS
        self._planted: dict[str, dict[str, Any]] = {}

    def add(self, sent: Sent) -> None:
        counts = self._counts[sent.device_id]
        reading = sent.reading
        if sent.kind:
            self._note(sent, counts.messages)
        if reading is None:
            counts.invalid[sent.fault or ""] += 1
        else:
            behind = sent.sent_at - reading.at
            counts.late += behind > self._late_after
            is_early = -behind > self._early_after
            counts.early += is_early
            counts.out_of_order += reading.at < counts.latest
            if reading.at > counts.latest and not is_early:
                counts.latest = reading.at
            counts.versions.add(self._devices[sent.device_id].version(reading.at))
            counts.schemas[_schema(reading)] += 1
            if sent.repeats:
                counts.repeats[sent.repeats] += 1
        counts.messages += 1
        self.messages += 1

    def _note(self, sent: Sent, nth: int) -> None:
        entry = self._entry(sent.kind or "", planted.TOLD, "records")
        if sent.fault:
            entry["fault"] = sent.fault
        entry["count"] += 1
        if len(entry["records"]) < MAX_LISTED:
            place = {"message": self.messages, "device_id": sent.device_id, "nth": nth}
            entry["records"].append(place | ({"timestamp": moment(sent.reading.at)} if sent.reading else {}))

    def _entry(self, kind: str, told: dict[str, str], listed: str) -> dict[str, Any]:
        return self._planted.setdefault(kind, {"kind": kind, "rule": told[kind], "count": 0, listed: []})

    def report(self) -> dict[str, Any]:
        for device in self._devices.values():
            if device.role:
                entry = self._entry(device.role, roles.TOLD, "cells")
                entry["count"] = 1
                window = {"from": moment(device.window.start), "to": moment(device.window.end)}
                entry["cells"] = [{"device_id": device.name, **window}]
        by_device = {name: counts.report() for name, counts in self._counts.items()}
        lookalikes = {*planted.LOOKALIKES, *roles.ROLES} - set(roles.FAULTS)
        entries = [entry for _, entry in sorted(self._planted.items())]
        return {
            "rules": RULES,
            "totals": _sum(by_device.values()),
            "devices": by_device,
            "faults": [entry for entry in entries if entry["kind"] not in lookalikes],
            "lookalikes": [entry for entry in entries if entry["kind"] in lookalikes],
        }


def _schema(reading: Measurement) -> str:
    if reading.battery is not None:
        return "v3"
    return "v1" if reading.pressure is None else "v2"


def _sum(counts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {}
    for of_device in counts:
        for name, value in of_device.items():
            if isinstance(value, dict):
                inner = Counter(total.get(name, {}))
                inner.update(value)
                total[name] = dict(sorted(inner.items()))
            else:
                total[name] = total.get(name, 0) + value
    return total

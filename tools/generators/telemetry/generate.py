"""Makes up the messages of devices in the order in which they are sent, counts them, and passes them on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from heapq import heappop, heappush
from itertools import count
from typing import Any

from duckhouse.cli import UserError, progress
from duckhouse.sources import load_source
from tools.generators.telemetry import roles
from tools.generators.telemetry.devices import SECOND_MS, Device, Window, devices, moment
from tools.generators.telemetry.planted import KINDS, Asked, Sent, regular
from tools.generators.telemetry.truth import Truth

SOURCE = "telemetry"
PLANTED_EVERY = 50  # one in this many of the readings of devices without a role
DEVICES_OF_A_ROLE = 2  # at most every second device has one
LEAST_READINGS_OF_A_ROLE = 50
LEAST_INTERVAL_MS = 50
INTERVALS_AFTER = 4  # nothing is planted in the last intervals, because its followers would be sent after the end


@dataclass(frozen=True)
class Fleet:
    """The request: `rate` is in messages per second, for all devices; `start` in milliseconds since 1970 UTC."""

    count: int
    seconds: int
    rate: Fraction
    start: int
    seed: int
    faults: bool

    def check(self) -> None:
        if self.interval < LEAST_INTERVAL_MS:
            most = SECOND_MS // LEAST_INTERVAL_MS
            raise UserError(f"a device sends at most {most} readings a second: name more --devices or a lower --rate")

    @cached_property
    def interval(self) -> int:
        """Milliseconds between the readings of a device."""
        return max(1, int(self.count * SECOND_MS / self.rate))

    @property
    def span(self) -> Window:
        return Window(self.start, self.start + self.seconds * SECOND_MS)

    @property
    def readings(self) -> int:
        """The regular messages of each device."""
        return max(1, self.seconds * SECOND_MS // self.interval)

    @cached_property
    def devices(self) -> list[Device]:
        with_roles = self.faults and self.readings >= LEAST_READINGS_OF_A_ROLE
        return devices(
            self.count,
            seed=self.seed,
            span=self.span,
            interval=self.interval,
            roles=tuple(roles.ROLES) if with_roles else (),
            roles_share=DEVICES_OF_A_ROLE,
        )

    def messages(self) -> Iterator[Sent]:
        """All messages, as they are sent."""
        held: list[tuple[int, int, Sent]] = []
        numbers = count()
        for at, sent in self._made():
            while held and held[0][0] <= at:
                yield heappop(held)[2]
            if sent.sent_at <= at:
                yield sent
            else:
                heappush(held, (sent.sent_at, next(numbers), sent))
        while held:
            yield heappop(held)[2]

    def _made(self) -> Iterator[tuple[int, Sent]]:
        """Messages as they are made, each with the time up to which all messages have been made."""
        kinds, planted, interval = tuple(KINDS), count(), self.interval
        for number in range(self.readings):
            is_open = self.faults and number < self.readings - INTERVALS_AFTER
            for device in self.devices:
                at = self.start + number * interval + device.phase
                now = at + roles.LATENCY_MS
                if device.role:
                    for leaving, reading in roles.ROLES[device.role](device, at, interval):
                        yield now, regular(device, leaving, reading)
                    continue
                reading = device.measure(at)
                if not is_open or not device.is_drawn(at, PLANTED_EVERY):
                    yield now, regular(device, now, reading)
                    continue
                plant = next(planted)
                asked = Asked(device, reading, at, interval, plant // len(kinds))
                for sent in KINDS[kinds[plant % len(kinds)]](asked):
                    yield now, sent

    def truth(self) -> Truth:
        [entity] = load_source(SOURCE).entities
        return Truth(
            self.devices,
            late_after_seconds=entity.late_after_seconds,
            early_after_seconds=entity.early_after_seconds,
        )

    def document(self, truth: Truth) -> dict[str, Any]:
        """truth.json."""
        return {
            "source": SOURCE,
            "seed": self.seed,
            "parameters": {
                "devices": self.count,
                "seconds": self.seconds,
                "rate": float(self.rate),
                "start": moment(self.start),
                "interval_ms": self.interval,
            },
            "clean": not self.faults,
            **truth.report(),
        }


def deliver(messages: Iterable[Sent], truth: Truth, take: Callable[[Sent], None], total: int) -> None:
    """Counts each message and passes it on."""
    with progress(total=total, label="messages", unit="message") as bar:
        waiting = 0
        for sent in messages:
            truth.add(sent)
            take(sent)
            waiting += 1
            if waiting == 1_000:
                bar.update(waiting)
                waiting = 0
        bar.update(waiting)

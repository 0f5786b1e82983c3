"""The made-up devices: their climate, their firmware, and what they measure at a moment."""

import math
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from random import Random
from typing import NamedTuple

SECOND_MS, MINUTE_MS, DAY_MS = 1_000, 60_000, 86_400_000
EARLIEST_FIRMWARE = "v1.2.0"
WITH_PRESSURE = {"v1.3.0", "v1.3.1", "v1.4.0"}
WITH_BATTERY = {"v1.4.0"}  # with a field that was not announced
OFFSET_EVERY = 10  # devices that write their times with the offset of their zone
OFFSET_HOURS = 2
_MASK = 2**64 - 1
_LATEST_WARMTH_MINUTE = 15 * 60
# thousandths of the daily swing by minute of the day, warmest in the afternoon
_DAILY = [round(1_000 * math.cos((minute - _LATEST_WARMTH_MINUTE) * math.pi / 720)) for minute in range(1_440)]


class Window(NamedTuple):
    """From one moment to just before another, in milliseconds since 1970 UTC."""

    start: int
    end: int

    def holds(self, at: int) -> bool:
        return self.start <= at < self.end


class Measurement(NamedTuple):
    """What a device sends. Temperature is in tenths of a degree; pressure and battery are None where its firmware does
    not send them."""

    device_id: str
    at: int
    temperature: int
    humidity: int
    firmware: str
    pressure: int | None
    battery: int | None

    def text(self, *, zone: str = "Z") -> str:
        """The message in the format of the devices."""
        more = "" if self.pressure is None else f', "pressure": {self.pressure}'
        if self.battery is not None:
            more += f', "battery_percent": {self.battery}'
        return (
            f'{{"device_id": "{self.device_id}", "timestamp": "{moment(self.at, zone)}", '
            f'"temperature": {self.temperature / 10}, "humidity": {self.humidity}, '
            f'"firmware_version": "{self.firmware}"{more}}}'
        )


@dataclass(frozen=True)
class Device:
    """`phase` is when it measures within the interval, in milliseconds; `firmware` has the versions that it runs, each
    from a moment on; `role` is the fault or look-alike that it shows in its `window`."""

    name: str
    salt: int
    phase: int
    zone: str
    mean: int
    swing: int
    noise: int
    humidity: int
    firmware: tuple[tuple[int, str], ...]
    role: str | None
    window: Window

    def version(self, at: int) -> int:
        """The number of its firmware in the order in which it ran them."""
        return bisect_right(self.firmware, at, key=lambda change: change[0]) - 1

    def is_drawn(self, at: int, every: int) -> bool:
        """Whether chance picks this moment, at one in a given number."""
        return _mixed(at, self.salt ^ _MASK) % every == 0

    def measure(self, at: int, stamped: int | None = None) -> Measurement:
        """What it measures at a moment, stamped with the time of its own clock."""
        drawn = _mixed(at, self.salt)
        daily = _DAILY[at // MINUTE_MS % 1_440]
        temperature = self.mean + self.swing * daily // 1_000 + drawn % (2 * self.noise + 1) - self.noise
        humidity = self.humidity - 8 * daily // 1_000 + (drawn >> 20) % 5 - 2
        time = at if stamped is None else stamped
        version = self.firmware[self.version(time)][1]
        return Measurement(
            self.name,
            time,
            temperature,
            humidity,
            version,
            1_013 + (drawn >> 30) % 7 - 3 if version in WITH_PRESSURE else None,
            90 - (drawn >> 40) % 30 if version in WITH_BATTERY else None,
        )


def devices(
    count: int, *, seed: int, span: Window, interval: int, roles: tuple[str, ...], roles_share: int
) -> list[Device]:
    """`count` devices over a span. Each role goes to one device, as long as at most every `roles_share`-th has one."""
    rng = Random(f"telemetry devices {seed}")  # noqa: S311
    with_role = rng.sample(range(count), min(len(roles), count // roles_share))
    role_of = dict(zip(with_role, roles, strict=False))
    length = span.end - span.start
    window = Window(span.start + length * 2 // 5, span.start + length * 7 // 10)
    made = []
    for number in range(count):
        role = role_of.get(number)
        upgraded = span.start + length * rng.randrange(10, 90) // 100
        extended = upgraded + (span.end - upgraded) * rng.randrange(20, 90) // 100
        mean, swing, humidity = rng.randrange(170, 240), rng.randrange(10, 60), rng.randrange(35, 65)
        salt, is_extended = rng.getrandbits(64), rng.randrange(5) == 0
        made.append(
            Device(
                name=f"sensor-{number + 1:0{len(str(count))}d}",
                salt=salt,
                phase=number * interval // count,
                zone=f"+{OFFSET_HOURS:02d}:00" if number % OFFSET_EVERY == OFFSET_EVERY - 1 else "Z",
                mean=700 if role == "hot_site" else 60 if role == "fog" else mean,
                swing=0 if role == "steady_room" else swing,
                noise=1 if role == "steady_room" else 3,
                humidity=15 if role == "hot_site" else humidity,
                firmware=_firmware(role, window, upgraded, extended if is_extended else None),
                role=role,
                window=window,
            )
        )
    return made


def _firmware(role: str | None, window: Window, upgraded: int, extended: int | None) -> tuple[tuple[int, str], ...]:
    """Most devices go from v1.2.0 to v1.3.0, some of them on to v1.4.0."""
    first = (0, EARLIEST_FIRMWARE)
    if role == "firmware_back":
        return ((0, "v1.3.0"), (window.start, EARLIEST_FIRMWARE), (window.end, "v1.3.0"))
    if role == "firmware_upgraded_twice":
        return (first, (window.start, "v1.3.0"), (window.end, "v1.3.1"))
    return (first, (upgraded, "v1.3.0"), *([(extended, "v1.4.0")] if extended else []))


def moment(at: int, zone: str = "Z") -> str:
    """A time as RFC 3339, with milliseconds where it has some."""
    second, rest = divmod(at, SECOND_MS)
    return f"{_second(second, zone)}.{rest:03d}{zone}" if rest else f"{_second(second, zone)}{zone}"


@lru_cache(maxsize=100_000)
def _second(second: int, zone: str) -> str:
    offset = UTC if zone == "Z" else timezone(timedelta(hours=OFFSET_HOURS))
    return datetime.fromtimestamp(second, offset).strftime("%Y-%m-%dT%H:%M:%S")


def _mixed(at: int, salt: int) -> int:
    """SplitMix64: a stable hash."""
    z = (at * 0x9E3779B97F4A7C15 + salt) & _MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & _MASK
    return z ^ (z >> 31)

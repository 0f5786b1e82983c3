"""Devices that behave in a way that a rule must find, and for each fault a look-alike.

A role turns a moment at which a device measures into what it sends then: readings, and when they leave.
"""

from collections.abc import Callable, Iterator

from tools.generators.telemetry.devices import SECOND_MS, Device, Measurement

LATENCY_MS = 120
SKEW_MS, SLOW_LINK_MS = 120 * SECOND_MS, 90 * SECOND_MS
DRIFT, WARM_SPELL, SPIKE = 80, 60, 300  # tenths of a degree
DOOR_OPEN = (60, 40, 20)
FLOODED_INTERVALS, FLOOD = 10, 20  # duration in intervals, and additional readings per interval
SPARSE_EVERY, IMPOSSIBLE_EVERY = 3, 10
IMPOSSIBLE_TEMPERATURE, IMPOSSIBLE_HUMIDITY, SATURATED = 720, 97, 100

Leaving = Iterator[tuple[int, Measurement]]


def plain(device: Device, at: int, interval: int) -> Leaving:
    yield at + LATENCY_MS, device.measure(at)


def _stuck_sensor(device: Device, at: int, interval: int) -> Leaving:
    reading = device.measure(at)
    if device.window.holds(at):
        reading = reading._replace(temperature=device.measure(device.window.start).temperature)
    yield at + LATENCY_MS, reading


def _drift(device: Device, at: int, interval: int) -> Leaving:
    yield at + LATENCY_MS, _warmer(device, at, DRIFT * _thousandths(device, at) // 1_000)


def _warm_spell(device: Device, at: int, interval: int) -> Leaving:
    rising = _thousandths(device, at)
    more = WARM_SPELL * 2 * min(rising, 1_000 - rising) // 1_000
    reading = _warmer(device, at, more)
    yield at + LATENCY_MS, reading._replace(humidity=reading.humidity - more // 6)


def _spike(device: Device, at: int, interval: int) -> Leaving:
    yield at + LATENCY_MS, _warmer(device, at, SPIKE if _place(device, at, interval) == 0 else 0)


def _door_open(device: Device, at: int, interval: int) -> Leaving:
    place = _place(device, at, interval)
    yield at + LATENCY_MS, _warmer(device, at, DOOR_OPEN[place] if 0 <= place < len(DOOR_OPEN) else 0)


def _clock_skew(device: Device, at: int, interval: int) -> Leaving:
    """Offset from its other readings, so that no two have the same time."""
    ahead = SKEW_MS + (interval // 2 if SKEW_MS % interval == 0 else 0)
    yield at + LATENCY_MS, device.measure(at, at + ahead if device.window.holds(at) else None)


def _slow_link(device: Device, at: int, interval: int) -> Leaving:
    yield at + SLOW_LINK_MS, device.measure(at)


def _gap(device: Device, at: int, interval: int) -> Leaving:
    if not device.window.holds(at):
        yield at + LATENCY_MS, device.measure(at)


def _sparse(device: Device, at: int, interval: int) -> Leaving:
    if at // interval % SPARSE_EVERY == 0:
        yield at + LATENCY_MS, device.measure(at)


def _unit_change(device: Device, at: int, interval: int) -> Leaving:
    """Degrees Fahrenheit."""
    reading = device.measure(at)
    if device.window.holds(at):
        reading = reading._replace(temperature=reading.temperature * 9 // 5 + 320)
    yield at + LATENCY_MS, reading


def _flooding(device: Device, at: int, interval: int) -> Leaving:
    yield at + LATENCY_MS, device.measure(at)
    if 0 <= _place(device, at, interval) < FLOODED_INTERVALS:
        for number in range(1, FLOOD + 1):
            more = at + number * interval // (FLOOD + 1)
            yield more + LATENCY_MS, device.measure(more)


def _reconnect_burst(device: Device, at: int, interval: int) -> Leaving:
    """What it measured while it was offline leaves at once, in order."""
    yield (device.window.end if device.window.holds(at) else at) + LATENCY_MS, device.measure(at)


def _impossible_pair(device: Device, at: int, interval: int) -> Leaving:
    reading = device.measure(at)
    place = _place(device, at, interval)
    if device.window.holds(at) and place % IMPOSSIBLE_EVERY == 0:
        reading = reading._replace(temperature=IMPOSSIBLE_TEMPERATURE, humidity=IMPOSSIBLE_HUMIDITY)
    yield at + LATENCY_MS, reading


def _fog(device: Device, at: int, interval: int) -> Leaving:
    reading = device.measure(at)
    yield at + LATENCY_MS, reading._replace(humidity=SATURATED) if device.window.holds(at) else reading


# each fault, followed by its look-alike
ROLES: dict[str, Callable[[Device, int, int], Leaving]] = {
    "stuck_sensor": _stuck_sensor,
    "steady_room": plain,
    "drift": _drift,
    "warm_spell": _warm_spell,
    "spike": _spike,
    "door_open": _door_open,
    "clock_skew": _clock_skew,
    "slow_link": _slow_link,
    "gap": _gap,
    "sparse": _sparse,
    "firmware_back": plain,
    "firmware_upgraded_twice": plain,
    "unit_change": _unit_change,
    "hot_site": plain,
    "flooding": _flooding,
    "reconnect_burst": _reconnect_burst,
    "impossible_pair": _impossible_pair,
    "fog": _fog,
}
TOLD = {
    "stuck_sensor": "a device reports the same temperature all the time",
    "steady_room": "a device in a room whose temperature hardly moves",
    "drift": "a device reports ever higher temperatures, by up to 8 degrees",
    "warm_spell": "it becomes 6 degrees warmer, and cool again; humidity falls meanwhile",
    "spike": "one reading is 30 degrees too high",
    "door_open": "three readings are 6, 4 and 2 degrees higher",
    "clock_skew": "the clock of a device is two minutes ahead",
    "slow_link": "readings of a device arrive 90 seconds after they were measured",
    "gap": "a device is silent",
    "sparse": "a device measures at every third interval",
    "firmware_back": "a device goes back to an older firmware",
    "firmware_upgraded_twice": "a device gets two upgrades",
    "unit_change": "a device reports Fahrenheit",
    "hot_site": "a device where it is 70 degrees warm",
    "flooding": "a device reports 21 readings an interval, for ten intervals",
    "reconnect_burst": "a device that was offline sends what it measured meanwhile at once",
    "impossible_pair": "72 degrees at 97 % relative humidity",
    "fog": "100 % relative humidity at about 6 degrees",
}
FAULTS = tuple(ROLES)[::2]


def _warmer(device: Device, at: int, tenths: int) -> Measurement:
    reading = device.measure(at)
    return reading._replace(temperature=reading.temperature + tenths)


def _thousandths(device: Device, at: int) -> int:
    """How much of the window is past; 0 outside."""
    window = device.window
    return 1_000 * (at - window.start) // (window.end - window.start) if window.holds(at) else 0


def _place(device: Device, at: int, interval: int) -> int:
    """The number of the reading in the window; negative before it."""
    return (at - device.window.start) // interval

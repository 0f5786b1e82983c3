"""What a planted fault does to its records. Each function changes all rows that it gets."""

from collections.abc import Callable

import numpy as np

from tools.generators.consent import catalogue as market
from tools.generators.consent.rows import BLANK, CUT, FLOAT32, LONG, SHORT, Rows
from tools.generators.draw import draw_ids
from tools.generators.texts import DAY_MS, HOUR_MS, time_text, uuid_text

FUTURE_MS = 400 * DAY_MS
UNREADABLE_TIMES = ("2025-02-30 12:00:00.000", "not available", None, "13/45/2025 99:99")
UNUSABLE_RATES = ("0.0", "1.5", "-0.1", None, "n/a")
UNKNOWN_TYPES = ("consent.updated", "click", None)
UNKNOWN_COUNTRIES = ('"XX"', '"UK"', '"EU"')
MISSING_COUNTRIES = (None, '""', '" "')
MISSING_IDS = (None, "", "   ")
ROBOT_BROWSER = "Headless Chrome"

_BROWSERS = tuple(market.BROWSERS)


def copy(rows: Rows, rng: np.random.Generator) -> None:
    rows.stored[:] = 0


def move(rows: Rows, rng: np.random.Generator) -> None:
    """The record itself is unchanged."""


def respell_id(rows: Rows, rng: np.random.Generator) -> None:
    rows.stored[:] = 0
    for row, (text, turn) in enumerate(zip(uuid_text(rows.id), _turns(rows, 2, rng), strict=True)):
        rows.write("EVENT_ID", row, text.upper() if turn else f" {text}  ")


def drop_id(rows: Rows, rng: np.random.Generator) -> None:
    rows.stored[:] = 0
    _write_by_turns(rows, "EVENT_ID", MISSING_IDS, rng)


def make_time_unreadable(rows: Rows, rng: np.random.Generator) -> None:
    _renew(rows, rng)
    write_unreadable_times(rows, rng)


def write_unreadable_times(rows: Rows, rng: np.random.Generator) -> None:
    _write_by_turns(rows, "EVENT_TIME", UNREADABLE_TIMES, rng)


def make_rate_unusable(rows: Rows, rng: np.random.Generator) -> None:
    _renew(rows, rng)
    _write_by_turns(rows, "RATE", UNUSABLE_RATES, rng)


def make_type_unknown(rows: Rows, rng: np.random.Generator) -> None:
    _renew(rows, rng)
    _write_by_turns(rows, "TYPE", UNKNOWN_TYPES, rng)


def make_company_unlisted(rows: Rows, rng: np.random.Generator) -> None:
    _renew(rows, rng)
    _write_by_turns(rows, "APIKEY", tuple(uuid_text(draw_ids(rng, 1))), rng)


def make_malformed(rows: Rows, rng: np.random.Generator) -> None:
    _renew(rows, rng)
    rows.damage[:] = np.where(_turns(rows, 2, rng), SHORT, LONG)


def make_blank(rows: Rows, rng: np.random.Generator) -> None:
    rows.stored[:] = 0
    rows.damage[:] = BLANK


def change_case(rows: Rows, rng: np.random.Generator) -> None:
    _respell(rows, rng, str.swapcase)


def pad(rows: Rows, rng: np.random.Generator) -> None:
    _respell(rows, rng, lambda text: f" {text}  ")


def unquote_country(rows: Rows, rng: np.random.Generator) -> None:
    for row, country in enumerate(rows.country.tolist()):
        rows.write("COUNTRY", row, market.COUNTRIES[country])


def make_country_unknown(rows: Rows, rng: np.random.Generator) -> None:
    _write_by_turns(rows, "COUNTRY", UNKNOWN_COUNTRIES, rng)


def drop_country(rows: Rows, rng: np.random.Generator) -> None:
    _write_by_turns(rows, "COUNTRY", MISSING_COUNTRIES, rng)


def move_region_to_france(rows: Rows, rng: np.random.Generator) -> None:
    first, number = market.REGIONS_OF[market.FRANCE]
    rows.region[:] = first + rng.integers(0, number, len(rows))


def swap_browser(rows: Rows, rng: np.random.Generator) -> None:
    desktop = rows.device == market.DEVICES.index("desktop")
    rows.browser[:] = np.where(desktop, _BROWSERS.index("Samsung Browser"), _BROWSERS.index("Safari"))


def swap_sdk_browser(rows: Rows, rng: np.random.Generator) -> None:
    web = rows.sdk == market.WEB
    rows.browser[:] = np.where(web, _BROWSERS.index(market.APP_BROWSER), _BROWSERS.index("Firefox"))


def drive_by_robot(rows: Rows, rng: np.random.Generator) -> None:
    _write_by_turns(rows, "BROWSER_FAMILY", (ROBOT_BROWSER,), rng)


def drop_user(rows: Rows, rng: np.random.Generator) -> None:
    _write_by_turns(rows, "USER_ID", (None,), rng)


def share_user(rows: Rows, rng: np.random.Generator) -> None:
    rows.user[:] = rows.user[0]


def respell_time(rows: Rows, rng: np.random.Generator) -> None:
    styles = [time_text(rows.at, style).to_pylist() for style in ("zulu", "offset")]
    for row, turn in enumerate(_turns(rows, len(styles), rng)):
        rows.write("EVENT_TIME", row, styles[turn][row])


def move_to_future(rows: Rows, rng: np.random.Generator) -> None:
    rows.at += FUTURE_MS


def move_to_epoch(rows: Rows, rng: np.random.Generator) -> None:
    rows.at %= HOUR_MS


def move_window(rows: Rows, rng: np.random.Generator) -> None:
    rows.window += np.where(_turns(rows, 2, rng), 3 * HOUR_MS, -2 * HOUR_MS)


def break_json(rows: Rows, rng: np.random.Generator) -> None:
    rows.damage[:] = CUT + _turns(rows, 3, rng)


def contradict_status(rows: Rows, rng: np.random.Generator) -> None:
    rows.told[:] = 1 + (rows.status - 1 + rng.integers(1, 3, len(rows))) % 3


def update_before_created(rows: Rows, rng: np.random.Generator) -> None:
    rows.created[:] = rows.updated + rng.integers(1_000, HOUR_MS, len(rows))


def drop_count(rows: Rows, rng: np.random.Generator) -> None:
    rows.count[:] = 0


def lower_count(rows: Rows, rng: np.random.Generator) -> None:
    rows.count[:] = 1


def make_rate_noisy(rows: Rows, rng: np.random.Generator) -> None:
    rows.noise[:] = FLOAT32 + _turns(rows, 2, rng)


def _renew(rows: Rows, rng: np.random.Generator) -> None:
    """Gives new ids to records that no total counts."""
    rows.id = draw_ids(rng, len(rows))
    rows.stored[:] = 0


def _respell(rows: Rows, rng: np.random.Generator, spell: Callable[[str], str]) -> None:
    plain = {
        "TYPE": lambda row: market.TYPES[rows.kind[row]],
        "CONSENT": lambda row: market.STATUSES[rows.status[row]],
        "SDK_TYPE": lambda row: market.SDKS[rows.sdk[row]],
        "COUNTRY": lambda row: f'"{market.COUNTRIES[rows.country[row]]}"',
        "DEVICE_TYPE": lambda row: market.DEVICES[rows.device[row]],
    }
    for row, turn in enumerate(_turns(rows, len(plain), rng)):
        column = tuple(plain)[turn]
        rows.write(column, row, spell(plain[column](row)))


def _write_by_turns(rows: Rows, column: str, values: tuple[str | None, ...], rng: np.random.Generator) -> None:
    for row, turn in enumerate(_turns(rows, len(values), rng)):
        rows.write(column, row, values[turn])


def _turns(rows: Rows, ways: int, rng: np.random.Generator) -> np.ndarray:
    """The way assigned to each row: one after the other, from a random start."""
    return (rng.integers(0, ways) + np.arange(len(rows))) % ways

"""A program that is killed at each step of a migration, and goes on afterwards.

    python -m support.history_kills readings|hourly     prints the number of kills

Right after a step is as good as right before the next one, so it is killed right before each.
It forks, as it would take a second to start for each step: the parent starts no thread and reads no data.
"""

import os
import signal
import sys
from datetime import timedelta
from itertools import chain

import psycopg

from duckhouse.streaming.history import lake_day
from duckhouse.streaming.history.migration import migrate_history
from support import history
from support.forked import done, forked
from support.history import FIRST, expected, expected_hours
from support.store import ENTITY, SOURCE
from tools.campaigns.moments import kill_at, watch

CHANGING = (
    "duckhouse.streaming.store.timeseries:TimeSeriesStore.add",
    "duckhouse.streaming.history.migration:_Migration._bring_hours",
    "duckhouse.streaming.history.migration:_Migration._noted",
    "duckhouse.streaming.history.migration:_Migration._count",
)
TABLES = ("readings_near", "readings_far", "reading_repeats", "readings_hourly", "history_days")
DAYS = 2
SENT = history.history()


def main(form: str) -> None:
    lake_day.PIECE = 12
    history.END = FIRST + timedelta(days=DAYS)
    kills, code = -1, -signal.SIGKILL
    while code == -signal.SIGKILL:
        kills += 1
        with psycopg.connect(os.environ["TELEMETRY_DSN"]) as connection:
            for table in TABLES:
                connection.execute(f"delete from {table}")

        def killed(moment: int = 2 * kills + 1) -> None:
            watch(CHANGING, kill_at(moment))
            migrate(form)

        code = forked(killed)
        done(lambda: go_on(form))
    print(kills if code == 0 else f"failed with {code}")


def migrate(form: str) -> int:
    made = migrate_history(SOURCE, ENTITY, FIRST, FIRST + timedelta(days=DAYS), by_hour=form == "hourly")
    assert made.differences == [], made.differences
    return made.written


def go_on(form: str) -> None:
    """Fails unless what was there before is kept, the rest comes, and every day is noted."""
    there, days = found(form)
    wanted = sorted(expected_hours(SENT)) if form == "hourly" else sorted(chain(*expected(SENT).values()))
    assert set(there) <= set(wanted), there
    written = migrate(form)
    assert written == len(wanted) - len(there), (written, len(there))
    assert days <= DAYS
    assert found(form) == (wanted, DAYS), found(form)


def found(form: str) -> tuple[list[tuple[object, ...]], int]:
    with psycopg.connect(os.environ["TELEMETRY_DSN"]) as connection:
        query = (
            "select device_id, (extract(epoch from hour) * 1000000)::bigint from readings_hourly"
            if form == "hourly"
            else "select _partition, _offset from readings union all select _partition, _offset from reading_repeats"
        )
        rows = connection.execute(query).fetchall()
        [(days,)] = connection.execute("select count(*) from history_days where form = %s", [form]).fetchall()
        return sorted(rows), days


if __name__ == "__main__":
    main(sys.argv[1])

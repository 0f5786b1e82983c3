"""A load that is killed right before each step, each time in a zone of its own, and runs again to its end.

    python -m support.land_kills STAGING ZONES BEFORE WORD…     BEFORE is a zone to begin with; none where it is empty

Right after a step is as good as right before the next one.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import tqdm  # noqa: F401 - this and what landing imports late: here once, not once a load

from duckhouse import sources as declarations
from duckhouse.landing import bucket, fetch, files, workers, zone_tables  # noqa: F401
from scripts import land
from support.forked import done, forked
from tools.campaigns.commands import COMMANDS
from tools.campaigns.moments import kill_at, watch


def main(staging: str, zones: str, before: str, *words: str) -> None:
    declarations.STAGING = Path(staging)
    workers.MAY_ABORT = set()
    fetch.SIDE_BY_SIDE = 1
    if before:
        store = bucket.store()  # which asks for nothing yet
        fetch.store = lambda: store
    changing = (
        [name for name in COMMANDS["fetch"].changing if name != "os:open"] if before else COMMANDS["land"].changing
    )
    step, code = 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        step += 1
        zone = Path(zones) / str(step)
        if before:
            shutil.copytree(before, zone)
        os.environ["DUCKHOUSE_LANDING"] = str(zone)

        def killed(moment: int = 2 * step - 1) -> None:
            watch([name for name in changing if name != "os:open"], kill_at(moment))
            load(words)

        code = forked(killed)
        done(lambda: load(words))
    if code:
        sys.exit(f"a load ended with {code}")


def load(words: tuple[str, ...]) -> None:
    if code := land.main(words):
        raise AssertionError(f"landing ended with {code}")


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A plugin of dbt, which imports the modules named dbt_* of its environment.

`make setup` puts this folder on the path of the environment. Without it dbt makes the same rows, and builds everything
every time.
"""

import gc
import os
import sys
from pathlib import Path

from dbt.plugins.manager import dbtPlugin

PROJECT = Path(__file__).resolve().parents[1]
NEW_OBJECTS = 50_000
"""Between two garbage collections, at least. dbt makes so many objects that stay that after the usual 700 new ones a
collection takes a fifth of the time of a command that has parsed before."""


class Duckhouse(dbtPlugin):
    def initialize(self) -> None:
        if self.project_name != "duckhouse" or not (PROJECT / "duckhouse").is_dir():
            return
        sys.path.append(str(PROJECT))
        from duckhouse.cli import OWNER_ONLY
        from duckhouse.dbt_plugin import asked, credentials, inlined, refusals, repeated, tasks, unread

        os.umask(OWNER_ONLY)
        gc.set_threshold(max(NEW_OBJECTS, gc.get_threshold()[0]), 20, 20)
        for part in (asked, credentials, inlined, refusals, repeated, tasks, unread):
            part.install()


plugins = [Duckhouse]

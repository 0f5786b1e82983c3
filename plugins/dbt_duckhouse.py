"""A plugin of dbt, which imports the modules named dbt_* of its environment.

`make setup` puts this folder on the path of the environment. Without it dbt makes the same rows, and builds everything
every time.
"""

import os
import sys
from pathlib import Path

from dbt.plugins.manager import dbtPlugin

PROJECT = Path(__file__).resolve().parents[1]


class Duckhouse(dbtPlugin):
    def initialize(self) -> None:
        if self.project_name != "duckhouse" or not (PROJECT / "duckhouse").is_dir():
            return
        sys.path.append(str(PROJECT))
        from duckhouse.cli import OWNER_ONLY
        from duckhouse.dbt_plugin import credentials, held, repeated, tasks

        os.umask(OWNER_ONLY)
        credentials.install()
        held.install()
        repeated.install()
        tasks.install()


plugins = [Duckhouse]

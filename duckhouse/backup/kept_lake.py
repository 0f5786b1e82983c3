"""The lake in a backup: its catalog as it is at one moment, and the files that this catalog needs.

Files of a lake never change, and what is no longer needed stays for a day. So they may be copied after the catalog,
while the consumer goes on.
"""

from contextlib import nullcontext, suppress
from pathlib import Path

from duckhouse.backup.making import CATALOG, LAKE, Making, sqlite_copy
from duckhouse.cli import progress
from duckhouse.settings import environment
from duckhouse.streaming.lake.catalog import location
from duckhouse.streaming.lake.leftovers import NOTES, needed
from duckhouse.streaming.lake.status import tables_there


def keep_lake(making: Making) -> str:
    """Keeps the lake; returns its folder, because its files refer to each other by path."""
    where = Path(location())
    with sqlite_copy(where / CATALOG) as copy:
        making.file(f"{LAKE}/{CATALOG}", copy)
        with environment({"DUCKHOUSE_LAKE_CATALOG": f"sqlite:///{copy}"}):
            tables = list(tables_there())
    for table in tables:
        # commits remove old metadata at once
        may_be_gone = {f"{table.location()}/{NOTES}", *(entry.metadata_file for entry in table.metadata.metadata_log)}
        for file in progress(dict.fromkeys(needed(table)), label="lake", unit="file"):
            name = f"{LAKE}/{Path(file).relative_to(where).as_posix()}"
            with suppress(FileNotFoundError) if file in may_be_gone else nullcontext():
                making.file(name, Path(file))
    return str(where)

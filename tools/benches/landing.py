"""Landing one JSONL file, and the same lines in several, compared with a plain COPY of them to Parquet."""

import sys
from itertools import islice
from pathlib import Path
from typing import Any

from duckhouse.processes import script
from tools.benches.made_up import events_of_days
from tools.benches.measure import Environment, Task, measure, ratio

FILES = 4
BARE_COPY = "import duckdb; duckdb.sql(\"copy (from read_json('{files}')) to '{out}' (compression zstd)\")"


def bench_landing(work: Path, events: int, repeat: int) -> list[dict[str, Any]]:
    drop = events_of_days(work / "one_day", 1, events)
    [single] = (drop / "events").glob("*.jsonl")
    one, several = work / "one" / "events", work / "several" / "events"
    one.mkdir(parents=True)
    several.mkdir(parents=True)
    single.rename(one / single.name)
    split(one / single.name, several)
    results = []
    for label, folder, files in (("one file", one, 1), (f"{FILES} files", several, FILES)):
        bare = measure(f"bare COPY, {label}", bare_copy(work, folder), repeat)
        landed = measure(f"land, {label}", landing(work, folder.parent), repeat)
        size = sum(path.stat().st_size for path in folder.iterdir())
        for result in (bare, landed):
            result |= {"files": files, "megabytes": round(size / 1e6, 1), "ratio": ratio(result, bare)}
        results += [bare, landed]
    return results


def bare_copy(work: Path, folder: Path) -> Task:
    def task(_: int) -> tuple[list[str], Environment]:
        return [sys.executable, "-c", BARE_COPY.format(files=folder / "*.jsonl", out=work / "bare.parquet")], {}

    return task


def landing(work: Path, folder: Path) -> Task:
    def task(turn: int) -> tuple[list[str], Environment]:
        zone = work / "zones" / f"{folder.name}-{turn}"
        return script("land", "ad_serving", str(folder)), {"DUCKHOUSE_LANDING": str(zone)}

    return task


def split(file: Path, folder: Path) -> None:
    """The same lines in several files of equal size."""
    with file.open("rb") as lines:
        count = sum(1 for _ in lines)
        lines.seek(0)
        for place in range(FILES):
            share = count * (place + 1) // FILES - count * place // FILES
            with (folder / f"{file.stem}-{place}.jsonl").open("wb") as part:
                part.writelines(islice(lines, share))

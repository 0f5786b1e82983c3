"""Wall seconds and memory of whole commands."""

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

from duckhouse import cli, settings

try:
    import psutil
except ModuleNotFoundError:
    psutil = None

SAMPLE_SECONDS = 0.02

Environment = dict[str, str]
Task = Callable[[int], tuple[list[str], Environment]]


def measure(name: str, task: Task, repeat: int, server: str = "") -> dict[str, Any]:
    """The median of wall seconds and the highest peak memory over `repeat` runs of a command. The memory is that of the
    command with its child processes or, if `server` is given, that of the server, which is another child of this
    process."""
    runs = [timed_run(*task(turn), server) for turn in cli.progress(range(repeat), label=name, unit="run")]
    seconds = [wall for wall, _ in runs]
    return {
        "name": name,
        "seconds": round(statistics.median(seconds), 2),
        "seconds_of_runs": [round(wall, 2) for wall in seconds],
        "peak_megabytes": round(max(peak for _, peak in runs) / 1e6),
    }


def timed_run(command: list[str], env: Environment, server: str = "") -> tuple[float, int]:
    with tempfile.TemporaryFile() as output:  # a pipe that nobody reads fills up, and the command waits forever
        started = time.perf_counter()
        process = psutil.Popen(
            command, cwd=settings.PROJECT, env={**os.environ, **env}, stdout=output, stderr=subprocess.STDOUT
        )
        measured = process_of(server) if server else process
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident_bytes(measured))
            time.sleep(SAMPLE_SECONDS)
        elapsed = time.perf_counter() - started
        output.seek(0)
        said = output.read().decode().strip()
    if process.returncode:
        raise cli.UserError(f"{' '.join(command[:4])} ended with {process.returncode}: {said[-500:]}")
    return elapsed, peak


def process_of(server: str) -> Any:
    """The child of this process with the word in its command line."""
    return next(child for child in children(psutil.Process()) if server in words_of(child))


def words_of(process: Any) -> list[str]:
    """The command line of a process; empty if it has ended and was not waited for."""
    try:
        words: list[str] = process.cmdline()
        return words
    except psutil.Error:
        return []


def resident_bytes(process: Any) -> int:
    total = 0
    for member in (process, *children(process)):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def children(process: Any) -> list[Any]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def ratio(result: dict[str, Any], reference: dict[str, Any]) -> float:
    return round(result["seconds"] / reference["seconds"], 2)

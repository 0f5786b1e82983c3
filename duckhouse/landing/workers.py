"""Lands the files of a delivery in parallel worker processes, where there is enough to do.

Formats that may abort the process are always read in a worker, even for small files: a dead worker costs one file only.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from duckhouse.landing.manifest import SourceFile
from duckhouse.readers.stored import FileFault, digest, stamp

if TYPE_CHECKING:
    from duckhouse.landing.files import Job

WORTH_A_PROCESS = 32 << 20  # bytes of CSV: below it a worker's start costs more than it saves
IN_THREADS_ANYWAY = 16  # bytes of other formats count so many times less: DuckDB itself reads them on all processors
MAY_ABORT = {"parquet"}  # formats whose libraries abort the process for some damaged files

Result = SourceFile | FileFault


def digests(paths: Sequence[Path]) -> list[tuple[str, int, tuple[int, int, int]] | OSError]:
    """The sha256 and size of each file, and its stamp from before the hashing; or why it cannot be read."""

    def one(path: Path) -> tuple[str, int, tuple[int, int, int]] | OSError:
        try:
            before = stamp(path)
            return *digest(path), before
        except OSError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(one, paths)
        import duckhouse.landing.files  # noqa: F401  # imports the readers while files are hashed

        return list(found)


def land_files(jobs: Sequence["Job"], advance: Callable[[int], object]) -> Iterator[tuple["Job", Result]]:
    """Lands each file, in any order. `advance` gets the number of bytes read."""
    work = sum(job.size if job.found.format == "csv" else job.size // IN_THREADS_ANYWAY for job in jobs)
    is_worth_it = len(jobs) > 1 and work >= WORTH_A_PROCESS
    apart = []
    for job in jobs:
        if is_worth_it or job.found.format in MAY_ABORT:
            apart.append(job)
        else:
            yield job, _outcome(job, advance)
    processors = os.cpu_count() or 1
    count = min(processors, len(apart)) if is_worth_it else 1
    yield from _in_workers([replace(job, threads=max(1, processors // count)) for job in apart], count, advance)


def _in_workers(jobs: Sequence["Job"], count: int, advance: Callable[[int], object]) -> Iterator[tuple["Job", Result]]:
    """Lands the largest file first. A worker that dies is replaced."""
    waiting = sorted(jobs, key=lambda job: job.size)
    busy: dict[Connection, tuple[BaseProcess, Job]] = {}
    idle: list[tuple[Connection, BaseProcess]] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < count:
                pipe, worker = idle.pop() if idle else _employed()
                busy[pipe] = worker, waiting.pop()
                with suppress(BrokenPipeError):  # the worker is dead, which shows when we wait for it
                    pipe.send(busy[pipe][1])
            for pipe in [ready for ready in wait(list(busy)) if isinstance(ready, Connection)]:
                worker, job = busy[pipe]
                try:
                    told = pipe.recv()
                except (EOFError, OSError):
                    del busy[pipe]
                    worker.join()
                    yield job, FileFault(_end_of(worker))
                    continue
                if isinstance(told, int):
                    advance(told)
                elif isinstance(told, Result):
                    idle.append((pipe, busy.pop(pipe)[0]))
                    yield job, told
                else:
                    raise told
    finally:
        for worker, _ in busy.values():
            worker.terminate()
        for pipe in (*busy, *(pipe for pipe, _ in idle)):
            pipe.close()


def _employed() -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_work, args=(theirs,), daemon=True)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # a terminal sends it to workers too
    try:
        worker.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    theirs.close()
    return ours, worker


def _end_of(worker: BaseProcess) -> str:
    code = worker.exitcode or 0
    if code == -signal.SIGKILL:
        return "its reader was ended by SIGKILL (out of memory?): export it in smaller files"
    end = signal.Signals(-code).name if code < 0 else f"code {code}"
    return f"its reader ended with {end}: the file is damaged or encrypted: export it again"


def _outcome(job: "Job", advance: Callable[[int], object]) -> Result:
    from duckhouse.landing.files import land_file

    try:
        return land_file(job, advance)
    except FileFault as fault:
        return fault


def _work(pipe: Connection) -> None:
    """A worker: it lands the files that it receives until the connection ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # drops what a library prints when it aborts
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        try:
            told: Result | Exception = _outcome(job, pipe.send)
        except Exception as error:
            told = error
        pipe.send(told)


def _exit_after(parent: BaseProcess) -> None:
    """Ends a worker with its load: otherwise the load's lock would be free while the worker still writes."""
    parent.join()
    os._exit(1)

"""The files of a delivery, side by side in worker processes where there is enough to do."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import TYPE_CHECKING

from duckhouse.cli import UserError
from duckhouse.landing.manifest import SourceFile
from duckhouse.readers.stored import FileFault, digest

if TYPE_CHECKING:
    from duckhouse.landing.files import Job

WORTH_A_PROCESS = 32 << 20  # bytes of CSV: below it a worker's start costs more than it saves
IN_THREADS_ANYWAY = 16  # so many times fewer bytes count of the formats that DuckDB reads on all processors itself
_POLL_SECONDS = 0.2

_done: "Synchronized[int]"


def digests(paths: Sequence[Path]) -> list[tuple[str, int] | OSError]:
    """The sha256 and size of each file, or why it cannot be read."""

    def one(path: Path) -> tuple[str, int] | OSError:
        try:
            return digest(path)
        except OSError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = threads.map(one, paths)
        import duckhouse.landing.files  # noqa: F401  # the readers, which wait for no processor while files are hashed

        return list(found)


def land_files(
    jobs: Sequence["Job"], advance: Callable[[int], object]
) -> Iterator[tuple["Job", SourceFile | FileFault]]:
    """Lands each file; in no order. `advance` gets the bytes of the files that were read."""
    work = sum(job.size if job.found.format == "csv" else job.size // IN_THREADS_ANYWAY for job in jobs)
    if len(jobs) < 2 or work < WORTH_A_PROCESS:
        for job in jobs:
            yield job, _outcome(job, advance)
        return
    processors = os.cpu_count() or 1
    count = min(processors, len(jobs))
    shared = [replace(job, threads=max(1, processors // count)) for job in jobs]
    context = multiprocessing.get_context("spawn")
    done = context.Value("q", 0)
    with ProcessPoolExecutor(count, context, _start, (done,)) as pool:
        try:
            waiting = {
                pool.submit(_outcome, job): job for job in sorted(shared, key=lambda job: job.size, reverse=True)
            }
            told = 0
            while waiting:
                ended, _ = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
                advance(done.value - told)
                told = done.value
                for future in ended:
                    yield waiting.pop(future), future.result()
        except BrokenProcessPool:
            raise UserError(
                "a worker process was stopped from outside (out of memory?): nothing landed, try again"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _outcome(job: "Job", advance: Callable[[int], object] | None = None) -> SourceFile | FileFault:
    from duckhouse.landing.files import land_file

    try:
        return land_file(job, advance or _advance_shared)
    except FileFault as fault:
        return fault


def _advance_shared(count: int) -> None:
    with _done.get_lock():
        _done.value += count


def _start(done: "Synchronized[int]") -> None:
    """In a worker: it must not outlive the load, whose lock would then be free while the worker still writes."""
    global _done
    _done = done
    parent = multiprocessing.parent_process()
    if parent:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()


def _exit_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)

"""One file of a delivery: read by the reader of its format, written to the landing zone, counted."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from duckhouse.landed_rows import Origin, Rejects, columns_without_values, rows_in
from duckhouse.landing.drop import Found
from duckhouse.landing.literals import add_literals
from duckhouse.landing.manifest import SourceFile, rejected_as
from duckhouse.readers import delimited, jsonl, parquet
from duckhouse.readers.stored import FileFault, stamp
from duckhouse.sources import Entity

_TOLD = 200  # characters of an error


@dataclass(frozen=True)
class Job:
    """A file to land in the delivery being built in `folder`. `stamp` is its state when it was hashed."""

    found: Found
    origin: Origin
    folder: Path
    sha256: str
    size: int
    stamp: tuple[int, int, int]
    threads: int

    @property
    def landed_as(self) -> str:
        return f"{self.found.entity.name}/{landed_stem(self.found.name)}.parquet"


def landed_stem(name: str) -> str:
    """A file name that every system accepts, from any name: its letters, and a hash that keeps names distinct."""
    letters = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name.rsplit("/", 1)[-1])
    return f"{letters.split('.')[0][:60]}-{sha256(name.encode()).hexdigest()[:32]}"


def land_file(job: Job, advance: Callable[[int], object]) -> SourceFile:
    """Lands a file. Raises FileFault where it cannot be read, and removes what was written until then."""
    found, entity = job.found, job.found.entity.delivered
    target = job.folder / job.landed_as
    target.parent.mkdir(parents=True, exist_ok=True)
    rejected = job.folder / rejected_as(job.landed_as)
    encoding = delimiter = None
    blank = 0
    try:
        with Rejects(rejected, entity, job.origin) as rejects:
            if found.format == "jsonl":
                read, blank, unmapped = jsonl.land(
                    found.path, entity, job.origin, target, rejects, advance, job.threads
                )
                encoding = "utf-8"
                missing = None
            elif found.format == "csv":
                counts = delimited.land(found.path, entity, job.origin, target, rejects, advance)
                read, blank, unmapped, missing = counts.read, counts.blank, counts.unmapped, counts.missing
                encoding, delimiter = counts.encoding, counts.delimiter
            else:
                read, unmapped, missing = parquet.land(found.path, entity, job.origin, target, rejects, job.threads)
                advance(job.size)
        add_literals(target, found.entity)
        if stamp(found.path) != job.stamp:
            raise FileFault("it was changed while it was read: land it again")
    except Exception as error:
        target.unlink(missing_ok=True)
        rejected.unlink(missing_ok=True)
        raise _fault(error, found.path) from None
    landed, rejects_kept = rows_in(target), rows_in(rejected)
    if read != landed + rejects_kept + blank:
        raise RuntimeError(f"{found.name}: read {read}, landed {landed}, rejected {rejects_kept}, blank {blank}")
    return SourceFile(
        entity=entity.name,
        name=found.name,
        format=found.format,
        encoding=encoding,
        delimiter=delimiter,
        size_bytes=job.size,
        sha256=job.sha256,
        records_read=read,
        records_landed=landed,
        records_rejected=rejects_kept,
        records_blank=blank,
        landed_as=job.landed_as,
        unmapped_columns=tuple(unmapped),
        missing_columns=tuple(_without_values(target, found.entity) if missing is None else missing),
        objects=found.objects,
    )


def _without_values(target: Path, entity: Entity) -> list[str]:
    """The columns that the file should have but has no value for, without those that landing itself fills."""
    delivered = {column.name for column in entity.delivered.columns}
    return [name for name in columns_without_values(target, entity) if name in delivered]


def _fault(error: Exception, path: Path) -> Exception:
    """The error as a fault of the file, unless the system is at fault, as with a full disk."""
    if isinstance(error, FileFault):
        return error
    if isinstance(error, OSError):
        is_of_file = error.filename == os.fspath(path)
        return FileFault(f"cannot be read: {error.strerror}") if is_of_file else error
    told = f"{type(error).__name__}: {' '.join(str(error).split())[:_TOLD]}"
    return FileFault(f"its reader failed ({told}): export the file again")

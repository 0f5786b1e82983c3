"""What a drop contains: which of its files belong to which entity, and which to none."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.landing.manifest import ObjectVersion
from duckhouse.sources import Entity, Source

REDELIVERY = "redelivery"
HIDDEN = "its name begins with a dot: rename it to land it"
WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods")
JSON, JSON_BY_LINE = ".json", ".jsonl"
FORMATS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".parquet": "parquet"}


@dataclass(frozen=True)
class Found:
    """A file of an entity. `name` is its path in the drop, with / and as valid text; `objects` are its S3 objects."""

    path: Path
    name: str
    entity: Entity
    format: str
    objects: tuple[ObjectVersion, ...] = ()


@dataclass
class Drop:
    """Files that arrived together. `unknown` has unrecognised ones and why, `skipped` those left out by rule."""

    files: list[Found] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[tuple[str, str]] = field(default_factory=list)


def survey(source: Source, paths: Sequence[Path], *, redelivery: bool) -> list[Drop]:
    """The drops in `paths`, in the order of their delivery: the files there, then those in redelivery/ folders.

    Raises UserError for a path that does not exist, and for two different files with the same name in a drop.
    """
    first, second = Drop(), Drop()
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            told = "a link that leads nowhere" if path.is_symlink() else "no such file or folder"
            raise UserError(f"{path}: {told}")
        if not path.is_dir():
            _add(first, source, path, seen, None)
            continue
        for member in _walk(path, REDELIVERY, first):
            _add(first, source, member, seen, path)
        if redelivery and _is(Path.is_dir, path / REDELIVERY):
            for member in _walk(path / REDELIVERY, None, second):
                _add(second, source, member, seen, path / REDELIVERY)
    for drop in (first, second):
        put_in_order(drop)
    return [first, second] if second.files or second.unknown or second.skipped else [first]


def visible(text: str) -> str:
    """A name on one line, unchanged where it can be printed."""
    return text if text.isprintable() else repr(text)


def _walk(root: Path, skipped: str | None, drop: Drop) -> Iterator[Path]:
    """Every file under `root` in the order of names, except in hidden folders and the top folder `skipped`.

    A folder that cannot be read is named in the drop.
    """

    def name_folder(error: OSError) -> None:
        folder = Path(os.fsdecode(error.filename)).relative_to(root)
        drop.unknown.append((_valid(f"{folder}/"), f"cannot be read: {error.strerror}"))

    for folder, folders, names in os.walk(root, onerror=name_folder):
        if Path(folder) == root and skipped in folders:
            folders.remove(skipped)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [name for name in folders if _is(Path.is_symlink, Path(folder) / name)]
        yield from (Path(folder) / name for name in sorted([*names, *links]))


def _add(drop: Drop, source: Source, path: Path, seen: set[Path], root: Path | None) -> None:
    name = _valid(path.relative_to(root).as_posix() if root else path.name)
    if root and path.name.startswith("."):
        if isinstance(recognise(source, path.relative_to(root).parts, is_whole=True), tuple):
            drop.skipped.append((name, HIDDEN))
        return
    problem = _problem(path, root)
    if problem:
        drop.unknown.append((name, problem))
        return
    identity = path.resolve()
    if identity in seen:
        drop.skipped.append((name, "given twice: read once"))
        return
    seen.add(identity)
    parts = path.relative_to(root).parts if root else path.absolute().parts
    told = recognise(source, parts, is_whole=root is not None)
    if isinstance(told, str):
        drop.unknown.append((name, told))
    elif told:
        entity, name, form = told
        drop.files.append(Found(path, _valid(name), entity, form))


def recognise(source: Source, parts: Sequence[str], *, is_whole: bool) -> tuple[Entity, str, str] | str | None:
    """The entity, name and format of a file; the reason why it cannot be read; None where the source ignores it.

    `parts` are its path in the drop; where the full path is not known, a path whose end counts.
    """
    if any(_matches(parts[-pattern.count("/") - 1 :], pattern) for pattern in source.ignored_files):
        return None
    for entity in source.entities:
        for pattern in entity.files:
            tail = parts if is_whole else parts[-pattern.count("/") - 1 :]
            if not _matches(tail, pattern):
                continue
            ending = Path(tail[-1].removesuffix(".gz")).suffix
            if ending in FORMATS and not tail[-1].endswith(".parquet.gz"):
                return entity, "/".join(tail), FORMATS[ending]
            return f"no reader for this ending: {', '.join(FORMATS)} (text formats also with .gz)"
    return f"no file pattern of {source.name} matches it{_hint(source, parts[-1])}"


def _hint(source: Source, name: str) -> str:
    """A suggestion for a file whose name matches no pattern."""
    ending = Path(name).suffix.lower()
    if ending in WORKBOOKS:
        return ": save each sheet of the workbook as CSV"
    for pattern in (pattern for entity in source.entities for pattern in entity.files):
        folder, _, wanted = pattern.rpartition("/")
        if folder and fnmatchcase(name, wanted) and wanted.strip("*."):
            return f": in the folder {folder}/ it would be taken"
        if ending == JSON and fnmatchcase(Path(name).with_suffix(JSON_BY_LINE).name, wanted):
            return f": {JSON_BY_LINE} is what files are named that have one JSON object a line"
    return ""


def _problem(path: Path, root: Path | None) -> str | None:
    if root and _is(Path.is_symlink, path):
        if not Path(os.path.realpath(path)).is_relative_to(root.resolve()):
            return "a link that leaves the drop: copy the file into it"
        if _is(Path.is_dir, path):
            return "a link to a folder: it is not followed"
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return None if stat.S_ISREG(mode) else "not a regular file"


def _is(asked: Callable[[Path], bool], path: Path) -> bool:
    """The answer; false where this user may not enter the folder of the path."""
    try:
        return asked(path)
    except OSError:
        return False


def _matches(parts: Sequence[str], pattern: str) -> bool:
    wanted = pattern.split("/")
    return len(wanted) == len(parts) and all(fnmatchcase(part, want) for part, want in zip(parts, wanted, strict=True))


def _valid(name: str) -> str:
    """The name as valid UTF-8 text: other bytes are written as \\xNN."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def put_in_order(drop: Drop) -> None:
    """Sorts the files by entity and name. Raises UserError for two files with the same name."""
    drop.files.sort(key=lambda file: (file.entity.name, file.name))
    for before, file in pairwise(drop.files):
        if (before.entity.name, before.name) == (file.entity.name, file.name):
            raise UserError(f"{visible(file.name)}: two files of this name are given: land them in two runs")

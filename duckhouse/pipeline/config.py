"""What the pipeline brings: the inflows in pipeline.yml, or in the file of DUCKHOUSE_PIPELINE.

`pipeline.example.yml` documents every key. Addresses and passwords of databases, brokers and buckets are settings of
the environment, never in this file.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from duckhouse.cli import UserError
from duckhouse.landing.bucket import SCHEME, addresses
from duckhouse.settings import PROJECT, pipeline_path
from duckhouse.sources import FILES, POSTGRES, STREAM, load_source, sources

KINDS = FOLDER, BUCKET, DATABASE, TOPIC = ("folder", "bucket", "database", "topic")
TAKEN_BY = {FILES: (FOLDER, BUCKET), POSTGRES: (DATABASE,), STREAM: (TOPIC,)}
"""For each kind of source, the kinds of inflows that bring it."""
WITH_PLACE = TAKEN_BY[FILES]
TEXTS = ("name", "source", "kind", "place")
CDC = "cdc"
KEYS = (*TEXTS, CDC)


@dataclass(frozen=True)
class Inflow:
    """Where data of a source come from. `place` is a folder or s3://BUCKET/PREFIX; it is empty for a database and a
    topic, whose addresses are settings. With `cdc` the changes of a database are read from its write-ahead log.
    """

    name: str
    source: str
    kind: str
    place: str = ""
    cdc: bool = False


def inflows() -> list[Inflow]:
    """The inflows, in the order of the file; none where there is no file. Raises UserError for a file that cannot be
    used.
    """
    path = PROJECT / pipeline_path()
    try:
        text = path.read_text(encoding="utf-8")
        root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except FileNotFoundError:
        return []
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not valid YAML: {_where_and_why(error)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text: save it as UTF-8") from None
    if document is None:
        return []
    if not isinstance(document, dict) or list(document) != ["inflows"] or not isinstance(document["inflows"], list):
        raise UserError(f"{path}: write one key, inflows, with a list; pipeline.example.yml shows it")
    lines = [entry.start_mark.line + 1 for entry in root.value[0][1].value]
    found = [_inflow(entry, path, line) for entry, line in zip(document["inflows"], lines, strict=True)]
    for name, count in Counter(inflow.name for inflow in found).items():
        if count > 1:
            raise UserError(f"{path}: {count} inflows are named {name}: give each a name of its own")
    return found


def _inflow(entry: Any, path: Path, line: int) -> Inflow:
    if not isinstance(entry, dict):
        raise UserError(f"{path}: line {line}: an inflow says {', '.join(KEYS)}; pipeline.example.yml shows it")
    where = f"{path}: line {line}"
    for fault in _faults(entry):
        raise UserError(f"{where}: {fault}")
    source, kind, place = entry["source"], entry["kind"], entry.get("place", "")
    if kind == FOLDER:
        place = str(path.parent / Path(place).expanduser())
    elif kind == BUCKET:
        try:
            addresses([place])
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
    return Inflow(entry.get("name", f"{source}_{kind}"), source, kind, place, entry.get(CDC, False))


def _faults(entry: dict[Any, Any]) -> Iterator[str]:
    """What is wrong with an entry. It never repeats a value that may hold a password."""
    for key in entry:
        if key not in KEYS:
            yield f"{str(key)!r} is no key of an inflow: it says {', '.join(KEYS)}"
    for key in TEXTS:
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            yield f"{key} is no text: write {key}: and a text"
    if not isinstance(entry.get(CDC, False), bool):
        yield f"{CDC} is true or false"
    for key in ("source", "kind"):
        if key not in entry:
            yield f"{key} is missing"
    source, kind = entry["source"], entry["kind"]
    if source not in sources():
        yield f"there is no source {source!r}: known are {', '.join(sources())}"
    if kind not in KINDS:
        yield f"kind {kind!r}: an inflow is a {', '.join(KINDS[:-1])} or {KINDS[-1]}"
    kind_of_source = load_source(source).kind
    if kind not in TAKEN_BY[kind_of_source]:
        taken = " or ".join(TAKEN_BY[kind_of_source])
        yield f"source {source} is of kind {kind_of_source}, which comes from a {taken}, not from a {kind}"
    if kind in WITH_PLACE and "place" not in entry:
        yield f"place is missing: where is the {kind}?"
    if kind not in WITH_PLACE and "place" in entry:
        yield f"a {kind} has no place: leave it out; its address is a setting (.env.example)"
    if kind != DATABASE and CDC in entry:
        yield f"{CDC} is about a {DATABASE}: a {kind} has none, so leave it out"
    if kind == BUCKET and not entry["place"].startswith(SCHEME):
        yield f"the place of a bucket is {SCHEME}BUCKET/PREFIX"
    if kind == FOLDER and "://" in entry["place"]:
        yield f"the place of a folder is a path; of {SCHEME}BUCKET/PREFIX the kind is {BUCKET}"


def _where_and_why(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    return f"line {mark.line + 1}: {problem}" if mark else problem

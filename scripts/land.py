"""Lands files of a source, or what is new in the lake of a stream: `python -m scripts.land SOURCE [PATH…]`.

`--prepare` only creates the empty entities.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from duckhouse.cli import UserError, print_json, refusal, run
from duckhouse.landing.load import Outcome, delivery_time, describe, faults, load
from duckhouse.landing.noted import land_noted
from duckhouse.landing.zone import prepare
from duckhouse.settings import landing_dir
from duckhouse.sources import STREAM, Source, load_source, sources


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _prepare(options) if options.prepare else _land(options)
    except BrokenPipeError:  # nobody reads the output any more
        raise
    except OSError as error:
        raise UserError(refusal(error, landing_dir())) from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.land", description=__doc__)
    parser.add_argument("source", nargs="?", help="a declared source: " + ", ".join(sources()))
    parser.add_argument("paths", nargs="*", metavar="PATH", help="of files: folders, files or s3://BUCKET/PREFIX")
    parser.add_argument("--delivered-at", metavar="TIME", help="when they arrived (ISO 8601, UTC unless it says more)")
    parser.add_argument("--no-redelivery", action="store_true", help="leave out the folder redelivery/ of a drop")
    parser.add_argument("--dry-run", action="store_true", help="say what would land; write nothing")
    parser.add_argument("--prepare", action="store_true", help="only create the empty, typed entities (of all sources)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser


def _prepare(options: argparse.Namespace) -> int:
    names = [name for name in (options.source, *options.paths) if name] or sources()
    for source in [load_source(name) for name in names]:
        zone = prepare(source)
        if not options.json:
            print(f"{source.name}: {len(source.entities)} entities are there in {zone.path}")
    if options.json:
        print_json({"prepared": names})
    return 0


def _land(options: argparse.Namespace) -> int:
    if not options.source:
        raise UserError("say which source and which files: python -m scripts.land SOURCE PATH… (see --help)")
    source = load_source(options.source)
    land = partial(_outcomes, source, options)
    outcomes = land() if options.dry_run else land_noted(source, land)
    if options.json:
        deliveries = [outcome.document() for outcome in outcomes]
        print_json({"source": source.name, "dry_run": options.dry_run, "deliveries": deliveries})
    else:
        print("\n".join(line for outcome in outcomes for line in describe(outcome, dry_run=options.dry_run)))
    print(*(line for outcome in outcomes for line in faults(outcome)), sep="", end="", file=sys.stderr)
    return 0 if all(outcome.is_whole for outcome in outcomes) else 1


def _outcomes(source: Source, options: argparse.Namespace) -> list[Outcome]:
    paths, at, dry_run = options.paths, delivery_time(options.delivered_at), options.dry_run
    if source.kind != STREAM:
        return load(source, paths, delivered_at=at, redelivery=not options.no_redelivery, dry_run=dry_run)
    from duckhouse.streaming.lake.landable import deliver_from_lake  # not above: Iceberg takes a second to import

    return [deliver_from_lake(source, paths, delivered_at=at, dry_run=dry_run)]


if __name__ == "__main__":
    run(main)

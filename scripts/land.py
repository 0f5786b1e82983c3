"""Lands files of a source, or what is new in the lake of a stream: `python -m scripts.land SOURCE [PATH…]`."""

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
from duckhouse.warehouse.retract import retract


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        return _prepare(options) if options.prepare else _land(options)
    except BrokenPipeError:  # nobody reads the output any more
        raise
    except OSError as error:
        raise UserError(refusal(error, landing_dir())) from error


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.land", description=__doc__)
    parser.add_argument("source", nargs="?", help="a declared source: " + ", ".join(sources()))
    parser.add_argument("paths", nargs="*", metavar="PATH", help="of files: folders, files or s3://BUCKET/PREFIX")
    parser.add_argument("--delivered-at", metavar="TIME", help="when they arrived (ISO 8601, UTC unless it says more)")
    parser.add_argument("--no-redelivery", action="store_true", help="leave out the folder redelivery/ of a drop")
    parser.add_argument("--retract", metavar="DELIVERY", help="take a delivery back, instead of landing files")
    parser.add_argument("--reason", metavar="TEXT", help="why it is taken back")
    parser.add_argument("--dry-run", action="store_true", help="say what would land; write nothing")
    parser.add_argument("--prepare", action="store_true", help="only create the empty, typed entities (of all sources)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    return parser.parse_args(arguments)


def _prepare(options: argparse.Namespace) -> int:
    zones = [prepare(load_source(name)) for name in list(filter(None, [options.source, *options.paths])) or sources()]
    if options.json:
        print_json({"prepared": [zone.source.name for zone in zones]})
    else:
        print(*(f"{z.source.name}: {len(z.source.entities)} entities are there in {z.path}" for z in zones), sep="\n")
    return 0


def _land(options: argparse.Namespace) -> int:
    if not options.source:
        raise UserError("say which source and which files: python -m scripts.land SOURCE PATH… (see --help)")
    source = load_source(options.source)
    land = partial(_outcomes, source, options)
    outcomes = land() if options.dry_run else land_noted(source, land)
    if options.json:
        documents = [outcome.document() for outcome in outcomes]
        print_json({"source": source.name, "dry_run": options.dry_run, "deliveries": documents})
    else:
        print("\n".join(line for outcome in outcomes for line in describe(outcome, dry_run=options.dry_run)))
    print(*(line for outcome in outcomes for line in faults(outcome)), sep="", end="", file=sys.stderr)
    return 0 if all(outcome.is_whole for outcome in outcomes) else 1


def _outcomes(source: Source, options: argparse.Namespace) -> list[Outcome]:
    paths, at, dry_run = options.paths, delivery_time(options.delivered_at), options.dry_run
    if options.retract:
        return [retract(source, options.retract, paths, reason=options.reason, delivered_at=at, dry_run=dry_run)]
    if source.kind != STREAM:
        return load(source, paths, delivered_at=at, redelivery=not options.no_redelivery, dry_run=dry_run)
    from duckhouse.streaming.lake.landable import deliver_from_lake  # not above: Iceberg takes a second to import

    return [deliver_from_lake(source, paths, delivered_at=at, dry_run=dry_run)]


if __name__ == "__main__":
    run(main)

"""Lands files of a source: `python -m scripts.land SOURCE PATH…`; `--prepare` makes the empty entities only."""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from duckhouse.cli import UserError, print_json, run
from duckhouse.landing.load import describe, faults, load
from duckhouse.landing.zone import prepare, prepare_missing
from duckhouse.settings import landing_dir
from duckhouse.sources import load_source, sources


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return _prepare(options) if options.prepare else _land(options)
    except BrokenPipeError:  # of what reads the output
        raise
    except OSError as error:
        raise UserError(f"{error.filename or landing_dir()}: {error.strerror or error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.land", description=__doc__)
    parser.add_argument("source", nargs="?", help="a declared source: " + ", ".join(sources()))
    parser.add_argument("paths", nargs="*", metavar="PATH", help="folders, files or s3://BUCKET/PREFIX of a drop")
    parser.add_argument("--delivered-at", metavar="TIME", help="when they arrived (ISO 8601, UTC unless it says more)")
    parser.add_argument("--no-redelivery", action="store_true", help="leave out the folder redelivery/ of a drop")
    parser.add_argument("--dry-run", action="store_true", help="say what would land; write nothing")
    parser.add_argument("--prepare", action="store_true", help="only make the typed, empty entities (of all sources)")
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
    if not options.source or not options.paths:
        raise UserError("say which source and which files: python -m scripts.land SOURCE PATH… (see --help)")
    outcomes = load(
        load_source(options.source),
        options.paths,
        delivered_at=_moment(options.delivered_at) if options.delivered_at is not None else None,
        redelivery=not options.no_redelivery,
        dry_run=options.dry_run,
    )
    if not options.dry_run:
        prepare_missing()
    if options.json:
        documents = [outcome.document() for outcome in outcomes]
        print_json({"source": options.source, "dry_run": options.dry_run, "deliveries": documents})
    else:
        for outcome in outcomes:
            print("\n".join(describe(outcome, dry_run=options.dry_run)))
    print(*(line for outcome in outcomes for line in faults(outcome)), sep="", end="", file=sys.stderr)
    return 0 if all(outcome.is_whole for outcome in outcomes) else 1


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UserError(f"--delivered-at {text!r} is not ISO 8601: write it as 2026-03-25T06:00:00Z") from None


if __name__ == "__main__":
    run(main)

"""Announces what is new on a target since what was announced: python -m scripts.alert [--target prod] [--dry-run]

Findings that opened or closed, restatements, what is late or was not looked at, a blocked build and its end. Alerts are
printed, and sent to DUCKHOUSE_ALERT_WEBHOOK where it is set, each once.
"""

import argparse
import sys
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.alerts.announce import announce, news, print_document, print_text
from duckhouse.alerts.outbox import Message, read_only


def main(words: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(words)
    show = print_document if options.json else print_text
    if options.list:
        with read_only(options.target) as outbox:
            for message in outbox.to_look_at():
                show(message)
        return 0
    if options.dry_run:
        alerts = [alert.document() for alert in news(options.target)]
        if alerts:
            show(Message("", options.target, "not sent", "new", alerts))
        return 0
    announced = announce(options.target, show)
    for fault in announced.faults:
        print(f"error: {fault}", file=sys.stderr)
    return 1 if announced.faults else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.alert", description=__doc__)
    parser.add_argument("--target", choices=("dev", "prod"), default="dev", help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="print one JSON document a message, on a line")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--dry-run", action="store_true", help="print what is new; note and send nothing")
    ways.add_argument(
        "--list", action="store_true", help="print messages that wait or may not have arrived, and the last one"
    )
    return parser


if __name__ == "__main__":
    cli.run(main)

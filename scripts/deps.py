"""Installs the dbt packages of packages.yml; where no hub answers, the stand-ins of offline/ take their place."""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.packages import describe, edr_packages_folder, install, packages_folder
from duckhouse.settings import PROJECT


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.deps", description=__doc__)
    parser.add_argument(
        "--offline",
        action="store_true",
        help="do not ask the hub: keep packages that are right, else use the stand-ins",
    )
    parser.add_argument(
        "--elementary",
        action="store_true",
        help="bring the real package of Elementary too, into a folder that only python -m scripts.edr reads",
    )
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    arguments = parser.parse_args(words)
    folder = edr_packages_folder() if arguments.elementary else packages_folder()
    try:
        result = install(PROJECT, folder, offline=arguments.offline, with_elementary=arguments.elementary)
    except OSError as error:
        raise cli.UserError(cli.refusal(error, folder)) from error
    if arguments.json:
        cli.print_json({**result.document(), "folder": str(folder)})
    else:
        print(describe(result, folder))
    return 0


if __name__ == "__main__":
    cli.run(main)

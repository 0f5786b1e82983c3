"""Writes the files that follow from what sources and rules declare: macros/project/declared.sql and docs/rules.md."""

import argparse
from collections.abc import Sequence

from duckhouse import cli, generated
from duckhouse.settings import PROJECT


def main(words: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog=generated.COMMAND, description=__doc__).parse_args(words)
    for path, text in generated.files().items():
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(PROJECT))
    return 0


if __name__ == "__main__":
    cli.run(main)

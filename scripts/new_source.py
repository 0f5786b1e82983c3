"""Writes a first version of a source from a drop of files: `python -m scripts.new_source NAME DROP`"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from duckhouse import cli
from duckhouse.settings import PROJECT
from duckhouse.skeleton.start import files_of, write

NEXT = """
Next:
  1. correct types, keys and days in models/staging/{name}/_{name}__sources.yml
  2. say what is meant: grep -rn "To fill in" models/*/{name}
  3. python -m tools.generated
  4. python -m scripts.land {name} {drop} && dbt build --select source:{name}+
docs/recipes/add_a_source.md has the rest."""


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.new_source", description=__doc__)
    parser.add_argument("name", help="what the source is called: lower-case letters, digits and _")
    parser.add_argument("drop", type=Path, help="a folder of files as they are delivered (CSV, JSONL, Parquet)")
    parser.add_argument("--dry-run", action="store_true", help="say what would be written; write nothing")
    arguments = parser.parse_args(words)
    files = files_of(arguments.name, arguments.drop)
    for path, text in files.items():
        print(f"{path.relative_to(PROJECT)} ({len(text.splitlines())} lines)")
    if not arguments.dry_run:
        write(files)
        print(NEXT.format(name=arguments.name, drop=arguments.drop))
    return 0


if __name__ == "__main__":
    cli.run(main)

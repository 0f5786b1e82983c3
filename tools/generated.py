"""Writes the files that follow from what sources, models and rules declare: macros/project/declared.sql, docs/rules.md,
the pages of docs/reference, and the newest JSON Schemas of messages.
"""

import argparse
from collections.abc import Sequence

from duckhouse import cli, generated
from duckhouse.settings import PROJECT


def main(words: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog=generated.COMMAND, description=__doc__).parse_args(words)
    for path, text in generated.files().items():
        is_new = not path.exists() or path.read_text(encoding="utf-8") != text
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(PROJECT)}: {'written' if is_new else 'as before'}")
    return 0


if __name__ == "__main__":
    cli.run(main)

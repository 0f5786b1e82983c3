"""Rewrites the rules in docs/quality.md from seeds/dq_rules.csv and the descriptions of their models."""

import argparse
from collections.abc import Sequence

from duckhouse import cli
from duckhouse.settings import PROJECT
from tools.scoring.rules import PAGE, read_descriptions, read_rules, rewritten


def main(words: Sequence[str] | None = None) -> int:
    argparse.ArgumentParser(prog="python -m tools.quality_docs", description=__doc__).parse_args(words)
    rules = read_rules()
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), rules, read_descriptions()), encoding="utf-8")
    print(f"{PAGE.relative_to(PROJECT)}: {len(rules)} rules")
    return 0


if __name__ == "__main__":
    cli.run(main)

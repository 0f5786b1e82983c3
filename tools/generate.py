"""Makes up data of a source. Of files a drop with planted faults and the truth about them; of a database rows in it:
python -m tools.generate SOURCE
"""

from collections.abc import Sequence

from duckhouse import cli
from tools.generators import generators
from tools.generators.arguments import Parser


def main(words: Sequence[str] | None = None) -> None:
    parser = Parser(prog="python -m tools.generate", description=__doc__)
    sources = parser.add_subparsers(title="sources", metavar="SOURCE", required=True)
    for source, generator in generators().items():
        generator.add_arguments(sources.add_parser(source, help=generator.HELP))
    arguments = parser.parse_args(words)
    arguments.run(arguments)


if __name__ == "__main__":
    cli.run(main)

"""Lists the commands of tools/: python -m tools"""

from duckhouse import cli


def main() -> None:
    cli.list_commands(__file__)


if __name__ == "__main__":
    cli.run(main)

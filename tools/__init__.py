"""What only the demo, the tests and the maintainers need: python -m tools lists the commands."""

from duckhouse.cli import begin

begin()

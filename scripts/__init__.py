"""The commands of the project: python -m scripts lists them."""

from duckhouse.cli import begin

begin()

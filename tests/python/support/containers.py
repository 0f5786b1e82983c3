"""What the tests of the image, of compose and of Kubernetes share."""

import re
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path

from duckhouse.settings import PROJECT
from support.warehouse import called

SECRET = re.compile(r"PASSWORD|SECRET|ACCESS_KEY|WEBHOOK")
"""In the names of variables that hold a secret."""
UNKNOWN = "--no-such-option"


def listed_settings(file: Path = PROJECT / ".env.example") -> dict[str, str]:
    """The settings of a file with their values, those in comments too."""
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", file.read_text(encoding="utf-8"), re.MULTILINE))


def faults_of_command(command: Sequence[str]) -> Iterator[str]:
    """What is wrong with the command of a container: it runs a command of scripts/, which knows every option."""
    said = " ".join(command)
    if list(command[:2]) != ["python", "-m"] or not "".join(command[2:3]).startswith("scripts."):
        yield f"{said}: does not run python -m scripts.<name>"
        return
    try:
        main = import_module(command[2]).main
    except ModuleNotFoundError:
        yield f"{said}: there is no {command[2]}"
        return
    last = called(lambda: main([*command[3:], UNKNOWN])).stderr.splitlines()[-1]
    if not last.endswith(f"error: unrecognized arguments: {UNKNOWN}"):
        yield f"{said}: {last}"

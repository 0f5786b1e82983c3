"""Commands that other commands run."""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT, environment

DBT = str(Path(sys.executable).with_name("dbt"))
SECONDS_TO_STOP = 60
DETAILS = (" ", "skipped ")
PORT = re.compile(r":(\d+) ")
PASSWORD_FILE = re.compile(r", password in (.+)\)$")


def module(name: str, *arguments: str) -> list[str]:
    """The command line of python -m <name>."""
    return [sys.executable, "-m", name, *arguments]


def script(name: str, *arguments: str) -> list[str]:
    """The command line of python -m scripts.<name>."""
    return module(f"scripts.{name}", *arguments)


def dbt_build(target: str) -> list[str]:
    """The command line of a dbt build that prints only errors."""
    return [DBT, "--quiet", "build", "--target", target]


def run(command: list[str], env: Mapping[str, str] | None = None, *, brief: bool = False) -> None:
    """Runs a command of the project, with its output in ours. Raises UserError where it fails. `env` is its complete
    environment. `brief` leaves out details (lines that are indented) and files that landed before, unless it fails.
    """
    done = subprocess.run(command, cwd=PROJECT, env=env, stdout=subprocess.PIPE if brief else None, text=True)
    for line in (done.stdout or "").splitlines():
        if done.returncode or not line.startswith(DETAILS):
            print(line, flush=True)
    if code := done.returncode:
        raise UserError(f"{' '.join(Path(word).name for word in command)} ended with {code}: see what it printed")


@contextmanager
def embedded_clickhouse(*arguments: str) -> Iterator[str]:
    """Runs the embedded ClickHouse engine during the block, with its port and password in the environment; gives its
    greeting line.
    """
    with subprocess.Popen(script("clickhouse", *arguments), stdout=subprocess.PIPE, text=True, cwd=PROJECT) as process:
        try:
            greeting = process.stdout.readline().strip() if process.stdout else ""
            if not greeting:
                raise UserError("the embedded ClickHouse did not start; what it said is above")
            port, kept = PORT.search(greeting), PASSWORD_FILE.search(greeting)
            if port is None:
                raise UserError(f"the embedded ClickHouse does not say where it is: {greeting}")
            password = {"CLICKHOUSE_PASSWORD": Path(kept[1]).read_text()} if kept else {}
            with environment({"CLICKHOUSE_PORT": port[1], **password}):
                yield greeting
        finally:
            process.terminate()
            try:
                process.wait(SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                process.kill()

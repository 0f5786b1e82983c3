"""How every command ends: one line for what a user can fix, a traceback for a fault of the program, exit codes."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from duckhouse import cli, project
from duckhouse.scratch import scratch_folder
from duckhouse.settings import PROJECT

RUN = "from duckhouse import cli, signals; import errno, os, signal; "
HERE = {**os.environ, "PYTHONPATH": str(PROJECT)}
BUFFERED = {name: value for name, value in HERE.items() if name != "PYTHONUNBUFFERED"}
SPACE = "No space left on device; free some space and run it again"


def ended(*words: str, stdout: int | None = subprocess.PIPE, env: dict[str, str] = HERE, cwd: Path = PROJECT) -> tuple:
    """The exit code and the lines on standard error of python with these words."""
    done = subprocess.run(
        [sys.executable, *words],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
        cwd=cwd,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # where the tests themselves ignore it
    )
    return done.returncode, done.stderr.splitlines()


@pytest.mark.parametrize(
    ("main", "code", "told"),
    [
        ("def main(): raise cli.UserError('a.csv: line 3: fix it')", 1, ["error: a.csv: line 3: fix it"]),
        ("def main(): raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), 'a/b')", 1, [f"error: a/b: {SPACE}"]),
        ("def main(): raise ConnectionResetError(errno.ECONNRESET, 'it went')", 1, ["error: it went"]),
        ("def main(): open('/', 'w')", 1, ["error: /: Is a directory"]),
        ("def main(): raise TimeoutError('waited in vain')", 1, ["error: waited in vain"]),
        ("def main(): return 3", 3, []),
        ("def main(): raise SystemExit(2)", 2, []),
        ("def main(): os.kill(os.getpid(), signal.SIGINT)", 130, ["error: interrupted"]),
        ("def main(): signal.raise_signal(signal.SIGTERM)", 143, ["error: interrupted"]),
    ],
)
def test_a_command_ends_with_one_line(main: str, code: int, told: list[str]) -> None:
    assert ended("-c", f"{RUN}\n{main}\ncli.run(main)") == (code, told)


def test_what_a_library_makes_of_an_interruption_is_one() -> None:
    main = """
def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
    except KeyboardInterrupt:
        raise RuntimeError("Query interrupted")
"""
    assert ended("-c", f"{RUN}{main}cli.run(main)") == (130, ["error: interrupted"])


def test_an_interruption_waits_for_what_is_not_to_be_disturbed() -> None:
    main = """
def main():
    with signals.undisturbed():
        os.kill(os.getpid(), signal.SIGINT)
        os.write(2, b"through\\n")
    os.write(2, b"too late\\n")
"""
    assert ended("-c", f"{RUN}{main}cli.run(main)") == (130, ["through", "error: interrupted"])


def test_a_scratch_folder_is_gone_also_where_its_removal_is_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    remove = shutil.rmtree

    def interrupted(folder: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests themselves ignore it
    try:
        with pytest.raises(KeyboardInterrupt), scratch_folder() as folder:
            (folder / "rows.db").touch()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not folder.exists()


def test_a_fork_of_a_command_ends_without_a_word() -> None:
    """As a worker does that its pool ends."""
    program = """
def main():
    begun, begins = os.pipe()
    worker = os.fork()
    if not worker:
        os.write(begins, b".")
        while True:
            pass
    os.read(begun, 1)
    os.kill(worker, signal.SIGTERM)
    return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
cli.run(main)
"""
    assert ended("-c", RUN + program) == (143, [])


def test_duckdb_that_cannot_write_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("no folder")
    main = f"def main():\n import duckdb\n duckdb.connect({str(tmp_path / 'there' / 'x.duckdb')!r})\n"
    code, [line] = ended("-c", f"{RUN}\n{main}cli.run(main)")

    assert code == 1
    assert line.startswith("error: IO Error: ")


def test_a_fault_of_the_program_keeps_its_traceback() -> None:
    code, lines = ended("-c", f"{RUN}\ndef main(): raise KeyError('x')\ncli.run(main)")

    assert code == 1
    assert lines[0].startswith("Traceback") and lines[-1] == "KeyError: 'x'"


@pytest.mark.parametrize("env", [HERE | {"PYTHONUNBUFFERED": "1"}, BUFFERED], ids=["at once", "buffered"])
@pytest.mark.parametrize(
    ("main", "code"),
    [(f"print({'x' * 100!r})", 1), ("print('x' * 1_000_000)", 1), ("raise SystemExit(print('usage'))", 1)],
)
def test_output_that_nobody_reads_ends_without_a_word(main: str, code: int, env: dict[str, str]) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        assert ended("-c", f"{RUN}\ndef main(): {main}\ncli.run(main)", stdout=writes, env=env) == (code, [])
    finally:
        os.close(writes)


def test_an_error_is_told_where_nobody_reads_the_output() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        told = ended("-c", f"{RUN}\ndef main(): raise cli.UserError('fix it')\ncli.run(main)", stdout=writes)
    finally:
        os.close(writes)
    assert told == (1, ["error: fix it"])


def test_output_that_cannot_be_kept_is_told() -> None:
    with Path("/dev/full").open("w") as full:
        main = f"{RUN}\ndef main(): print('x')\ncli.run(main)"
        assert ended("-c", main, stdout=full.fileno(), env=BUFFERED) == (1, [f"error: standard output: {SPACE}"])


def test_a_command_that_is_still_imported_can_be_interrupted(tmp_path: Path) -> None:
    package = tmp_path / "words"
    package.mkdir()
    (package / "__init__.py").write_text("from duckhouse.cli import begin\nbegin()\n")
    (package / "say.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")

    assert ended("-m", "words.say", cwd=tmp_path) == (130, ["error: interrupted"])


@pytest.mark.parametrize("module", ["scripts.report", "tools.chaos"])
def test_a_python_without_the_environment_is_told_what_to_do(module: str) -> None:
    code, [line] = ended("-S", "-m", module)

    assert code == 1
    assert line.startswith("error: ") and line.endswith(
        "lacks what the project needs: make setup, then . .venv/bin/activate"
    )


@pytest.mark.parametrize("package", ["scripts", "tools"])
def test_a_package_lists_its_commands(package: str) -> None:
    listed = subprocess.run([sys.executable, "-m", package], cwd=PROJECT, env=HERE, capture_output=True, text=True)
    modules = {path.stem for path in (PROJECT / package).glob("*.py") if not path.stem.startswith("_")}
    *commands, blank, hint = listed.stdout.splitlines()
    told = dict(line.removeprefix("python -m ").split(maxsplit=1) for line in commands)

    assert listed.returncode == 0
    assert told.keys() == {f"{package}.{module}" for module in modules}
    assert (blank, hint) == ("", "what a command takes: --help")


def test_importing_commands_changes_no_signal() -> None:
    assert sys.argv[0] != "-m"
    before = signal.getsignal(signal.SIGTERM)
    cli.begin()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_command_that_is_stopped_while_dbt_works_in_it_does_not_blame_the_project(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopped = dbtRunnerResult(success=False, exception=KeyboardInterrupt())
    monkeypatch.setattr(dbtRunner, "invoke", lambda *_: stopped)
    with pytest.raises(KeyboardInterrupt):
        project._dbt("ls")

"""The image, as far as it can be tried without docker: what gets into it, its steps but for pip, and who runs in it."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import pytest
from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

from duckhouse.dbt_plugin.code import fingerprint
from duckhouse.settings import PROJECT
from support.containers import SECRET, faults_of_command, listed_settings
from support.dbt import environment
from support.projects import OF_DBT

DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = (PROJECT / ".dockerignore").read_text(encoding="utf-8").splitlines()
RUN_BY_PYTHON = ("dashboard", "duckhouse", "offline", "orchestration", "plugins", "scripts")
NO_HUB = {"DBT_PACKAGE_HUB_URL": "http://127.0.0.1:9/"}
"""Nothing answers there, so the image gets the stand-ins."""
OF_NETWORK = re.compile(r"\bpip\b")
"""A step that the replay leaves out."""
PINNED = re.compile(r"[\w./-]+:(?!latest\b)[\w.-]+")


class Step(NamedTuple):
    """An instruction of the Dockerfile, such as RUN, and what follows it."""

    instruction: str
    value: str


def stages(text: str) -> list[list[Step]]:
    """The steps of each stage; FROM is the first of each."""
    found: list[list[Step]] = []
    for one in DockerfileParser(fileobj=BytesIO(text.encode())).structure:
        if one["instruction"] == "FROM":
            found.append([])
        if one["instruction"] != "COMMENT":
            found[-1].append(Step(one["instruction"], one["value"]))
    return found


def variables(stage: list[Step]) -> dict[str, str]:
    words = [word for step in stage if step.instruction == "ENV" for word in step.value.split()]
    return dict(word.split("=", 1) for word in words)


def sent_to_docker(root: Path) -> set[str]:
    """The files of a folder that .dockerignore does not leave out, apart from those that docker itself reads."""
    paths = exclude_paths(str(root), list(IGNORED))
    return {path for path in paths if (root / path).is_file()} - {"Dockerfile", ".dockerignore"}


def known_to_git(*more: str) -> set[str]:
    command = ("git", "ls-files", "-z", *more)
    return set(subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.split("\0"))


def is_copied_from(source: str, files: set[str]) -> bool:
    return source == "." or any(path == source or path.startswith(f"{source}/") for path in files)


def bases(text: str) -> Iterator[str]:
    """Every stage starts from an image with a tag."""
    for stage in stages(text):
        image = stage[0].value.split()[0]
        if not PINNED.fullmatch(image):
            yield f"FROM {image}: name a tag"


def sources(text: str) -> Iterator[str]:
    """What is copied is sent to docker, or made by an earlier stage."""
    files, earlier = sent_to_docker(PROJECT), set()
    for stage in stages(text):
        for step in stage:
            if step.instruction != "COPY":
                continue
            options = [word for word in step.value.split() if word.startswith("--")]
            *copied, _ = [word for word in step.value.split() if word not in options]
            for name in (option.removeprefix("--from=") for option in options if option.startswith("--from=")):
                if name not in earlier:
                    yield f"COPY --from={name}: no stage of that name comes before"
            if not options:
                yield from (f"COPY {one}: is not sent to docker" for one in copied if not is_copied_from(one, files))
        earlier.add(stage[0].value.split()[-1])


def users(text: str) -> Iterator[str]:
    """The last stage runs as a user by number, because Kubernetes cannot tell whether a name is that of root."""
    last = [step.value for step in stages(text)[-1] if step.instruction == "USER"]
    if not last:
        yield "the image runs as root"
    elif not re.fullmatch(r"[1-9]\d*:[1-9]\d*", last[-1]):
        yield f"USER {last[-1]}: name a user and a group by number, not root"


def commands(text: str) -> Iterator[str]:
    """What the image runs is a command of scripts/, without a shell, which would keep SIGTERM from it."""
    for step in stages(text)[-1]:
        if step.instruction in ("CMD", "ENTRYPOINT"):
            try:
                yield from faults_of_command(json.loads(step.value))
            except json.JSONDecodeError:
                yield f"{step.instruction} {step.value}: write a list in JSON"


def secrets(text: str) -> Iterator[str]:
    """A secret in a variable of a stage could be read by whoever has the image."""
    for stage in stages(text):
        for step in stage:
            if step.instruction in ("ENV", "ARG") and SECRET.search(step.value):
                yield f"{step.instruction} {step.value}: has the name of a secret"


CHECKS = (bases, sources, users, commands, secrets)


@pytest.mark.parametrize("check", CHECKS)
def test_the_image_is_in_order(check: Callable[[str], Iterator[str]]) -> None:
    assert list(check(DOCKERFILE)) == []


@pytest.mark.parametrize(
    ("check", "before", "after", "fault"),
    [
        (bases, "\nFROM python:3.11-slim-bookworm\n", "\nFROM python\n", "FROM python: name a tag"),
        (bases, "python:3.11-slim-bookworm AS build", "python:latest AS build", "FROM python:latest: name a tag"),
        (sources, "README.md ./", "LICENSE ./", "COPY LICENSE: is not sent to docker"),
        (sources, "COPY plugins plugins", "COPY docs docs", "COPY docs: is not sent to docker"),
        (sources, "--from=build", "--from=builder", "COPY --from=builder: no stage of that name comes before"),
        (users, "USER 10001:10001\n", "", "the image runs as root"),
        (users, "USER 10001:10001", "USER 0:0", "USER 0:0: name a user and a group by number, not root"),
        (users, "USER 10001:10001", "USER duckhouse", "USER duckhouse: name a user and a group by number, not root"),
        (commands, '"--if-new"', '"--if-newer"', "python -m scripts.pipeline --if-newer: "),
        (commands, "scripts.pipeline", "scripts.pipelines", "there is no scripts.pipelines"),
        (commands, '["python", "-m", "scripts.pipeline", "--if-new"]', "python -m scripts.pipeline", "a list in JSON"),
        (commands, '"python", "-m"', '"dbt", "-m"', "does not run python -m scripts.<name>"),
        (secrets, "HOME=/tmp", "HOME=/tmp KAFKA_SASL_PASSWORD=x", "has the name of a secret"),
    ],
)
def test_an_image_out_of_order_is_told(
    check: Callable[[str], Iterator[str]], before: str, after: str, fault: str
) -> None:
    assert DOCKERFILE.count(before) == 1
    [told] = check(DOCKERFILE.replace(before, after))
    assert fault in told


def test_everything_that_runs_is_sent_to_docker_and_nothing_that_git_ignores() -> None:
    sent, tracked = sent_to_docker(PROJECT), known_to_git()
    needed = {path for path in tracked if path.startswith(tuple(f"{part}/" for part in (*RUN_BY_PYTHON, *OF_DBT)))}
    assert needed | {"dbt_project.yml", "packages.yml", "profiles.yml"} <= sent
    assert sent <= tracked | known_to_git("--others", "--exclude-standard")
    assert not [path for path in sent if path.startswith("tests/python/")]


def test_data_and_secrets_stay_outside(tmp_path: Path) -> None:
    outside = (
        ".env", "demo.env", "dashboard/.env", "landing/consent/delivery=1/manifest.json", "duckhouse.duckdb", "lake/a",
        "published/duckhouse.duckdb", ".git/config", "inflows/pipeline.yml", "tests/python/test_image.py",
        "duckhouse/__pycache__/cli.pyc", "plugins/duckhouse.egg-info/PKG-INFO", "pipeline.yml", "demo/lake/a",
    )  # fmt: skip
    inside = {"duckhouse/cli.py", "dashboard/.streamlit/config.toml", "tests/generic/checks.sql", "profiles.yml"}
    for path in (*outside, *inside):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert sent_to_docker(tmp_path) == inside


def test_every_setting_that_names_a_folder_is_below_the_volume() -> None:
    env = variables(stages(DOCKERFILE)[-1])
    folders = {name for name, default in listed_settings().items() if default.startswith("./")}
    assert folders <= env.keys()
    places = {name: Path(env[name]).parts[1] for name in folders | {"DBT_TARGET_PATH", "DBT_LOG_PATH"}}
    assert {name: place for name, place in places.items() if place != "data"} == {"DUCKHOUSE_PIPELINE": "inflows"}
    assert {name for name in env if name.startswith("DUCKHOUSE_")} <= listed_settings().keys()


def replayed(folder: Path) -> Path:
    """The project folder of the image: the steps of the stage that makes it, without those that need a network, from a
    checkout that only its owner may read."""
    folder.mkdir(mode=0o700)
    files = sent_to_docker(PROJECT)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for step in stages(DOCKERFILE)[0]:
        if step.instruction == "COPY":
            *copied, _ = step.value.split()
            for file in files:
                if any(is_copied_from(source, {file}) for source in copied):
                    (folder / file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    shutil.copyfile(PROJECT / file, folder / file)
                    (folder / file).chmod(0o600)
        elif step.instruction == "RUN" and not OF_NETWORK.search(step.value):
            env = {**os.environ, **NO_HUB, "PATH": path}
            subprocess.run(["sh", "-ec", step.value], cwd=folder, env=env, check=True, capture_output=True)
    return folder


def test_the_steps_of_the_image_make_a_project_that_its_user_reads_and_cannot_change(tmp_path: Path) -> None:
    image = replayed(tmp_path / "image")
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in image.rglob("*")}
    unread = [path for path, mode in modes.items() if mode & 0o005 < (0o005 if path.is_dir() else 0o004)]
    assert unread == []
    assert [path for path, mode in modes.items() if mode & 0o022] == []
    assert (image / "dbt_packages" / "dbt_utils" / "dbt_project.yml").is_file()
    assert list((image / "duckhouse" / "__pycache__").glob("cli.*.pyc"))
    with environment({"DBT_PACKAGES_FOLDER": str(image / "dbt_packages")}):
        assert fingerprint(image) == fingerprint(PROJECT)
    command = [sys.executable, "-m", "scripts.pipeline", "--help"]
    done = subprocess.run(command, cwd=image, capture_output=True, text=True, env={"PATH": ""})
    assert (done.returncode, done.stderr) == (0, "") and "--if-new" in done.stdout

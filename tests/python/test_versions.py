"""The version of the project is the same wherever it stands."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from duckhouse.settings import PROJECT

FILES = ("pyproject.toml", "dbt_project.yml", "docker-compose.yml", "k8s/kustomization.yaml", "CHANGELOG.md")
RELEASE = re.compile(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", re.MULTILINE)


def versions(texts: Mapping[str, str]) -> dict[str, str]:
    """The version that each file names."""
    services = yaml.safe_load(texts["docker-compose.yml"])["services"].values()
    [image] = {service["image"] for service in services if "build" in service}
    [tag] = (image["newTag"] for image in yaml.safe_load(texts["k8s/kustomization.yaml"])["images"])
    return {
        "pyproject.toml": tomllib.loads(texts["pyproject.toml"])["project"]["version"],
        "dbt_project.yml": yaml.safe_load(texts["dbt_project.yml"])["version"],
        "docker-compose.yml": image.partition(":")[2],
        "k8s/kustomization.yaml": tag,
        "CHANGELOG.md": RELEASE.findall(texts["CHANGELOG.md"])[0],
    }


@pytest.fixture
def texts() -> dict[str, str]:
    return {name: Path(PROJECT, name).read_text(encoding="utf-8") for name in FILES}


def test_every_file_names_the_same_version(texts: dict[str, str]) -> None:
    assert len(set(versions(texts).values())) == 1, versions(texts)


@pytest.mark.parametrize("file", FILES)
def test_another_version_in_a_file_is_seen(file: str, texts: dict[str, str]) -> None:
    version = versions(texts)[file]
    texts[file] = texts[file].replace(version, "9.9.9")
    assert {name for name, told in versions(texts).items() if told == "9.9.9"} == {file}


def test_versions_of_the_changelog_go_down(texts: dict[str, str]) -> None:
    listed = [tuple(map(int, version.split("."))) for version in RELEASE.findall(texts["CHANGELOG.md"])]
    assert listed == sorted(set(listed), reverse=True)

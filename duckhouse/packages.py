"""Installs the dbt packages that packages.yml names; where no hub answers, the stand-ins of offline/ take their place.

Packages in the right version are kept. An install from the hub keeps dbt's package-lock.yml beside the packages as the
record of their versions; packages placed by hand have no record and count by name. The lock file is never in the
project folder: with one there, a bare `dbt deps` empties dbt_packages before it has fetched anything.

Builds get the stand-in of Elementary, whose 1,100 macros would cost time in each of them. The real one is in a folder
that only edr reads.
"""

import contextlib
import fcntl
import filecmp
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from duckhouse.cli import UserError
from duckhouse.scratch import scratch_folder
from duckhouse.settings import PROJECT

PROBE_SECONDS = 2
INSTALL_SECONDS = 120  # a hub can answer while the host of its archives is silent
LOCK_FILE = "package-lock.yml"
STAND_IN_VERSION = "0.0.0"
ELEMENTARY = "elementary"
EDR_FOLDER = PROJECT / ".venv-edr"  # elementary-data and dbt need different versions of networkx


@dataclass(frozen=True)
class Package:
    """One folder of dbt_packages: its project name and version, and the hub packages it needs itself."""

    name: str
    version: str
    folder: Path
    needs: frozenset[str]

    @property
    def is_stand_in(self) -> bool:
        return self.version == STAND_IN_VERSION


@dataclass(frozen=True)
class Installed:
    """What `install` did: `state` is kept, hub or stand-ins; `versions` and `stand_ins` say what is installed now."""

    state: str
    reason: str | None
    versions: dict[str, str]
    stand_ins: list[str]

    @property
    def has_elementary(self) -> bool:
        return ELEMENTARY in self.versions and ELEMENTARY not in self.stand_ins

    def document(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "reason": self.reason,
            "packages": self.versions,
            "stand_ins": self.stand_ins,
            "elementary": self.has_elementary,
        }


def packages_folder() -> Path:
    """Where dbt looks for packages: DBT_PACKAGES_FOLDER, relative to the project, or dbt_packages."""
    return PROJECT / (os.environ.get("DBT_PACKAGES_FOLDER") or "dbt_packages")


def edr_packages_folder() -> Path:
    """Where edr looks for packages: in its own environment, or in packages_folder() if someone put Elementary there."""
    placed = packages_folder().resolve()
    return placed if has_elementary(placed) else EDR_FOLDER / "dbt_packages"


def has_elementary(folder: Path) -> bool:
    """Whether the real Elementary is in this folder, with what it needs."""
    usable, _ = usable_packages(PROJECT, folder)
    return holds_elementary(usable)


def holds_elementary(packages: dict[str, Package]) -> bool:
    return ELEMENTARY in packages and not packages[ELEMENTARY].is_stand_in


def read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: not found") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f"{path}: not readable as YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected keys and values")
    return content


def hub_packages(path: Path) -> dict[str, str]:
    """The hub packages that a packages.yml or package-lock.yml lists: namespace/name to version."""
    entries = read_yaml(path).get("packages") or []
    try:
        return {entry["package"]: str(entry.get("version")) for entry in entries if "package" in entry}
    except (TypeError, AttributeError):
        raise UserError(f"{path}: packages must be a list of entries with package and version") from None


def by_name(packages: dict[str, str]) -> dict[str, str]:
    return {package.split("/")[-1]: version for package, version in packages.items()}


def read_package(folder: Path) -> Package:
    project = read_yaml(folder / "dbt_project.yml")
    if not isinstance(project.get("name"), str):
        raise UserError(f"{folder / 'dbt_project.yml'}: has no name")
    needs = folder / "packages.yml"
    return Package(
        name=project["name"],
        version=str(project.get("version")),
        folder=folder,
        needs=frozenset(by_name(hub_packages(needs))) if needs.exists() else frozenset(),
    )


def recorded_versions(folder: Path) -> dict[str, str]:
    return by_name(hub_packages(folder / LOCK_FILE)) if (folder / LOCK_FILE).exists() else {}


def usable_packages(project: Path, folder: Path) -> tuple[dict[str, Package], list[str]]:
    """The packages in `folder` that can stay, by name, and a line on each that cannot."""
    pinned = by_name(hub_packages(project / "packages.yml"))
    recorded = recorded_versions(folder)
    usable: dict[str, Package] = {}
    faults = []
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        if not path.is_dir() or path.name.startswith("__"):  # dbt reads neither
            continue
        try:
            package = read_package(path)
        except UserError as error:
            faults.append(str(error))
            continue
        name, installed = package.name, recorded.get(package.name)
        if name in usable:
            faults.append(f"{path}: a second package of the name {name}")
        elif package.is_stand_in and not same_files(path, project / "offline" / name):
            faults.append(f"{name}: its stand-in is not the one in offline/")
        elif not package.is_stand_in and installed and installed != pinned.get(name, installed):
            faults.append(f"{name}: {installed} is installed, packages.yml names {pinned[name]}")
        else:
            usable[name] = package
    return without_incomplete(usable, faults), faults


def without_incomplete(packages: dict[str, Package], faults: list[str]) -> dict[str, Package]:
    """Leaves out real packages with a dependency that is not a real package, then those that depend on these, etc."""
    real = {name for name, package in packages.items() if not package.is_stand_in}
    for name in sorted(real):
        if missing := sorted(packages[name].needs - real):
            faults.append(f"{name}: needs the real {', '.join(missing)}")
            rest = {other: package for other, package in packages.items() if other != name}
            return without_incomplete(rest, faults)
    return packages


def same_files(left: Path, right: Path) -> bool:
    files = {path.relative_to(left) for path in left.rglob("*") if path.is_file()}
    if files != {path.relative_to(right) for path in right.rglob("*") if path.is_file()}:
        return False
    return all(filecmp.cmp(left / file, right / file, shallow=False) for file in files)


def hub_answers(package: str) -> bool:
    """Whether the hub that dbt itself would ask answers for `package` (namespace/name) within PROBE_SECONDS."""
    import requests
    from dbt.clients.registry import DEFAULT_REGISTRY_BASE_URL

    if not str(DEFAULT_REGISTRY_BASE_URL).endswith("/"):
        raise UserError("DBT_PACKAGE_HUB_URL: must end with a slash; dbt appends api/v1/... to it as it stands")
    answers = []

    def ask() -> None:
        with (
            contextlib.suppress(requests.RequestException),
            requests.get(
                f"{DEFAULT_REGISTRY_BASE_URL}api/v1/{package}.json", timeout=PROBE_SECONDS, stream=True
            ) as response,
        ):
            answers.append(response.ok)

    # The timeout of requests does not cover a silent name server: then the waiting thread is abandoned.
    probe = threading.Thread(target=ask, daemon=True)
    probe.start()
    probe.join(PROBE_SECONDS)
    return answers == [True]


def run_dbt_deps(wanted: dict[str, str], staging: Path) -> str | None:
    """Runs `dbt deps` for these packages into `staging`; returns why it failed, None when it did not."""
    with scratch_folder() as scratch:
        listed = [{"package": package, "version": version} for package, version in wanted.items()]
        (scratch / "packages.yml").write_text(yaml.safe_dump({"packages": listed}))
        settings = {"name": "duckhouse_packages", "version": "1.0.0", "packages-install-path": str(staging)}
        (scratch / "dbt_project.yml").write_text(yaml.safe_dump(settings))
        command = [sys.executable, "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats", "--no-use-colors"]
        place = ["--project-dir", str(scratch), "--profiles-dir", str(scratch), "--log-path", str(scratch)]
        try:
            done = subprocess.run(
                [*command, "deps", *place], cwd=scratch, capture_output=True, text=True, timeout=INSTALL_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"dbt deps took longer than {INSTALL_SECONDS} s"
        if done.returncode:
            return f"dbt deps failed: {last_line(done.stdout) or last_line(done.stderr)}"
        shutil.copy(scratch / LOCK_FILE, staging)
    missing = sorted(by_name(wanted).keys() - installed_names(staging))
    return f"dbt deps did not bring {', '.join(missing)}" if missing else None


def installed_names(folder: Path) -> set[str]:
    return {read_package(path.parent).name for path in folder.glob("*/dbt_project.yml")}


def last_line(output: str) -> str:
    """The last line of dbt's output, without its time stamp and without a password in an address."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    text = re.sub(r"^\d\d:\d\d:\d\d\s+", "", lines[-1]) if lines else ""
    return re.sub(r"//[^/@\s]+@", "//", text)


def fill(project: Path, staging: Path, usable: dict[str, Package]) -> None:
    """Fills `staging` with the usable real packages and with stand-ins for the others."""
    for package in usable.values():
        if package.is_stand_in:
            continue
        shutil.copytree(package.folder, staging / package.folder.name, symlinks=True)
        if (record := package.folder.parent / LOCK_FILE).exists():
            shutil.copy(record, staging)
    add_stand_ins(project, staging)


def add_stand_ins(project: Path, staging: Path) -> None:
    """Adds stand-ins for what packages.yml names and `staging` lacks."""
    for name in sorted(by_name(hub_packages(project / "packages.yml")).keys() - installed_names(staging)):
        stand_in = project / "offline" / name
        if not stand_in.is_dir():
            raise UserError(f"packages.yml: {name} is not in offline/ and no hub answers: add a stand-in or go online")
        shutil.copytree(stand_in, staging / name)


def install(project: Path, folder: Path, *, offline: bool, with_elementary: bool = False) -> Installed:
    """Makes `folder` match the project's packages.yml: kept, from the hub, or with stand-ins from offline/. Elementary
    is a stand-in, unless the real one is in the folder already; `with_elementary` brings it, or raises UserError.

    Only a finished folder is swapped in; the next run repairs a killed one. `offline` asks no hub.
    """
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder}: is a file; DBT_PACKAGES_FOLDER must name a folder for packages alone")
    if project.is_relative_to(folder):
        raise UserError(f"{folder}: holds the project; DBT_PACKAGES_FOLDER must name a folder for packages alone")
    named = hub_packages(project / "packages.yml")
    if not named:
        raise UserError(f"{project / 'packages.yml'}: names no package of the hub")
    wanted = {one: version for one, version in named.items() if with_elementary or one.split("/")[-1] != ELEMENTARY}
    folder = folder.resolve()  # a link to a shared folder stays a link
    with only_one_run(project):
        repair(folder)
        usable, faults = usable_packages(project, folder)
        is_complete = by_name(named).keys() <= usable.keys() and (holds_elementary(usable) or not with_elementary)
        if is_complete and not faults:
            return installed_in("kept", None, folder)
        reason: str | None
        with swapped_in(folder) as staging:
            if offline:
                reason = "--offline asks no hub"
            elif not hub_answers(next(iter(wanted))):
                reason = "no hub answers"
            elif not (reason := run_dbt_deps(wanted, staging)):
                add_stand_ins(project, staging)
                return installed_in("hub", None, staging)
            if with_elementary:
                raise UserError(
                    f"Elementary's dbt package is not here ({reason}); it comes from the dbt hub, or from a mirror "
                    "that DBT_PACKAGE_HUB_URL names"
                )
            empty(staging)
            fill(project, staging, usable)
            return installed_in("stand-ins", "; ".join([reason, *faults]), staging)


def installed_in(state: str, reason: str | None, folder: Path) -> Installed:
    recorded = recorded_versions(folder)
    packages = sorted((read_package(path.parent) for path in folder.glob("*/dbt_project.yml")), key=lambda p: p.name)
    return Installed(
        state=state,
        reason=reason,
        versions={package.name: recorded.get(package.name, package.version) for package in packages},
        stand_ins=[package.name for package in packages if package.is_stand_in],
    )


@contextlib.contextmanager
def only_one_run(project: Path) -> Iterator[None]:
    """Holds the system's lock on packages.yml, which is released when the process ends, however it ends."""
    with (project / "packages.yml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def previous_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.old")


def repair(folder: Path) -> None:
    """Cleans up after a killed run: before, between or after the two renames of `swapped_in`."""
    previous = previous_of(folder)
    if previous.exists() and not folder.exists():
        previous.rename(folder)
    for leftover in [previous, *folder.parent.glob(f"{folder.name}.new-*")]:
        if leftover.exists():
            shutil.rmtree(leftover)


@contextlib.contextmanager
def swapped_in(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder` that replaces it when the block ends without an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f"{folder.name}.new-", dir=folder.parent))
    staging.chmod(0o755)
    try:
        yield staging
        if folder.exists():
            folder.rename(previous_of(folder))
        staging.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    shutil.rmtree(previous_of(folder), ignore_errors=True)


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir(mode=0o755)


def describe(result: Installed, folder: Path) -> str:
    versions = ", ".join(
        f"{name} {'stand-in' if name in result.stand_ins else version}" for name, version in result.versions.items()
    )
    line = {
        "kept": f"dbt packages kept: {versions}",
        "hub": f"dbt packages installed from the hub: {versions}",
        "stand-ins": f"dbt packages installed from offline/ ({result.reason}): {versions}",
    }[result.state]
    return f"{line}; to ask the hub again, remove {folder} and rerun" if result.state == "stand-ins" else line

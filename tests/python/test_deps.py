"""python -m scripts.deps: what is kept, what the hub brings, when the stand-ins take over, what a kill leaves."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from duckhouse import packages
from duckhouse.cli import UserError
from duckhouse.settings import PROJECT


def write_package(folder: Path, name: str, version: str, needs: tuple[str, ...] = ()) -> None:
    folder.mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(yaml.safe_dump({"name": name, "version": version}))
    if needs:
        packages = [{"package": f"acme/{need}", "version": [">=1.0.0"]} for need in needs]
        (folder / "packages.yml").write_text(yaml.safe_dump({"packages": packages}))


def pin(project: Path, **versions: str) -> None:
    packages = [{"package": f"acme/{name}", "version": version} for name, version in versions.items()]
    (project / "packages.yml").write_text(yaml.safe_dump({"packages": packages}))


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_ino, path.read_bytes()) for path in files}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that pins acme/alpha and acme/elementary, with a stand-in of each."""
    root = tmp_path / "project"
    for name in ("alpha", "elementary"):
        write_package(root / "offline" / name, name, "0.0.0")
    (root / "offline" / "alpha" / "macros").mkdir()
    (root / "offline" / "alpha" / "macros" / "one.sql").write_text("{% macro one() %}1{% endmacro %}")
    pin(root, alpha="1.0.0", elementary="2.0.0")
    return root


@pytest.fixture
def folder(project: Path) -> Path:
    return project / "dbt_packages"


@pytest.fixture(autouse=True)
def use_hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Points dbt at a hub, in this process and in those it starts; at first at a port where nothing listens."""

    def use(address: str) -> None:
        monkeypatch.setenv("DBT_PACKAGE_HUB_URL", address)
        monkeypatch.setattr("dbt.clients.registry.DEFAULT_REGISTRY_BASE_URL", address)

    for name in [name for name in os.environ if name.startswith("DBT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    use("http://127.0.0.1:9/")
    return use


@pytest.fixture
def mirror(tmp_path: Path, use_hub: Callable[[str], None]) -> Iterator[Path]:
    """A hub of static files with alpha 1.0.0 and 1.1.0 and elementary 2.0.0, which needs alpha."""
    root = tmp_path / "mirror"
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(root))) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        offers = {"alpha": {"1.0.0": (), "1.1.0": ()}, "elementary": {"2.0.0": ("alpha",)}}
        index = root / "api" / "v1"
        (index / "acme").mkdir(parents=True)
        (index / "index.json").write_text(json.dumps([f"acme/{name}" for name in offers]))
        for name, versions in offers.items():
            entries = {}
            for version, needs in versions.items():
                # the project version of a released package is often not its version on the hub
                package = tmp_path / "releases" / f"{name}-{version}"
                write_package(package, name, "0.1.0", needs)
                with tarfile.open(root / f"{name}-{version}.tar.gz", "w:gz") as archive:
                    archive.add(package, arcname=package.name)
                entries[version] = {
                    "name": name,
                    "packages": [{"package": f"acme/{need}", "version": [">=1.0.0"]} for need in needs],
                    "downloads": {"tarball": f"{address}{name}-{version}.tar.gz"},
                }
            (index / "acme" / f"{name}.json").write_text(json.dumps({"name": name, "versions": entries}))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        use_hub(address)
        yield root
        server.shutdown()


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the packages of the first test that fetches them stay: dbt takes seconds."""
    return tmp_path_factory.mktemp("fetched") / "dbt_packages"


@pytest.fixture
def brought(project: Path, folder: Path, mirror: Path, fetched: Path) -> Path:
    """The folder with the packages that the hub has for the first pins."""
    if fetched.exists():
        shutil.copytree(fetched, folder)
    else:
        result = install(project, with_elementary=True)
        assert (result.state, result.versions) == ("hub", {"alpha": "1.0.0", "elementary": "2.0.0"})
        shutil.copytree(folder, fetched)
    assert install(project).state == install(project, with_elementary=True).state == "kept"
    return folder


def install(project: Path, *, offline: bool = False, with_elementary: bool = False) -> packages.Installed:
    folder = project / "dbt_packages"
    result = packages.install(project, folder, offline=offline, with_elementary=with_elementary)
    beside = {path.name for path in project.iterdir()}
    assert beside == {"packages.yml", "offline", "dbt_packages"}, "no lock file and no scratch folder stays"
    return result


def test_stand_ins_where_no_hub_answers(project: Path, folder: Path) -> None:
    result = install(project)
    assert (result.state, result.reason) == ("stand-ins", "no hub answers")
    assert result.stand_ins == ["alpha", "elementary"]
    assert not result.has_elementary
    assert (folder / "alpha" / "macros" / "one.sql").exists()


def test_one_line_says_what_is_a_stand_in_and_how_to_ask_again(project: Path, folder: Path) -> None:
    assert packages.describe(install(project), folder) == (
        "dbt packages installed from offline/ (no hub answers): alpha stand-in, elementary stand-in; "
        f"to ask the hub again, remove {folder} and rerun"
    )


@pytest.mark.parametrize("offline", [True, False])
def test_elementary_is_not_stood_in_for_edr(project: Path, folder: Path, offline: bool) -> None:
    install(project)
    before = snapshot(folder)
    reason = "--offline asks no hub" if offline else "no hub answers"
    with pytest.raises(UserError, match=rf"Elementary's dbt package is not here \({reason}\); .* DBT_PACKAGE_HUB_URL"):
        install(project, offline=offline, with_elementary=True)
    assert snapshot(folder) == before


def test_offline_asks_no_hub(project: Path, mirror: Path) -> None:
    assert install(project, offline=True).state == "stand-ins"


def test_second_run_keeps_every_file(project: Path, folder: Path, mirror: Path) -> None:
    install(project, offline=True)
    (folder / "__pycache__").mkdir()  # dbt passes over such a folder
    before = snapshot(folder)
    assert install(project).state == "kept"
    assert snapshot(folder) == before


def test_kept_packages_need_no_dbt(project: Path, folder: Path) -> None:
    install(project)
    code = (
        "import sys; from pathlib import Path; from duckhouse import packages;"
        f"assert packages.install(Path({str(project)!r}), Path({str(folder)!r}), offline=False).state == 'kept';"
        "sys.exit('dbt' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == 0


def test_changed_stand_in_is_refreshed(project: Path, folder: Path) -> None:
    install(project)
    macro = Path("alpha") / "macros" / "one.sql"
    (project / "offline" / macro).write_text("{% macro one() %}2{% endmacro %}")
    result = install(project)
    assert result.state == "stand-ins"
    assert "alpha: its stand-in is not the one in offline/" in result.reason
    assert (folder / macro).read_text() == "{% macro one() %}2{% endmacro %}"


def test_hub_brings_pinned_versions(project: Path, brought: Path, mirror: Path) -> None:
    shutil.rmtree(mirror)
    result = install(project)
    assert (result.state, result.versions) == ("kept", {"alpha": "1.0.0", "elementary": "2.0.0"})
    assert result.has_elementary


def test_new_pin_is_fetched_and_builds_get_no_elementary(project: Path, brought: Path) -> None:
    pin(project, alpha="1.1.0", elementary="2.0.0")
    result = install(project)
    assert (result.state, result.versions) == ("hub", {"alpha": "1.1.0", "elementary": "0.0.0"})
    assert packages.describe(result, brought) == (
        "dbt packages installed from the hub: alpha 1.1.0, elementary stand-in"
    )
    assert install(project).state == "kept"


def test_new_pin_without_hub_is_stood_in(project: Path, brought: Path) -> None:
    pin(project, alpha="1.1.0", elementary="2.0.0")
    result = install(project, offline=True)
    assert "alpha: 1.0.0 is installed, packages.yml names 1.1.0" in result.reason
    assert "elementary: needs the real alpha" in result.reason
    assert result.stand_ins == ["alpha", "elementary"]


def test_packages_placed_by_hand_are_kept(project: Path, folder: Path, mirror: Path) -> None:
    write_package(folder / "alpha-main", "alpha", "0.1.0")
    write_package(folder / "elementary", "elementary", "2.0.0", needs=("alpha",))
    result = install(project)
    assert (result.state, result.stand_ins) == ("kept", [])


def test_real_package_without_its_needs_is_stood_in(project: Path, folder: Path) -> None:
    write_package(folder / "elementary", "elementary", "2.0.0", needs=("alpha",))
    result = install(project)
    assert result.stand_ins == ["alpha", "elementary"]
    assert "elementary: needs the real alpha" in result.reason


def test_stand_in_fills_up_beside_a_real_package(project: Path, folder: Path) -> None:
    write_package(folder / "alpha", "alpha", "0.1.0")
    result = install(project)
    assert result.versions == {"alpha": "0.1.0", "elementary": "0.0.0"}
    assert install(project).state == "kept"


@pytest.mark.parametrize("broken", ["no dbt_project.yml", "no YAML", "no name", "a second of the name"])
def test_broken_folder_is_repaired(project: Path, folder: Path, broken: str) -> None:
    install(project)
    if broken == "no dbt_project.yml":
        (folder / "alpha" / "dbt_project.yml").unlink()
    elif broken == "no YAML":
        (folder / "alpha" / "dbt_project.yml").write_text("name: [")
    elif broken == "no name":
        (folder / "alpha" / "dbt_project.yml").write_text("version: 1.0.0")
    else:
        shutil.copytree(folder / "alpha", folder / "alpha-copy")
    result = install(project)
    assert result.state == "stand-ins"
    assert "alpha" in result.reason
    assert sorted(path.name for path in folder.iterdir()) == ["alpha", "elementary"]


def drip(listener: socket.socket) -> None:
    """Answers with an endless header, a byte at a time: no single read ever times out."""
    with contextlib.suppress(OSError):
        connection, _ = listener.accept()
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            time.sleep(0.2)


@pytest.mark.parametrize("answer", ["nothing", "drops"])
def test_slow_hub_costs_the_probe_only(project: Path, use_hub: Callable[[str], None], answer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if answer == "drops":
            threading.Thread(target=drip, args=[listener], daemon=True).start()
        use_hub(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        started = time.monotonic()
        result = install(project)
    assert (result.state, result.reason) == ("stand-ins", "no hub answers")
    assert packages.PROBE_SECONDS - 1 < time.monotonic() - started < packages.PROBE_SECONDS + 5


def test_unknown_package_is_no_answer(project: Path, mirror: Path) -> None:
    (mirror / "api" / "v1" / "acme" / "alpha.json").unlink()
    assert install(project).reason == "no hub answers"


def test_failed_dbt_deps_leaves_the_stand_ins(project: Path, mirror: Path) -> None:
    pin(project, alpha="9.9.9", elementary="2.0.0")
    result = install(project)
    assert result.state == "stand-ins"
    assert result.reason.startswith("dbt deps failed: ")
    assert "\n" not in result.reason


def test_slow_dbt_deps_leaves_the_stand_ins(project: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "INSTALL_SECONDS", 0.1)
    assert install(project).reason == "dbt deps took longer than 0.1 s"


@pytest.mark.parametrize(
    ("moment", "victim", "calls"),
    [
        ("while copying", "packages.shutil.copytree", 1),
        ("between the renames", "Path.rename", 2),
        (
            "after the renames",
            "packages.shutil.rmtree",
            3,
        ),  # the first empties the staging folder, the second is the `finally`
    ],
)
def test_next_run_repairs_what_a_killed_run_left(
    project: Path, folder: Path, moment: str, victim: str, calls: int
) -> None:
    write_package(folder / "alpha", "alpha", "0.1.0")
    placed = (folder / "alpha" / "dbt_project.yml").read_bytes()
    code = f"""
import os, signal
from pathlib import Path
from duckhouse import packages
real, calls = {victim}, []
def killed(*args, **kwargs):
    calls.append(1)
    if len(calls) == {calls}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)
{victim} = killed
packages.install(Path({str(project)!r}), Path({str(folder)!r}), offline=True)
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT).returncode == -9
    assert len(list(project.glob("dbt_packages.*"))) > 0, f"killed {moment}, it left something behind"
    (project / "offline" / "elementary" / "README.md").write_text("changed, so that the next run has to swap too")
    result = install(project)
    assert result.state == "stand-ins"
    assert result.versions == {"alpha": "0.1.0", "elementary": "0.0.0"}
    assert (folder / "alpha" / "dbt_project.yml").read_bytes() == placed


def test_link_to_a_shared_folder_stays_a_link(project: Path, folder: Path, tmp_path: Path) -> None:
    write_package(tmp_path / "shared" / "alpha", "alpha", "0.1.0")
    folder.symlink_to(tmp_path / "shared")
    assert install(project).versions == {"alpha": "0.1.0", "elementary": "0.0.0"}
    assert folder.readlink() == tmp_path / "shared"


def test_failed_copy_leaves_the_folder_as_it_was(project: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_package(folder / "alpha", "alpha", "0.1.0")
    before = snapshot(folder)

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(packages.shutil, "copytree", full_disk)
    with pytest.raises(OSError, match="no space left"):
        install(project)
    assert snapshot(folder) == before
    assert not list(project.glob("dbt_packages.*"))


def test_runs_at_once_install_once(project: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(packages.install, project, project / "dbt_packages", offline=True) for _ in range(4)]
    assert sorted(run.result().state for run in runs) == ["kept", "kept", "kept", "stand-ins"]


def test_user_faults_are_named(project: Path, folder: Path, use_hub: Callable[[str], None]) -> None:
    pin(project, alpha="1.0.0", gamma="1.0.0")
    with pytest.raises(UserError, match="gamma is not in offline/"):
        install(project)
    use_hub("http://127.0.0.1:9")
    with pytest.raises(UserError, match="must end with a slash"):
        install(project)
    with pytest.raises(UserError, match="holds the project"):
        packages.install(project, project.parent, offline=True)
    folder.write_text("")
    with pytest.raises(UserError, match="is a file"):
        install(project)


@pytest.mark.parametrize("content", ["packages: [", "packages: [alpha]", "packages: 3", "- a", "packages: []", ""])
def test_broken_packages_yml_is_named(project: Path, content: str) -> None:
    (project / "packages.yml").write_text(content)
    with pytest.raises(UserError, match=r"packages\.yml"):
        packages.install(project, project / "dbt_packages", offline=True)


def test_no_password_of_the_mirror_is_shown() -> None:
    output = "10:00:00  Running\n10:00:01  could not get https://me:secret@mirror.example/api/v1/index.json\n\n"
    assert packages.last_line(output) == "could not get https://mirror.example/api/v1/index.json"


def test_command_prints_json(tmp_path: Path, use_hub: Callable[[str], None]) -> None:
    environment = os.environ | {"DBT_PACKAGES_FOLDER": str(tmp_path / "packages")}
    command = [sys.executable, "-m", "scripts.deps", "--offline", "--json"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    result = json.loads(done.stdout)
    assert result["state"] == "stand-ins"
    assert result["stand_ins"] == ["dbt_expectations", "dbt_utils", "elementary"]
    assert result["elementary"] is False


def test_every_package_is_pinned_and_has_its_stand_in() -> None:
    for package, version in packages.hub_packages(PROJECT / "packages.yml").items():
        name = package.split("/")[1]
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{package} is not pinned exactly"
        stand_in = packages.read_package(PROJECT / "offline" / name)
        assert (stand_in.name, stand_in.is_stand_in) == (name, True)

"""The programs of Apache Kafka: Maven copies them into the project once, as pom.xml in this folder says."""

import fcntl
import hashlib
import re
import shutil
import subprocess
from pathlib import Path

from duckhouse.cli import UserError
from duckhouse.settings import PROJECT

POM = Path(__file__).with_name("pom.xml")
CACHE = PROJECT / ".kafka"  # git ignores it
LEAST_JAVA = 17
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_JAVA_VERSION = re.compile(r'version "(\d+)')


def jars() -> Path:
    """The folder of the programs. Raises UserError, which says what is missing, where they are unavailable or cannot
    run."""
    _check_java()
    folder = CACHE / hashlib.sha256(POM.read_bytes()).hexdigest()[:12]
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with (CACHE / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not folder.exists():
                _copy(folder)
    return folder


def unavailable() -> str | None:
    """The reason why Apache Kafka cannot run on this machine; None where it can."""
    try:
        jars()
    except UserError as error:
        return str(error)
    return None


def _check_java() -> None:
    needed = f"Apache Kafka needs Java {LEAST_JAVA} or later"
    if not shutil.which("java"):
        raise UserError(f"{needed}, and there is no java")
    told = subprocess.run(["java", "-version"], capture_output=True, text=True)
    found = _JAVA_VERSION.search(told.stderr)
    if told.returncode or not found:
        raise UserError(f"{needed}, and java -version does not tell one")
    if int(found[1]) < LEAST_JAVA:
        raise UserError(f"{needed}, and java is {found[1]}")


def _copy(folder: Path) -> None:
    """Copies them to a folder next to the final one, and renames it when all are there."""
    if not shutil.which("mvn"):
        raise UserError("Apache Kafka comes by Maven, and there is no mvn")
    fresh = folder.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), COPY, f"-DoutputDirectory={fresh}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        raise UserError(f"Maven cannot get Apache Kafka: {said[0] if said else f'mvn ended with {done.returncode}'}")
    fresh.rename(folder)

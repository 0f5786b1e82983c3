"""Takes the pictures of the dashboard in docs/images, of what is published on DuckDB: python -m tools.pictures

Needs playwright, and a Chromium of the machine.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from urllib.error import URLError

from duckhouse import cli
from duckhouse.page_password import page_password
from duckhouse.processes import script
from duckhouse.settings import PROJECT

SECONDS = 60
WIDTH, HEIGHT = 1280, 1000
PAGES = {"": "dashboard", "revenue": "dashboard_revenue", "data-quality": "dashboard_data_quality"}
"""The path of a page, and the name of its picture."""
IS_RUN = "[data-testid=stApp][data-test-script-state=notRunning]"
IS_DRAWN = "() => !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.pictures", description=__doc__)
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "images", metavar="DIR", help="docs/images")
    out = parser.parse_args(words).out
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise cli.UserError("no Chromium is installed: apt-get install chromium")
    with serving(os.environ) as base:
        take(base, browser, out)
    return 0


@contextmanager
def serving(environment: Mapping[str, str], target: str = "dev") -> Iterator[str]:
    """The address of a dashboard of what is published on a target, where the environment says."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = script("dashboard", "--target", target, "--port", str(port))
    base = f"http://127.0.0.1:{port}"
    with (
        TemporaryFile() as said,
        subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=said, stderr=said, start_new_session=True
        ) as server,
    ):
        try:
            wait_until(lambda: answers(f"{base}/_stcore/health", server, said))
            yield base
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)


def answers(address: str, server: subprocess.Popen[bytes], said: IO[bytes]) -> bool:
    if server.poll() is not None:
        said.seek(0)
        raise cli.UserError(f"the dashboard did not start: {said.read().decode(errors='replace').strip()}")
    with suppress(URLError, OSError), urllib.request.urlopen(address, timeout=5):  # noqa: S310 (this machine)
        return True
    return False


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not is_so():
        if time.monotonic() > until:
            raise cli.UserError(f"the dashboard did not answer within {SECONDS} seconds")
        time.sleep(0.1)


def take(base: str, browser: str, out: Path) -> None:
    from playwright.sync_api import sync_playwright  # an extra that only this tool needs

    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    signed_in = {"username": "pictures", "password": page_password()}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=as_root)
        for path, name in PAGES.items():
            page = chromium.new_page(viewport={"width": WIDTH, "height": HEIGHT}, http_credentials=signed_in)
            page.set_default_timeout(SECONDS * 1000)
            page.goto(f"{base}/{path}")
            page.wait_for_selector("h1")
            page.wait_for_selector(IS_RUN)
            page.wait_for_function(IS_DRAWN)
            page.wait_for_timeout(1000)  # charts move into place
            page.screenshot(path=out / f"{name}.png")
            print(out / f"{name}.png")
        chromium.close()


if __name__ == "__main__":
    cli.run(main)

"""The dashboard for programs that look at its pages: its server, and a browser."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.error import URLError

from duckhouse import cli
from duckhouse.processes import script
from duckhouse.settings import PROJECT

SECONDS = 60
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
IS_RUN = "[data-testid=stApp][data-test-script-state=notRunning]"
IS_DRAWN = "() => !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"


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


@contextmanager
def chromium() -> Iterator[Any]:
    """The Chromium of the machine."""
    from playwright.sync_api import sync_playwright  # an extra that only few tools need

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        raise cli.UserError("no Chromium is installed: apt-get install chromium")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=as_root)
        yield browser
        browser.close()


def settled(page: Any) -> None:
    """Waits until a page is drawn."""
    page.wait_for_selector("h1")
    page.wait_for_selector(IS_RUN)
    page.wait_for_function(IS_DRAWN)

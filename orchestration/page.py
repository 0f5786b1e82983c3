"""The page of Dagster, behind a password: whoever opens it can start runs.

dagster dev starts the page as a process; here that process serves GuardedPage.
"""

import warnings
from collections.abc import Sequence
from subprocess import Popen
from typing import Any

from dagster._cli import dev
from dagster_shared.ipc import open_ipc_subprocess
from dagster_shared.utils.warnings import SupersessionWarning
from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.middleware import Middleware

from duckhouse.guarded_pages import guard

PAGE, DAEMON = ["-m", "dagster_webserver"], ["-m", "dagster._daemon"]
GUARDED = ["-c", "from orchestration.page import serve; serve()"]


class GuardedPage(DagsterWebserver[Any, Any]):
    def build_middleware(self) -> list[Middleware]:
        return [guard(), *super().build_middleware()]


def develop() -> None:
    """dagster dev, with the arguments of this process."""
    if dev.open_ipc_subprocess is not open_ipc_subprocess:  # type: ignore[attr-defined]
        raise RuntimeError("dagster dev starts its page in another way: it would not ask for a password")
    dev.open_ipc_subprocess = started  # type: ignore[attr-defined]
    warnings.simplefilter("ignore", SupersessionWarning)  # it is for those who type dagster dev
    dev.dev_command()


def started(parts: Sequence[str], **kwargs: Any) -> "Popen[Any]":
    program, what, rest = parts[0], list(parts[1:3]), parts[3:]
    if what not in (PAGE, DAEMON):
        raise RuntimeError(f"dagster dev starts {' '.join(what)}, which might be a page without a password")
    return open_ipc_subprocess([program, *(GUARDED if what == PAGE else what), *rest], **kwargs)


def serve() -> None:
    """dagster-webserver, with the arguments of this process."""
    app.DagsterWebserver = GuardedPage  # type: ignore[attr-defined]
    cli.main()  # type: ignore[no-untyped-call]

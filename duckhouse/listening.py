"""Pages that other machines may open."""

import sys

from duckhouse.settings import LOOPBACK


def warn_where_open(host: str) -> None:
    """Warns on stderr where a page without a password listens on an address that is not this machine's own."""
    if host not in LOOPBACK:
        print(
            f"warning: --host {host} is open to other machines, and the page asks for no password: put a proxy with a "
            "login in front, or publish the port of the container on 127.0.0.1 only",
            file=sys.stderr,
            flush=True,
        )

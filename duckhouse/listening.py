"""Pages that other machines may open."""

import sys

from duckhouse.settings import LOOPBACK


def warn_where_open(host: str) -> None:
    """Warns on stderr where a page listens on an address that is not this machine's own."""
    if host not in LOOPBACK:
        print(
            f"warning: --host {host} is open to other machines, and nothing is encrypted: put a proxy with TLS in "
            "front, or publish the port of the container on 127.0.0.1 only",
            file=sys.stderr,
            flush=True,
        )

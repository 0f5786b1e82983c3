"""The engine that must run while a target is read or built. It imports no dbt, which takes seconds."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from duckhouse import cli, settings
from duckhouse.processes import embedded_clickhouse
from duckhouse.warehouse.connection import answers


def running(target: str) -> AbstractContextManager[None]:
    """What a target needs during the block: prod its ClickHouse, dev nothing."""
    return running_clickhouse() if target == "prod" else nullcontext()


@contextmanager
def running_clickhouse() -> Iterator[None]:
    """A ClickHouse at the address in the settings: the one that answers, else the embedded engine."""
    server = settings.clickhouse()
    if answers(server):
        with settings.password_handed_on():
            yield
        return
    if server.host not in settings.LOOPBACK or server.secure:
        raise cli.UserError(f"no ClickHouse answers at {server.host}:{server.port}; start it, or unset CLICKHOUSE_HOST")
    with embedded_clickhouse("--port", str(server.port)) as greeting:
        print(greeting, flush=True)
        yield

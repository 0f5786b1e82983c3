"""The embedded ClickHouse draws a password that no setting names: `dbt build --target prod` in a shell finds it too."""

import sys
from typing import Any

from duckhouse.settings import embedded_password


def install() -> None:
    """Does nothing on another target: dbt has loaded the adapter of its own."""
    if adapter := sys.modules.get("dbt.adapters.clickhouse.connections"):
        adapter.ClickHouseConnectionManager.get_credentials = staticmethod(known)


def known(credentials: Any) -> Any:
    credentials.password = credentials.password or embedded_password(credentials.host)
    return credentials

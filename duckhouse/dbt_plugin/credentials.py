"""Lets `dbt build --target prod` in a shell find the password that the embedded ClickHouse generates for itself."""

import sys
from typing import Any

from duckhouse.settings import embedded_password


def install() -> None:
    """Does nothing on another target, for which dbt has loaded another adapter."""
    if adapter := sys.modules.get("dbt.adapters.clickhouse.connections"):
        adapter.ClickHouseConnectionManager.get_credentials = staticmethod(known)


def known(credentials: Any) -> Any:
    credentials.password = credentials.password or embedded_password(credentials.host)
    return credentials

"""What is published. The copy of DuckDB and the connection to ClickHouse stay open between clicks: to open one takes
longer than a query."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import streamlit as st

from duckhouse.settings import ClickHouseSettings, clickhouse
from duckhouse.warehouse.connection import connect
from duckhouse.warehouse.reading import House, reading, version_of_copy


@contextmanager
def house_of(target: str) -> Iterator[House]:
    if target == "prod":
        if not connected(clickhouse()).ping():
            connected.clear()  # to say what is wrong, if it still is
        with reading(target, connected(clickhouse())) as house:
            yield house
    else:
        opened = kept(version_of_copy())  # held until the page is shown, also where a build publishes meanwhile
        yield opened[0]


@st.cache_resource(max_entries=1, show_spinner=False)
def kept(version: str) -> tuple[House, ExitStack]:
    """The copy, and what closes it as soon as nobody holds it."""
    opened = ExitStack()
    return opened.enter_context(reading("dev")), opened


@st.cache_resource(max_entries=1, show_spinner=False)
def connected(server: ClickHouseSettings) -> Any:
    """A client of the server that these settings name."""
    return connect()

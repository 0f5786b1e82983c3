"""What is published. The copy of DuckDB stays open between clicks: to open a large one takes longer than a query."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import streamlit as st

from duckhouse.warehouse.reading import House, reading, version_of_copy


@contextmanager
def house_of(target: str) -> Iterator[House]:
    if target == "prod":
        with reading(target) as house:
            yield house
    else:
        opened = kept(version_of_copy())  # held until the page is shown, also where a build publishes meanwhile
        yield opened[0]


@st.cache_resource(max_entries=1, show_spinner=False)
def kept(version: str) -> tuple[House, ExitStack]:
    """The copy, and what closes it as soon as nobody holds it."""
    opened = ExitStack()
    return opened.enter_context(reading("dev")), opened

"""What stands above every page: what is shown, and whether a build is blocked."""

from datetime import datetime

import streamlit as st


def show(target: str, built_at: datetime) -> None:
    engine = {"dev": "DuckDB", "prod": "ClickHouse"}[target]
    st.caption(f"Published {built_at:%Y-%m-%d %H:%M} UTC on {engine}")

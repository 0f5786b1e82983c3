"""What stands above every page: what is shown, and whether a build is blocked and why."""

from datetime import datetime

import streamlit as st
from duckhouse.warehouse.blocked import Blocked, blocked, headline, told, untold

from dashboard.parts import plain
from duckhouse.reporting.formats import moment

ENGINES = {"dev": "DuckDB", "prod": "ClickHouse"}


def show(target: str, built_at: datetime) -> None:
    st.caption(f"Published {moment(built_at)} UTC on {ENGINES[target]}")
    if found := blocked(target):
        warn(found, built_at)


def warn(found: Blocked, built_at: datetime) -> None:
    with st.container(border=True):
        st.warning(plain(headline(found, built_at)), icon=":material/block:")
        for rule, findings in told(found):
            st.markdown(f"**{plain(rule.title)}** ({plain(rule.rule_id)})")
            for finding in findings:
                st.text(f"{finding.place}: {finding.evidence}")
            st.markdown(f"What to do: {plain(rule.fix)}")
        if more := untold(found):
            st.text(more)

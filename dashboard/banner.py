"""What stands above every page: what is shown, and whether a build is blocked and why."""

from datetime import datetime

import streamlit as st

from dashboard.parts import plain
from duckhouse.reporting.formats import moment
from duckhouse.warehouse.blocked import Blocked, blocked, by_rule, headline, untold, ways_on

ENGINES = {"dev": "DuckDB", "prod": "ClickHouse"}


def show(target: str, built_at: datetime) -> None:
    st.caption(f"Published {moment(built_at)} UTC on {ENGINES[target]}")
    if found := blocked(target):
        warn(found, built_at)


def warn(found: Blocked, built_at: datetime) -> None:
    st.warning(plain(" ".join(headline(found, built_at))), icon=":material/block:")
    with st.expander("What blocks it, and what to do", expanded=True):
        for findings in by_rule(found):
            rule = findings[0]
            st.markdown(f"**{plain(rule.title)}** ({plain(rule.rule_id)}): {plain(rule.fix)}")
            for finding in findings:
                st.text(f"{finding.place}: {finding.evidence}")
            for way, copied in ways_on(findings):
                st.text(way)
                st.code("\n".join(copied), language=None)
        if more := untold(found):
            st.text(more)

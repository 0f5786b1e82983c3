"""Overview: is the data of each system complete, right and on time, and what changed?"""

import streamlit as st

from dashboard import parts
from dashboard.asking import Asking
from duckhouse.warehouse.questions import Question

TITLE = "Overview"
ICON = ":material/home:"


def show(asking: Asking) -> None:
    st.subheader("Is today's data complete, right and on time?")
    parts.table(asking, Question("rpt_quality_systems", order_by=("source",)), "Systems")

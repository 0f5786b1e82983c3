"""The dashboard: one page a role, on what is published. python -m scripts.dashboard starts it."""

import os
from functools import partial

import streamlit as st
from altair.utils import schemapi

from dashboard import banner
from dashboard.asking import Asking
from dashboard.opened import house_of
from dashboard.roles import PAGES
from duckhouse.cli import UserError
from duckhouse.settings import DASHBOARD_TARGET


def main() -> None:
    schemapi.disable_debug_mode()  # tests validate the charts; here it would take a tenth of a second a page
    st.set_page_config(page_title="duckhouse", page_icon="🦆", layout="wide")
    target = os.environ.get(DASHBOARD_TARGET, "dev")
    try:
        with house_of(target) as house:
            asking = Asking(target, house)
            pages = [
                st.Page(partial(page.show, asking), title=page.TITLE, url_path=path, icon=page.ICON, default=path == "")
                for path, page in PAGES.items()
            ]
            current = st.navigation(pages)
            banner.show(target, house.built_at())
            st.title(current.title)
            current.run()
    except UserError as error:
        st.error("This page cannot be shown.")
        st.text(str(error))


main()

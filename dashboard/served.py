"""What streamlit run serves: the app, behind its password."""

from pathlib import Path

import streamlit as st

from duckhouse.guarded_pages import guard

app = st.App(Path(__file__).with_name("app.py"), middleware=[guard()])

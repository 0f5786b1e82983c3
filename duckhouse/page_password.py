"""The password of the pages that people open, the dashboard and Dagster: given by a setting, or drawn once and kept."""

from pathlib import Path

from duckhouse.embedded.passwords import kept_password
from duckhouse.settings import PAGE_PASSWORD, given_page_password
from duckhouse.state import state_path


def page_password() -> str:
    return given_page_password() or kept_password(kept_in())


def kept_in() -> Path:
    return state_path("page_password")


def how_to_sign_in() -> str:
    """For users, without the password itself. It is drawn where there is none."""
    place = PAGE_PASSWORD if given_page_password() else kept_in()
    page_password()
    return f"sign in by any name and the password in {place}"

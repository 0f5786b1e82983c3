"""Alerts: `news` is what is new on a target since what was announced, `announce` sends it once."""

from duckhouse.alerts.announce import announce, news
from duckhouse.alerts.differences import Alert

__all__ = ["Alert", "announce", "news"]

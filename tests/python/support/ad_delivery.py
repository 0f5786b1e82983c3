"""Deliveries of the ad delivery database written by hand, as an extraction lands them, without a database."""

from typing import Any

from support.dbt import environment
from support.warehouse import Warehouse
from tools.campaigns.orders import extractions
from tools.campaigns.orders.extractions import advertiser, campaign, deleted, event, events

__all__ = ["advertiser", "campaign", "deleted", "deliver", "event", "events"]


def deliver(house: Warehouse, when: int | str, **delivered: Any) -> str:
    """Lands one delivery in the zone of a warehouse: see extractions.deliver."""
    with environment(house.env):
        return extractions.deliver(when, **delivered)

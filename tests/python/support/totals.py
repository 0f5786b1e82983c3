"""What the generator counted, against the daily mart."""

from decimal import Decimal
from typing import Any

from support.warehouse import Warehouse

DELIVERED = "2026-03-25T06:00:00Z"
REDELIVERED = "2026-03-26T06:00:00Z"
MEASURES = ("impressions", "filled_impressions", "clicks", "viewable_impressions")


def assert_totals(house: Warehouse, totals: dict[str, Any]) -> None:
    """The daily mart against what the generator counted when it wrote the files, per day and overall."""
    columns = ", ".join(f"sum({name})" for name in (*MEASURES, "revenue_usd", "revenue_usd_as_delivered"))
    daily = {
        str(day): figures
        for day, *figures in house.rows(f"select event_date, {columns} from marts.fct_ad_events_daily group by 1")
    }
    assert daily == {day: expected_figures(figures) for day, figures in totals["by_event_date"].items()}
    assert list(house.rows(f"select {columns} from marts.fct_ad_events_daily")[0]) == expected_figures(
        totals["overall"]
    )
    assert house.rows("select count(*) from marts.fct_ad_events") == [(totals["overall"]["events"],)]


def expected_figures(figures: dict[str, Any]) -> list[Any]:
    money = [Decimal(figures[name]) for name in ("revenue_usd", "revenue_usd_as_delivered")]
    return [*(figures[name] for name in MEASURES), *money]

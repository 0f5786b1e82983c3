"""A page of the dashboard on what a warehouse has published, without a browser."""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from streamlit.testing.v1 import AppTest

from support.dbt import environment
from support.warehouse import Warehouse

TARGETS = ("dev", "prod")
SCRIPT = """
from dashboard.asking import Asking
from dashboard.roles import PAGES
from duckhouse.warehouse.reading import reading

with reading({target!r}) as house:
    PAGES[{path!r}].show(Asking({target!r}, house))
"""
SECONDS = 60
SET_ASIDE = {
    "ad_delivery": "fct_ad_delivery_set_aside",
    "ad_serving": "fct_ad_events_set_aside",
    "consent": "fct_consent_events_set_aside",
    "reviews": "fct_product_reviews_set_aside",
    "telemetry": "fct_device_readings_set_aside",
}


def shown(house: Warehouse, target: str, path: str, query: Mapping[str, str] | None = None) -> AppTest:
    """The page as it is first shown at an address with these filters. Dev is to be published before."""
    page = AppTest.from_string(SCRIPT.format(target=target, path=path), default_timeout=SECONDS)
    for name, value in (query or {}).items():
        page.query_params[name] = value
    with environment(house.env):
        run(page)
    assert not page.exception, page.exception[0].message
    return page


def run(page: AppTest) -> AppTest:
    """Streamlit leaves its script as the main module, which processes that are spawned later would run."""
    main = sys.modules["__main__"]
    try:
        return page.run()
    finally:
        sys.modules["__main__"] = main


def tiles_of(page: AppTest) -> dict[str, tuple[str, str]]:
    """The figure and the note of each tile by its label."""
    return {tile.label: (tile.value, tile.delta) for tile in page.metric}


def tables_of(page: AppTest) -> dict[str, list[dict[str, Any]]]:
    """The rows of each table by its title. Its headers are words, never the names of columns."""
    found = {}
    for table in page.dataframe:
        columns = json.loads(table.proto.columns)
        headers = [columns[name]["label"] for name in table.proto.column_order]
        assert all(headers), headers
        assert not any("_" in header for header in headers), headers
        rows = table.value.astype(object)
        found[table.proto.alt] = rows.where(rows.notna(), None).to_dict("records")
    return found


def assert_deliveries_are_shown(house: Warehouse, target: str) -> None:
    """Each delivery has a page, on which files and reasons have the records that staging and the marts have. Dev is to
    be published before."""
    deliveries = house.rows(
        "select source, delivery_id, source_label || ', ' || strftime(delivered_at, '%Y-%m-%d %H:%M') "
        "from reporting.rpt_quality_deliveries order by all"
    )
    assert deliveries
    for source, delivery, label in deliveries:
        tables = tables_of(shown(house, target, "deliveries", {"delivery": label}))
        its = f"where _delivery_id = '{delivery}'"
        columns = "_source_file, records_read, records_rejected"
        files = house.rows(f"select {columns} from staging.stg_{source}__files {its} order by all")
        found = sorted((row["source_file"], row["records_read"], row["records_rejected"]) for row in tables["Files"])
        assert found == files, label
        expected = Counter(house.rows(f"select reason, 'rejected' from staging.stg_{source}__rejected {its}"))
        aside = house.rows(f"select set_aside_reason from marts.{SET_ASIDE[source]} {its}")
        unread = {reason for reason, _ in expected}  # the mart of device readings has these as well
        expected += Counter((reason, "set aside") for (reason,) in aside if reason not in unread)
        reasons = {(row["reason"], row["fate"]): row["records"] for row in tables.get("Reasons", [])}
        assert {key: count for key, count in reasons.items() if key[1] != "invalid"} == expected, label

"""DUCKHOUSE_MEMORY_GB reaches the engines through profiles.yml."""

import pytest

from support.dbt import invoke_dbt
from support.warehouse import Warehouse

OF_A_QUERY = ("group_by", "sort", "join")
ASKED = {
    "dev": "select current_setting('memory_limit') as found",
    "prod": "select "
    + ", ".join(f"getSetting('max_bytes_before_external_{what}') as of_{what}" for what in OF_A_QUERY),
}


@pytest.mark.parametrize(
    ("given", "target", "expected"),
    [
        ("", "dev", {"2.7 GiB"}),
        ("1.5", "dev", {"1.3 GiB"}),
        ("", "prod", {500_000_000}),
        ("1.5", "prod", {250_000_000}),
    ],
)
def test_the_setting_reaches_the_engine(shared_house: Warehouse, given: str, target: str, expected: set) -> None:
    env = {**shared_house.env, "DUCKHOUSE_MEMORY_GB": given}
    [shown] = invoke_dbt("show", "--inline", ASKED[target], target=target, env=env).result.results
    assert {value for row in shown.agate_table.rows for value in row} == expected

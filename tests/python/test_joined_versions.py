"""An incremental mart that joins a dimension follows it, or is refused: a project of a few models on both engines.

Sales are built before their shops are known. Shops arrive late, then an older delivery of them, and a permit ends.
Then a shop moves during a day.
Expected rows are worked out by hand; the last stage is what a full refresh makes.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import clickhouse_connect
import pytest
import yaml

from duckhouse.settings import PROJECT
from support.dbt import told_by_dbt
from support.warehouse import Warehouse, warehouse

SETTINGS = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())

Row = Mapping[str, str]
KINDS = {
    **dict.fromkeys(("at", "valid_from", "_delivered_at"), "timestamp"),
    **{"valid_to": "timestamp_nullable", "city": "text_nullable", "rent": "money_nullable", "_source_row": "integer"},
}
DELIVERED = ("_delivery_id", "_delivered_at", "_source_file", "_source_row")
COLUMNS = {
    "stg_shop__sales": ("sale_id", "shop_id", "at", *DELIVERED),
    "stg_shop__shops": ("shop_id", "city", "rent", *DELIVERED),
    "int_shop__permits": ("shop_id", "valid_from", "valid_to"),
}


def delivered(at: str) -> Row:
    return {"_delivery_id": at, "_delivered_at": at, "_source_file": "file", "_source_row": "1"}


def sale(sale_id: str, shop_id: str, at: str) -> Row:
    return {"sale_id": sale_id, "shop_id": shop_id, "at": f"2026-01-{at}", **delivered("2026-01-05")}


def shop(shop_id: str, city: str, at: str) -> Row:
    return {"shop_id": shop_id, "city": city, "rent": "1.5", **delivered(f"2026-01-{at}")}


def permit(shop_id: str, until: str = "") -> Row:
    return {"shop_id": shop_id, "valid_from": "1900-01-01", "valid_to": until}


SALES = [
    sale("s1", "a", "01 10:00:00"),
    sale("s2", "a", "02 10:00:00"),
    sale("s3", "a", "03 10:00:00"),
    sale("s4", "a", "03 14:00:00"),
    sale("s5", "b", "06 16:00:00"),
    sale("s6", "b", "07 10:00:00"),
    sale("s7", "c", "05 10:00:00"),
]
NEWEST = [shop("a", "Oslo", "03 12:00:00"), shop("b", "Rome", "03 12:00:00")]
OLDER = [shop("a", "Bonn", "02 12:00:00")]
MOVED = [shop("b", "Pisa", "07 09:00:00")]
PERMIT_ENDS = "2026-01-06 15:00:00"
STAGES: dict[str, dict[str, list[Row]]] = {
    "sales": {"stg_shop__sales": SALES, "stg_shop__shops": [], "int_shop__permits": [permit("a"), permit("b")]},
    "shops": {"stg_shop__shops": NEWEST},
    "older": {"stg_shop__shops": NEWEST + OLDER, "int_shop__permits": [permit("a"), permit("b", PERMIT_ENDS)]},
    "moved": {"stg_shop__shops": NEWEST + OLDER + MOVED},
}
MODELS = {
    "intermediate/int_shop__sale_touches": """
        {{ touches_of_deliveries(ref('stg_shop__sales'), 'sale_id', condition='true') }}
    """,
    "intermediate/int_shop__open_shops": "{{ config(materialized='view') }} select * from {{ ref('dim_shops') }}",
    "intermediate/int_shop__all_sales": "{{ config(materialized='view') }} select * from {{ ref('stg_shop__sales') }}",
    "marts/dim_shops": "{{ dimension(ref('dim_shops_history')) }}",
    "marts/dim_shops_history": "{{ dimension_history(ref('snap_shop__shops'), 'shop_id') }}",
    "marts/fct_sales": """
        {%- set days = incremental_by_day(touches='int_shop__sale_touches', order_by=['shop_id']) %}
        select
            {{ cast_to('sales.sale_id', 'text') }} as sale_id,
            {{ cast_to('sales.shop_id', 'text') }} as shop_id,
            {{ cast_to('sales.shop_id', 'text') }} as place,
            {{ cast_to('sales.at', 'timestamp') }} as sold_at,
            {{ cast_to('sales.event_date', 'date') }} as event_date,
            {{ cast_to('days._day_version', 'text') }} as _day_version
        from {{ ref('int_shop__all_sales') }} as sales
        inner join {{ days_of(touches='int_shop__sale_touches') }} as days on sales.event_date = days.event_date
        where {{ in_days('sales.event_date', days) }}
    """,
    "intermediate/int_shop__days_now": """{{ event_days('fct_sales', joined={
        'dim_shops': {'key': 'shop_id', 'seen_as': 'place'}
    }) }}""",
    "intermediate/int_shop__days_as_of": """{{ event_days('fct_sales', joined={
        'dim_shops_history': {'key': 'shop_id'},
        'int_shop__permits': {'key': 'shop_id'},
    }) }}""",
    "marts/fct_sales_now": """
        {%- set days = incremental_by_day('int_shop__days_now', order_by=['sale_id']) %}
        select
            sales.sale_id as sale_id,
            shops.city as city,
            sales.event_date as event_date,
            {{ cast_to('days._day_version', 'text') }} as _day_version
        from {{ ref('fct_sales') }} as sales
        inner join {{ ref('int_shop__days_now') }} as days on sales.event_date = days.event_date
        left join {{ ref('dim_shops') }} as shops on sales.shop_id = shops.shop_id
        where {{ in_days('sales.event_date', days) }}
    """,
    "marts/fct_sales_as_of": """
        {%- set days = incremental_by_day('int_shop__days_as_of', order_by=['sale_id']) %}
        select
            sales.sale_id as sale_id,
            shops.city as city,
            {{ cast_to('permits.shop_id is not null', 'boolean') }} as is_permitted,
            sales.event_date as event_date,
            {{ cast_to('days._day_version', 'text') }} as _day_version
        from {{ ref('fct_sales') }} as sales
        inner join {{ ref('int_shop__days_as_of') }} as days on sales.event_date = days.event_date
        asof left join {{ ref('dim_shops_history') }} as shops
            on sales.shop_id = shops.shop_id and sales.sold_at >= shops.valid_from
        left join {{ ref('int_shop__permits') }} as permits
            on
                sales.shop_id = permits.shop_id
                and sales.sold_at < coalesce(permits.valid_to, {{ cast_to("'2100-01-01'", 'timestamp') }})
        where {{ in_days('sales.event_date', days) }}
    """,
    "marts/fct_kept": """
        {{ config(full_refresh=false, order_by='n') }}
        {{ incremental_by_delivery() }}
        select {{ cast_to('1', 'integer') }} as n, {{ cast_to("'d1'", 'text') }} as _delivery_id
        from {{ ref('fct_sales') }}
        where {{ 'false' if is_incremental() else 'true' }}
    """,
}
CONTRACTS = {
    "dim_shops": {"shop_id": "text", "city": "text_nullable", "rent": "money_nullable"},
    "dim_shops_history": {
        "shop_version_id": "text",
        **{"shop_id": "text", "city": "text_nullable", "rent": "money_nullable", "version_number": "integer"},
        **{"valid_from": "timestamp", "valid_to": "timestamp_nullable", "is_current": "boolean"},
        **{"last_observed_at": "timestamp", "_delivery_id": "text"},
    },
    "int_shop__permits": {"shop_id": "text", "valid_from": "timestamp", "valid_to": "timestamp_nullable"},
    "fct_sales": {
        **{"sale_id": "text", "shop_id": "text", "place": "text", "sold_at": "timestamp", "event_date": "date"},
        "_day_version": "text",
    },
    "fct_sales_now": {"sale_id": "text", "city": "text_nullable", "event_date": "date", "_day_version": "text"},
    "fct_sales_as_of": {
        **{"sale_id": "text", "city": "text_nullable", "is_permitted": "boolean"},
        **{"event_date": "date", "_day_version": "text"},
    },
    "fct_kept": {"n": "integer", "_delivery_id": "text"},
}
# what takes its days from fct_sales, or from days of the dimension of now, and reads something that they do not follow
REFUSED = {
    "a_dimension": ("fct_sales", "dim_shops", "dim_shops"),
    "a_view_of_a_dimension": ("fct_sales", "int_shop__open_shops", "dim_shops"),
    "a_history_of_the_dimension_of_now": ("int_shop__days_now", "dim_shops_history", "dim_shops_history"),
    "a_table_beside": ("int_shop__days_now", "int_shop__permits", "int_shop__permits"),
}
ACCEPTED = {"a_parent": ("fct_sales", "int_shop__all_sales"), "a_seed": ("fct_sales", "cities")}


def model_of(rows: list[Row], columns: tuple[str, ...]) -> str:
    """A table of rows; without any it has its columns."""
    nothing = {name: "2000-01-01" if "at" in name or "valid" in name else "0" for name in columns}
    selects = []
    for row in [*rows, nothing]:
        cells = [(name, f"'{row[name]}'" if row[name] else "null", KINDS.get(name, "text")) for name in columns]
        casts = [f'{{{{ cast_to("{cell}", "{kind}") }}}} as {name}' for name, cell, kind in cells]
        if "at" in columns:
            casts.append(f'{{{{ cast_to("\'{row["at"][:10]}\'", "date") }}}} as event_date')
        selects.append("select " + ", ".join(casts))
    return f"select * from ({' union all '.join(selects)}) as made_up where {columns[0]} <> '0'"


def write_models(folder: Path, models: Mapping[str, str]) -> None:
    for path, text in models.items():
        (folder / "models" / f"{path}.sql").parent.mkdir(parents=True, exist_ok=True)
        (folder / "models" / f"{path}.sql").write_text(text)


def write_contracts(folder: Path, contracts: Mapping[str, Mapping[str, str]]) -> None:
    models = [
        {"name": name, "columns": [{"name": column, "data_type": kind} for column, kind in columns.items()]}
        for name, columns in contracts.items()
    ]
    (folder / "models" / "_models.yml").write_text(yaml.safe_dump({"models": models}))


@dataclass(frozen=True)
class Shop:
    folder: Path
    house: Warehouse
    target: str

    def dbt(self, *arguments: str, succeeds: bool = True) -> str:
        return told_by_dbt(*arguments, target=self.target, env=self.house.env, project=self.folder, succeeds=succeeds)

    def deliver(self, stage: str) -> None:
        write_models(
            self.folder,
            {f"staging/{name}": model_of(rows, COLUMNS[name]) for name, rows in STAGES[stage].items()},
        )
        self.dbt("build", "--exclude", "path:models/refused", "path:models/accepted")

    def rows(self, table: str, columns: str) -> list[tuple]:
        query = f"select {columns} from {{}}.{table} order by 1"
        if self.target == "dev":
            return self.house.rows(query.format("marts"))
        with clickhouse_connect.get_client(host="127.0.0.1", port=self.house.clickhouse_port) as client:
            return [tuple(row) for row in client.query(query.format("duckhouse_marts")).result_rows]


@pytest.fixture(scope="module", params=["dev", "prod"])
def shops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shops")
    shared = {key: SETTINGS[key] for key in ("name", "config-version", "profile")}
    marts = SETTINGS["models"]["duckhouse"]["marts"]
    settings = {
        **shared,
        "vars": {"types": SETTINGS["vars"]["types"]},
        "snapshots": {"duckhouse": SETTINGS["snapshots"]["duckhouse"]},
        "models": {
            "duckhouse": {
                "+materialized": "table",
                **{layer: {"+schema": layer} for layer in ("staging", "intermediate", "refused", "accepted")},
                "marts": {"+schema": "marts", "+contract": marts["+contract"]},
            }
        },
    }
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    shutil.copy(PROJECT / "profiles.yml", folder)
    shutil.copytree(PROJECT / "macros", folder / "macros")
    for part in ("seeds", "snapshots"):
        (folder / part).mkdir()
    (folder / "seeds" / "cities.csv").write_text("city\nOslo\n")
    (folder / "snapshots" / "shop.sql").write_text(
        "{% snapshot snap_shop__shops %}{{ observations_of(ref('stg_shop__shops'), 'shop_id') }}{% endsnapshot %}"
    )
    reads = """
        {{%- set days = incremental_by_day('{0}', order_by=['event_date']) %}}
        select * from {{{{ days_of('{0}') }}}} as days where (select count(*) from {{{{ ref('{1}') }}}}) >= 0
    """
    write_models(folder, MODELS)
    write_models(folder, {f"refused/{name}": reads.format(days, read) for name, (days, read, _) in REFUSED.items()})
    write_models(folder, {f"accepted/{name}": reads.format(days, read) for name, (days, read) in ACCEPTED.items()})
    write_contracts(folder, CONTRACTS)
    with warehouse() as house:
        yield Shop(folder, house, request.param)


@dataclass(frozen=True)
class Stage:
    now: list[tuple]
    as_of: list[tuple]
    versions_now: dict[str, str]
    versions_as_of: dict[str, str]


def seen(shops: Shop) -> Stage:
    return Stage(
        shops.rows("fct_sales_now", "sale_id, city"),
        shops.rows("fct_sales_as_of", "sale_id, city, is_permitted"),
        dict(shops.rows("fct_sales_now", "sale_id, _day_version")),
        dict(shops.rows("fct_sales_as_of", "sale_id, _day_version")),
    )


@pytest.fixture(scope="module")
def stages(shops: Shop) -> dict[str, Stage]:
    found = {}
    for stage in STAGES:
        shops.deliver(stage)
        found[stage] = seen(shops)
    shops.dbt("run", "--full-refresh", "--select", "path:models/marts", "path:models/intermediate")
    return {**found, "refreshed": seen(shops)}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {sale_id for sale_id in after if before[sale_id] != after[sale_id]}


NOW = dict.fromkeys(("s1", "s2", "s3", "s4"), "Oslo") | dict.fromkeys(("s5", "s6"), "Rome") | {"s7": None}
PERMITTED = {"s1", "s2", "s3", "s4", "s5", "s6"}


def test_sales_are_built_before_their_shops(stages: dict[str, Stage]) -> None:
    assert {city for _, city in stages["sales"].now} == {None}
    assert {sale_id for sale_id, _, is_permitted in stages["sales"].as_of if is_permitted} == PERMITTED


def test_a_mart_of_the_dimension_of_now_follows_it(stages: dict[str, Stage]) -> None:
    """An older delivery changes no version of now, and so no day."""
    assert dict(stages["shops"].now) == NOW
    assert changed(stages["sales"].versions_now, stages["shops"].versions_now) == PERMITTED
    assert stages["older"].now == stages["shops"].now
    assert stages["older"].versions_now == stages["shops"].versions_now
    assert dict(stages["moved"].now) == NOW | dict.fromkeys(("s5", "s6"), "Pisa")


def test_a_mart_as_of_the_event_follows_the_history(stages: dict[str, Stage]) -> None:
    """The first version holds since ever: with the older delivery that is Bonn, until noon of the third."""
    assert {sale_id: city for sale_id, city, _ in stages["shops"].as_of} == NOW
    as_of = {sale_id: (city, is_permitted) for sale_id, city, is_permitted in stages["older"].as_of}
    assert as_of == {
        "s1": ("Bonn", True),
        "s2": ("Bonn", True),
        "s3": ("Bonn", True),
        "s4": ("Oslo", True),
        "s5": ("Rome", False),
        "s6": ("Rome", False),
        "s7": (None, False),
    }
    assert changed(stages["sales"].versions_as_of, stages["shops"].versions_as_of) == PERMITTED
    assert changed(stages["shops"].versions_as_of, stages["older"].versions_as_of) == PERMITTED


def test_a_version_that_begins_during_a_day_changes_that_day(stages: dict[str, Stage]) -> None:
    assert set(stages["moved"].as_of) - set(stages["older"].as_of) == {("s6", "Pisa", False)}
    assert changed(stages["older"].versions_as_of, stages["moved"].versions_as_of) == {"s6"}


def test_what_was_built_step_by_step_is_what_a_full_refresh_makes(stages: dict[str, Stage]) -> None:
    assert stages["moved"] == stages["refreshed"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_read_that_no_version_follows_is_refused(
    stages: dict[str, Stage], name: str, refusals: dict[str, str]
) -> None:
    days, _, told = REFUSED[name]
    assert f"{name} joins {told}, but the days of {days} do not change with it" in refusals[name]
    assert f"or make {name} a table" in refusals[name].partition(f"{name} joins")[2].splitlines()[0]


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_the_parent_is_made_from_and_seeds_may_be_read(refusals: dict[str, str], name: str) -> None:
    assert refusals[name] == ""


@pytest.fixture(scope="module")
def refusals(shops: Shop, stages: dict[str, Stage]) -> dict[str, str]:
    """What a build says of each model: an empty text for nothing."""
    refused = ("path:models/refused", "path:models/accepted")
    shops.dbt("run", "--write-json", "--select", *refused, succeeds=False)
    results = json.loads((shops.house.folder / "target" / "run_results.json").read_text())["results"]
    return {
        result["unique_id"].rpartition(".")[2]: result["message"] if result["status"] == "error" else ""
        for result in results
    }


def test_a_new_column_of_a_fact_needs_no_flag(shops: Shop, stages: dict[str, Stage]) -> None:
    """All days have it; what is never refreshed fully keeps its rows."""
    added = {
        name: text.replace("select\n", "select sales.shop_id as shop_id,\n", 1)
        for name, text in MODELS.items()
        if name == "marts/fct_sales_now"
    }
    kept = MODELS["marts/fct_kept"].replace(" as n,", " as n, {{ cast_to('2', 'integer_nullable') }} as m,")
    write_models(shops.folder, {**added, "marts/fct_kept": kept})
    columns = {"fct_sales_now": {"shop_id": "text"}, "fct_kept": {"m": "integer_nullable"}}
    write_contracts(shops.folder, {name: {**old, **columns.get(name, {})} for name, old in CONTRACTS.items()})
    shops.dbt("run", "--select", "fct_sales_now", "fct_kept")
    assert shops.rows("fct_sales_now", "sale_id, shop_id") == [(row["sale_id"], row["shop_id"]) for row in SALES]
    assert shops.rows("fct_sales_now", "sale_id, city") == stages["moved"].now
    assert shops.rows("fct_kept", "n, m") == [(1, None)] * len(SALES)

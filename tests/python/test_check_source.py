"""What python -m scripts.check_source names, and what it lands in which order: made-up projects and drops."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from duckhouse import generated
from duckhouse.checking.deliveries import arriving
from duckhouse.checking.forgotten import FROM_DECLARATION, NEW_DELIVERIES, SYSTEM_TABLES, TOUCHES, forgotten
from duckhouse.checking.orders import GATHERS, nodes_of, orders_of
from duckhouse.checking.parts import Declared, Node, Project, Table, read_project
from duckhouse.cli import UserError
from duckhouse.project import manifest
from duckhouse.sources import Column, Entity, Source, sources
from scripts import check_source

ORDER_COLUMNS = {"order_id": "order_id", "placed_at": "placed_at", "paid": "paid_eur"}
ORDERS = Table("orders", ORDER_COLUMNS, key="order_id", day="placed_at", keep_last=("paid",))
CUSTOMERS = Table("customers", {"id": "customer_id"}, key="id", history=True)


def node(name: str, place: str, *reads: str, **words: Any) -> Node:
    """A model in order, in models/<place>/."""
    layer, _, folder = place.partition("/")
    marts = layer == "marts"
    known = {
        "group": "quality" if layer == "quality" else folder,
        "description": "One row per thing.",
        "file": f"models/{place}/{name}.sql",
        "yaml": f"models/{place}/{name}.yml",
        "is_published": marts,
        "has_contract": marts,
        "reads": frozenset(reads),
        "keys": (frozenset(words["grain"]),) if "grain" in words else (),
    }
    return Node(name, layer, folder, **{**known, **words})


def staging(name: str, macro: str, table: str, **words: Any) -> Node:
    macros = frozenset({macro, "is_new_delivery"})
    return node(name, "staging/shop", f"shop.{table}", macros=macros, materialized="incremental", **words)


NODES = (
    staging("stg_shop__orders", "typed", "orders", code="select order_id, placed_at, paid as paid_eur from source"),
    staging("stg_shop__customers", "staged_records", "customers"),
    staging("stg_shop__files", "landed_files", "_files"),
    staging("stg_shop__rejected", "landed_rejects", "_rejected"),
    node(
        "int_shop__order_touches", "intermediate/shop", "stg_shop__orders",
        macros=frozenset({"touches_of_deliveries", "is_new_in"}), materialized="incremental",
    ),
    node(
        "fct_orders", "marts/shop", "stg_shop__orders", grain=("order_id",),
        columns=frozenset({"order_id", "paid_eur"}),
    ),
    node("snap_shop__customers", "snapshots/", "stg_shop__customers", is_snapshot=True),
    node(
        "dim_customers_history", "marts/shop", "snap_shop__customers", grain=("customer_id", "valid_from"),
        columns=frozenset({"customer_id", "valid_from", "valid_to"}),
    ),
    node(
        "dim_customers", "marts/shop", "dim_customers_history", grain=("customer_id",),
        columns=frozenset({"customer_id"}),
    ),
    node(
        "dq_shop_records", "quality/shop", "stg_shop__orders",
        macros=frozenset({"rule_blank_lines", "rule_late_events", "rule_dimension_changed"}),
    ),
)  # fmt: skip
SHOP = Project(
    nodes={each.name: each for each in NODES},
    sources={
        "shop": Declared("shop", "declared.yml", (ORDERS, CUSTOMERS, Table("_files"), Table("_rejected"))),
    },
    shared_rules={"blank_lines": "files", "late_events": "events", "dimension_changed": "dimensions"},
)


def without(*names: str) -> Project:
    return replace(SHOP, nodes={name: each for name, each in SHOP.nodes.items() if name not in names})


def but(name: str, **words: Any) -> Project:
    return replace(SHOP, nodes={**SHOP.nodes, name: replace(SHOP.nodes[name], **words)})


def declared(*tables: Table, **words: Any) -> Project:
    return replace(SHOP, sources={"shop": replace(SHOP.sources["shop"], tables=tables, **words)})


def lines(project: Project) -> list[str]:
    return [str(gap) for gap in forgotten(project, "shop")]


def test_a_source_that_has_everything_has_no_gap() -> None:
    assert lines(SHOP) == []


@pytest.mark.parametrize(
    ("project", "told"),
    [
        (
            declared(ORDERS, CUSTOMERS, Table("refunds"), Table("_files"), Table("_rejected")),
            "models/staging/shop/stg_shop__refunds.sql: is missing, so what lands as refunds stays unread: write "
            "{{ staged_records('shop', 'refunds') }}",
        ),
        (declared(ORDERS, CUSTOMERS, Table("_files")), "declared.yml: table _rejected is not declared"),
        (without("stg_shop__files"), "stg_shop__files.sql: is missing, so no one sees what was delivered: write"),
        (without("stg_shop__rejected"), "stg_shop__rejected.sql: is missing, so no one sees what was rejected: write"),
        (
            but("stg_shop__orders", code="select order_id, placed_at, paid_eur from source"),
            "models/staging/shop/stg_shop__orders.sql: does not read orders.paid, which is declared",
        ),
        (
            but("fct_orders", grain=("order_id", "day"), keys=(frozenset({"order_id", "day"}),),
                columns=frozenset({"order_id", "day", "paid_eur"})),
            "models/staging/shop/stg_shop__orders.yml: no test says that order_id is unique in what is made of orders",
        ),
        (but("stg_shop__files", description=""), "models/staging/shop/stg_shop__files.yml: stg_shop__files: it has no"),
        (but("fct_orders", group=None), "models/marts/shop/fct_orders.yml: fct_orders: its group is None"),
        (without("int_shop__order_touches"), "models/intermediate/shop/: no model says which days a delivery of"),
        (
            but("int_shop__order_touches", reads=frozenset({"stg_shop__customers"})),
            "models/intermediate/shop/: no model says which days a delivery of orders touches, so a mart cannot be "
            "built by day: write {{ touches_of_deliveries(ref('stg_shop__orders'), 'order_id') }}",
        ),
        (
            but("fct_orders", columns=frozenset({"order_id"})),
            "declared.yml: orders keeps the last paid, and no mart shows it: add paid_eur to its fact's YAML",
        ),
        (
            but("int_shop__order_touches", materialized="view"),
            "models/intermediate/shop/int_shop__order_touches.sql: reads new deliveries only and is a view",
        ),
        (but("stg_shop__customers", materialized="table"), "customers.sql: reads new deliveries only and is a table"),
        (
            but("snap_shop__customers", is_snapshot=False),
            "snapshots/shop.sql: customers says history, and no snapshot keeps what deliveries said",
        ),
        (
            but("dim_customers_history", columns=frozenset({"customer_id", "valid_from"})),
            "models/marts/shop/: customers says history, and no mart with valid_from and valid_to",
        ),
        (without("dq_shop_records"), "models/quality/shop/: the source has no rule"),
        (
            declared(*SHOP.sources["shop"].tables, says_looks=False),
            "declared.yml: says no loaded_at_query, so dbt source freshness does not know when",
        ),
        (
            but("dq_shop_records", macros=frozenset({"rule_blank_lines"})),
            "models/quality/shop/: does not use the shared rules late_events, dimension_changed: call rule_late_events",
        ),
    ],
)  # fmt: skip
def test_what_is_forgotten_is_named_in_one_line(project: Project, told: str) -> None:
    [line] = [line for line in lines(project) if told in line]
    assert "\n" not in line


def test_what_is_no_gap() -> None:
    """Rules that are left out with a reason or are about nothing here; a history that a database keeps itself; events
    of several tables that have a key of their own.
    """
    reasons = {"late_events": "Days are never published.", "dimension_changed": "Nobody asks."}
    partly = but("dq_shop_records", macros=frozenset({"rule_blank_lines"}), meta={"without_rules": reasons})
    assert lines(partly) == []
    plain = declared(replace(ORDERS, day=None), replace(CUSTOMERS, history=False), Table("_files"), Table("_rejected"))
    nodes = {
        **plain.nodes,
        "dq_shop_records": replace(plain.nodes["dq_shop_records"], macros=frozenset({"rule_blank_lines"})),
    }
    assert lines(replace(plain, nodes=nodes)) == []
    kept = but("snap_shop__customers", is_snapshot=False)
    assert lines(replace(kept, sources={"shop": replace(SHOP.sources["shop"], kind="postgres")})) == []
    renamed = but(
        "fct_orders", grain=("event_id",), keys=(frozenset({"event_id"}),), columns=frozenset({"event_id", "paid_eur"})
    )
    assert len(lines(renamed)) == 1
    assert lines(replace(renamed, sources={"shop": replace(SHOP.sources["shop"], events="fct_orders")})) == []


@pytest.mark.parametrize("reason", ["", None])
def test_a_rule_is_not_left_out_without_a_reason(reason: str | None) -> None:
    macros = frozenset({"rule_blank_lines", "rule_late_events"})
    [line] = lines(but("dq_shop_records", macros=macros, meta={"without_rules": {"dimension_changed": reason}}))
    assert "does not use the shared rules dimension_changed:" in line


def test_nothing_is_forgotten_around_the_sources_of_the_project() -> None:
    project = read_project(manifest())
    assert {source: list(map(str, forgotten(project, source))) for source in sources()} == {
        source: [] for source in sources()
    }
    assert project.shared_rules["rejected_record"] == "files" and project.shared_rules["late_events"] == "events"
    # a check that looks for a macro finds none when the macro has got another name
    called = {macro for each in project.nodes.values() for macro in each.macros}
    assert {*NEW_DELIVERIES, TOUCHES, FROM_DECLARATION, *SYSTEM_TABLES.values()} <= called
    assert {macro.split(".")[2] for macro in GATHERS} <= called


def test_a_generated_file_that_is_out_of_date_is_named_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declared_file = next(path for path in generated.files() if path.name == "declared.sql")
    monkeypatch.setattr(generated, "out_of_date", lambda: [declared_file])
    assert check_source.main(["consent"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "macros/project/declared.sql: is out of date: run python -m tools.generated",
        "consent: nothing else is missing",
    ]


# ---------- what arrives when

STALL = Source(
    "stall",
    (
        Entity("sales", ("sales/*.csv", "sales*.csv"), (Column("id"),)),
        Entity("goods", ("goods.csv",), (Column("id"),)),
    ),
)
FIRST = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def drop(folder: Path, *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"id\n{name}\n")
    return folder


def arrived(drops: list[Path], first: dt.datetime | None = FIRST) -> Mapping[str, tuple[list[str], str]]:
    """By delivery the names of its paths, and its time."""
    return {
        each.name: ([path.name for path in each.paths], f"{each.at:%m-%d %H:%M}")
        for each in arriving(STALL, drops, first)
    }


def test_a_single_drop_is_split_by_its_files(tmp_path: Path) -> None:
    whole = drop(tmp_path, *(f"sales/{day}.csv" for day in "abcd"), "goods.csv", "redelivery/sales/a.csv")
    assert arrived([whole]) == {
        "part 1": (["goods.csv", "a.csv", "b.csv"], "03-01 00:00"),
        "part 2": (["c.csv"], "03-02 00:00"),
        "part 3": (["d.csv"], "03-03 00:00"),
        "redelivery": (["redelivery"], "03-04 00:00"),
    }


def test_folders_are_deliveries_and_their_redeliveries_too(tmp_path: Path) -> None:
    drop(tmp_path / "monday", "sales.csv", "redelivery/sales.csv")
    drop(tmp_path / "tuesday", "goods.csv")
    expected = {
        "monday": (["monday"], "03-01 00:00"),
        "monday/redelivery": (["redelivery"], "03-02 00:00"),
        "tuesday": (["tuesday"], "03-03 00:00"),
    }
    assert arrived([tmp_path]) == expected
    assert arrived([tmp_path / "monday", tmp_path / "tuesday"]) == expected


def test_a_folder_named_by_a_time_arrived_then(tmp_path: Path) -> None:
    drop(tmp_path / "20260305T060000Z", "sales.csv", "redelivery/sales.csv")
    drop(tmp_path / "2026-03-02T06:00:00+02:00", "goods.csv")
    assert arrived([tmp_path], None) == {
        "2026-03-02T06:00:00+02:00": (["2026-03-02T06:00:00+02:00"], "03-02 04:00"),
        "20260305T060000Z": (["20260305T060000Z"], "03-05 06:00"),
        "20260305T060000Z/redelivery": (["redelivery"], "03-06 06:00"),
    }
    with pytest.raises(UserError, match="--delivered-at: the names of the folders say"):
        arrived([tmp_path])
    drop(tmp_path / "later", "sales.csv")
    with pytest.raises(UserError, match="later: its name is not a time"):
        arrived([tmp_path], None)


def test_without_times_the_last_arrives_today(tmp_path: Path) -> None:
    drop(tmp_path / "a", "sales.csv")
    drop(tmp_path / "b", "goods.csv")
    first, second = arriving(STALL, [tmp_path])
    assert second.at - first.at == dt.timedelta(days=1)
    assert second.at <= dt.datetime.now(dt.UTC) < second.at + dt.timedelta(days=2)


@pytest.mark.parametrize(("files", "told"), [(["x/other.txt"], "nor in its folders"), ([], "no such folder")])
def test_a_folder_without_deliveries_is_an_error(tmp_path: Path, files: list[str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        arriving(STALL, [drop(tmp_path / "drop", *files)])


def test_orders_are_the_given_one_its_reverse_and_shuffled_ones() -> None:
    assert orders_of(1, 5, 0) == [(0,)]
    assert orders_of(2, 5, 0) == [(0, 1), (1, 0)]
    assert sorted(orders_of(3, 9, 0)) == [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    some = orders_of(6, 3, seed=7)
    assert some[:2] == [(0, 1, 2, 3, 4, 5), (5, 4, 3, 2, 1, 0)] and len(set(some)) == 5
    assert some == orders_of(6, 3, seed=7) != orders_of(6, 3, seed=8)


@pytest.mark.parametrize("gathers", sorted(GATHERS))
def test_only_what_a_source_needs_is_built(gathers: str) -> None:
    reads = {
        "model.p.stg_shop": ["source.p.shop.orders"],
        "model.p.stg_stall": ["source.p.stall.sales"],
        "model.p.fct_shop": ["model.p.stg_shop", "seed.p.zones", "model.p.words"],
        "model.p.both": ["model.p.fct_shop", "model.p.stg_stall"],
        "model.p.after_both": ["model.p.both"],
        "model.p.gathered": ["model.p.fct_shop", "model.p.stg_stall"],
        "model.p.after_gathered": ["model.p.gathered"],
        "model.p.words": [],
        "model.p.unused": [],
        "seed.p.zones": [],
        "test.p.of_shop": ["model.p.fct_shop"],
    }
    nodes = {
        key: SimpleNamespace(
            name=key.split(".")[2],
            resource_type=key.split(".")[0],
            depends_on_nodes=parents,
            depends_on=SimpleNamespace(macros=["macro.p.words"] if key == "model.p.gathered" else []),
        )
        for key, parents in reads.items()
    }
    made_up: Any = SimpleNamespace(
        nodes=nodes,
        macros={
            "macro.p.words": SimpleNamespace(depends_on=SimpleNamespace(macros=[gathers])),
            gathers: SimpleNamespace(depends_on=SimpleNamespace(macros=[])),
        },
        metadata=SimpleNamespace(project_name="p"),
    )
    assert nodes_of(made_up, "shop") == ["after_gathered", "fct_shop", "gathered", "stg_shop", "words", "zones"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["ad_delivery", "drop"], "ad_delivery: its data do not come as files (kind postgres), so there is no drop"),
        (["bazaar"], "there is no source 'bazaar'"),
        (["consent", "no/such/folder"], "no/such/folder: no such folder"),
    ],
)
def test_what_cannot_be_checked_ends_with_2(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_source.main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and told in line

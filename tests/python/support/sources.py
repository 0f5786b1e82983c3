"""A made-up source of kind postgres beside ad_delivery: a declaration, a connection, tables in a schema of its own."""

import shutil
from pathlib import Path

import pytest

from duckhouse import sources

CRM = "crm"
DECLARATION = """
sources:
  - name: crm
    schema: raw_crm
    config: {meta: {zone: crm, kind: postgres, connection: CRM}}
    tables:
      - name: orders
        config: {meta: {table: app.orders, key: order_no}}
        columns:
          - name: title
          - {name: order_no, data_type: bigint}
          - {name: amount, data_type: bigint}
          - {name: placed_at, data_type: timestamp}
          - name: operation
          - {name: changed_at, data_type: timestamp}
      - name: customers
        config: {meta: {table: customers, key: number}}
        columns:
          - {name: number, data_type: bigint}
          - name: operation
          - {name: changed_at, data_type: timestamp}
      - name: runs
        columns:
          - name: table_name
          - {name: source_rows, data_type: bigint}
          - {name: known_rows, data_type: bigint}
"""
SCHEMA = """
    create schema app;
    create table app.orders (
        order_no bigint primary key, title text, placed_at timestamp, amount bigint, operation text, "ctr%" numeric
    );
    create table app.customers (number smallint primary key);
    create table orders (order_no bigint primary key);
    insert into orders values (99);
"""


def declare_crm(monkeypatch: pytest.MonkeyPatch, folder: Path, declaration: str = DECLARATION) -> sources.Source:
    """Declares it beside ad_delivery, and no other source."""
    shutil.copytree(sources.STAGING / "ad_delivery", folder / "ad_delivery")
    (folder / CRM).mkdir()
    (folder / CRM / "_crm__sources.yml").write_text(declaration)
    monkeypatch.setattr(sources, "STAGING", folder)
    return sources.load_source(CRM)

"""Applies the macros of the project to texts, on one engine: many texts, and many macros, in one query."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import clickhouse_connect
import duckdb

from support.dbt import invoke_dbt
from support.warehouse import Warehouse

SEPARATOR = "-- next --"
MACROS = {
    "parse_timestamp": "parse_timestamp('x')",
    "parse_date": "parse_date('x')",
    "parse_date_of_file": "parse_date('x', has_month_first('x', '1'))",
    "text_literal": r"""'x || ' ~ text_literal("C:\\new 'a'")""",
    "parse_decimal": "parse_decimal('x')",
    "parse_amount": "parse_amount('x')",
    "parse_integer": "parse_integer('x')",
    "parse_boolean": "parse_boolean('x')",
    "clean_text": "clean_text('x')",
    "clean_id": "clean_id('x')",
    "clean_list": "clean_list('x')",
    "lower_text": "lower_text('x')",
    "upper_text": "upper_text('x')",
    "first_characters": "first_characters('x', 3)",
    "md5_text": "md5_text('x')",
    "matches": "matches('x', '^[a-c]+$')",
    "replace_all": "replace_all('x', '[0-9]', '#')",
    "json_text": "json_text('x', 'country')",
    "json_texts": "json_texts('x', ['vendors', 'enabled'])",
    "is_json": "is_json('x')",
    "json_keys": "json_keys('x')",
    "json_object": "json_object(['10'], ['x'])",
    "hour_of": "hour_of(parse_timestamp('x'))",
    "days_between": """days_between(try_date("substring(x, 1, 10)"), try_date("substring(x, 12, 10)"))""",
    "iso_year": "iso_year(try_date('x'))",
    "iso_week": "iso_week(try_date('x'))",
    "day_of_week": "day_of_week(try_date('x'))",
    "is_whole_second": "is_whole_second(parse_timestamp('x'))",
    "moment_text": "moment_text(parse_timestamp('x'))",
    "name_of_domain": "name_of_domain('x')",
    "stands_out": "stands_out(cast_to('x', 'integer'), '4')",
    "falls_short": "falls_short(cast_to('x', 'integer'), '100')",
    "unquoted": "unquoted('x')",
    "number_text": "number_text(parse_decimal('x'))",
    "fixed_text": "fixed_text(parse_decimal('x'), 2)",
    "percent_text": "percent_text(cast_to(parse_decimal('x'), 'ratio_nullable'))",
    "sha256_text": "sha256_text('x')",
    "inverse_of": "inverse_of(parse_rate('x'))",
    "parse_rate": "parse_rate('x')",
    "median": "median(cast_to('x', 'integer_nullable'))",
    "percentile_90": "percentile(cast_to('x', 'integer_nullable'), 90)",
    "either": "either('nullif(x, x)', 'x', 'country')",
    "try_decimal": "try_decimal('x')",
    "try_date": "try_date('x')",
    "timestamp_from_micros": 'timestamp_from_micros("cast(x as bigint)")',
    # the zone comes from a column, as in the models: ClickHouse treats a constant otherwise
    "local_date": "local_date(parse_timestamp('x'), \"coalesce(nullif('America/New_York', x), 'UTC')\")",
    "local_date_in_usual_zone": (
        "local_date(parse_timestamp('x'), \"coalesce(nullif('America/New_York', x), 'UTC')\", "
        "['UTC', 'America/New_York'])"
    ),
    "local_date_in_zone": (
        """local_date(parse_timestamp("'2026-07-01T11:30:00Z'"), 'x', ['Asia/Tokyo', 'Pacific/Apia'])"""
    ),
    "ratio": """ratio("cast(x as bigint)", "cast(x as bigint) - 4")""",
    "ordered_text_agg": """ordered_text_agg('x')""",
    "json_values": "json_values('x')",
    "json_paths": "json_paths('x')",
    "first_items": "first_items(json_texts('x', ['list']), '2')",
    "joined_texts": "joined_texts(json_texts('x', ['list']), '\x1f')",
    "first_path": "joined_texts(first_items(json_paths('x') ~ '[1]', '2'), ' > ')",
    "unix_micros": "unix_micros(parse_timestamp('x'))",
    "month_of": "month_of(parse_date('x'))",
    "parse_unix_seconds": "parse_unix_seconds('x')",
    "parse_month_day_year": "parse_month_day_year('x')",
    "name_key": "name_key('x')",
    "is_list_of_paths": "is_list_of_paths('x')",
    "first_known_value": """first_known_value(
        "nullif(x, '')", "(order by place desc rows between unbounded preceding and unbounded following)"
    )""",
}

AGGREGATES = ("median", "percentile_90", "ordered_text_agg")
Values = Callable[[Iterable[str], Sequence[str | None]], dict[str, list[Any]]]
"""What macros, by name, make of texts."""


@contextmanager
def values_on(target: str, house: Warehouse) -> Iterator[Values]:
    template = SEPARATOR.join("{{ " + call + " }}" for call in MACROS.values())
    [compiled] = invoke_dbt("compile", "--inline", template, target=target, env=house.env).result
    expressions = dict(zip(MACROS, compiled.node.compiled_code.split(SEPARATOR), strict=True))

    def query(names: Iterable[str], relation: str) -> str:
        columns = ", ".join(f"{expressions[name]} as value_of_{name}" for name in names)
        return f"select {columns} from {relation}" + ("" if set(names) & set(AGGREGATES) else " order by place")

    with _duckdb(query) if target == "dev" else _clickhouse(query, house.clickhouse_port) as rows:

        def run(names: Iterable[str], texts: Sequence[str | None]) -> dict[str, list[Any]]:
            names = list(names)
            found = zip(*rows(names, texts), strict=True)
            return {name: [_in_utc(value) for value in column] for name, column in zip(names, found, strict=True)}

        yield run


@contextmanager
def _duckdb(query: Callable[[Iterable[str], str], str]) -> Iterator[Callable[..., list[tuple]]]:
    def rows(names: Iterable[str], texts: Sequence[str | None]) -> list[tuple]:
        connection.execute(
            "create or replace table cases as select unnest(?) as place, unnest(?::varchar[]) as x",
            [list(range(len(texts))), list(texts)],
        )
        return connection.execute(query(names, "cases")).fetchall()

    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        yield rows


@contextmanager
def _clickhouse(query: Callable[[Iterable[str], str], str], port: int) -> Iterator[Callable[..., list[tuple]]]:
    def rows(names: Iterable[str], texts: Sequence[str | None]) -> list[tuple]:
        client.command("create or replace table cases.cases (place Int32, x Nullable(String)) engine = Memory")
        client.insert("cases.cases", list(enumerate(texts)))
        # Arrow does not read what stands behind a NULL
        table = client.query_arrow(query(names, "cases.cases"), use_strings=True)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    with clickhouse_connect.get_client(host="127.0.0.1", port=port) as client:
        client.command("create database if not exists cases")
        yield rows


def _in_utc(value: Any) -> Any:
    return value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo is None else value

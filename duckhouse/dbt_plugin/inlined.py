"""An ephemeral model that a query reads once is a subquery where it is read, not a CTE before the query.

ClickHouse gives each part of a union a copy of all CTEs, so a table of twenty rules has 400 and takes twice as long.
dbt also parses the query to find the place of its CTEs, which is 2 % of the time of a small build.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dbt import compilation

CTE = re.compile(r"\s*(?P<name>\w+) as \((?P<query>.*)\)\s*", re.DOTALL)
READ = r"(?P<by>\b(?:from|join)\s+)(?P<quote>[\"`]?)\b{name}\b(?P=quote)(?![.\w])(?:\s+as\s+(?P<alias>\w+))?"

plain_inject: Any = compilation.inject_ctes_into_sql


def install() -> None:
    module: Any = compilation
    module.inject_ctes_into_sql = inject


def inject(sql: str, ctes: Sequence[Any]) -> str:
    """The query with these CTEs; each of them may read those before it."""
    texts = [*(cte.sql for cte in ctes), sql]
    for place in range(len(ctes)):
        if made := CTE.fullmatch(texts[place]):
            readers = [at for at in range(place + 1, len(texts)) if re.search(rf"\b{made['name']}\b", texts[at])]
            text = with_subquery(texts[readers[0]], made["name"], made["query"]) if len(readers) == 1 else ""
            if text:
                texts[place], texts[readers[0]] = "", text
    left = [replace(cte, sql=text) for cte, text in zip(ctes, texts, strict=False) if text]
    plain: str = plain_inject(texts[-1], left)
    return plain


def with_subquery(text: str, name: str, query: str) -> str:
    """The text that reads the query where it read its name; nothing where it names it elsewhere too."""
    read = re.search(READ.format(name=name), text, re.IGNORECASE)
    if not read or len(re.findall(rf"\b{name}\b", text)) > 1:
        return ""
    return f"{text[: read.start()]}{read['by']}({query}) as {read['alias'] or name}{text[read.end() :]}"

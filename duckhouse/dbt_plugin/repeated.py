"""What dbt makes anew for each call and could keep: a quarter of what it costs itself.

Contexts of macros that the adapter calls, such as the one that lists the columns of a table, are some 20 ms each with
all macros of the project in them, and do not differ within a thread. What tells the types of a result is a millisecond
for each query.
"""

import threading
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt_common.clients import agate_helper

Generator = Callable[[Any, Any, Any, str | None], dict[str, Any]]

plain_setter: Any = BaseAdapter.set_macro_context_generator
plain_tester: Any = cache(agate_helper.build_type_tester)


def install() -> None:
    adapters: Any = BaseAdapter
    adapters.set_macro_context_generator = lambda adapter, generator: plain_setter(adapter, remembering(generator))
    helper: Any = agate_helper
    helper.build_type_tester = tester


def remembering(generator: Generator) -> Generator:
    """The same generator, asked once for each thread, manifest and package."""
    made = threading.local()

    def context(macro: Any, config: Any, manifest: Any, package: str | None) -> dict[str, Any]:
        known: dict[Any, tuple[Any, dict[str, Any]]] = made.__dict__.setdefault("contexts", {})
        key = id(manifest), package
        if key not in known:
            known[key] = manifest, generator(macro, config, manifest, package)
        return dict(known[key][1])

    return context


def tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    nulls = None if string_null_values is None else tuple(string_null_values)
    return plain_tester(tuple(text_columns), nulls)

"""The contexts of macros that the adapter calls, such as the one that lists the columns of a table.

dbt makes one for each call, some 20 ms with all macros of the project in it: a quarter of what dbt itself costs. They
do not differ within a thread.
"""

import threading
from collections.abc import Callable
from typing import Any

from dbt.adapters.base.impl import BaseAdapter

Generator = Callable[[Any, Any, Any, str | None], dict[str, Any]]

plain_setter: Any = BaseAdapter.set_macro_context_generator


def install() -> None:
    adapters: Any = BaseAdapter
    adapters.set_macro_context_generator = lambda adapter, generator: plain_setter(adapter, remembering(generator))


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

"""Arrow without pandas. Arrow would import pandas with the first value that it converts, which takes half a second: a
third of the time to land a small drop. Nothing in this project hands Arrow a pandas table.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa

__all__ = ["pa"]


class _Hiding(MetaPathFinder):
    """Finds no pandas, even where it is installed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _leave_out_pandas() -> None:
    """Arrow looks for pandas once per process. Other code imports it as usual, before and after."""
    hiding = _Hiding()
    sys.meta_path.insert(0, hiding)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hiding)


if "pandas" not in sys.modules:
    _leave_out_pandas()

"""Arrow without pandas: it would import it with the first value that it converts, and half a second is a third of
what landing a small drop takes. Nothing in the house hands Arrow a table of pandas.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa

__all__ = ["pa"]


class _Hiding(MetaPathFinder):
    """Finds no pandas, where it is installed too."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _leave_out_pandas() -> None:
    """Arrow looks for pandas once a process; others import it as ever, before and after."""
    hiding = _Hiding()
    sys.meta_path.insert(0, hiding)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hiding)


if "pandas" not in sys.modules:
    _leave_out_pandas()

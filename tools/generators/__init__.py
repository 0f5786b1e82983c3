"""Made-up data of the sources, a package each.

Its module `command` has HELP, add_arguments(parser) and run(arguments) for python -m tools.generate, and for the demo
deliver_first(folder) and deliver_later(folder). Where it plants faults, it has sized() too, and DELIVERED_AT where it
writes a drop: the scores need them.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def generators() -> dict[str, ModuleType]:
    """The command of each source's generator."""
    return {
        found.name: import_module(f"{__name__}.{found.name}.command") for found in iter_modules(__path__) if found.ispkg
    }


def planting() -> dict[str, ModuleType]:
    """Of those, the ones that plant faults."""
    return {source: generator for source, generator in generators().items() if hasattr(generator, "sized")}

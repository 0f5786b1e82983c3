"""A kill at a chosen moment: right before or right after the n-th call of a function that changes something outside."""

import os
import signal
from collections.abc import Callable, Iterable
from functools import wraps
from itertools import count
from pkgutil import resolve_name
from typing import Any

Told = Callable[[int, str], None]


def watch(functions: Iterable[str], told: Told) -> None:
    """From now on calls `told` at each moment with its number, from 1, and its name, such as "before Class.method".

    A function is named as package.module:Class.method, or as module:function. Moments of threads count as they come.
    """
    numbers = count(1)

    def moment(name: str) -> None:
        told(next(numbers), name)

    for name in functions:
        module, _, path = name.partition(":")
        owner_path, _, attribute = path.rpartition(".")
        owner = resolve_name(f"{module}:{owner_path}" if owner_path else module)
        shown = path if owner_path else f"{module}.{path}"
        setattr(owner, attribute, _watched(getattr(owner, attribute), shown, moment))


def kill_at(chosen: int) -> Told:
    """Ends this process at the moment with that number, as a power failure would."""

    def told(number: int, _: str) -> None:
        if number == chosen:
            os.kill(os.getpid(), signal.SIGKILL)

    return told


def _watched(function: Callable[..., Any], name: str, moment: Callable[[str], None]) -> Callable[..., Any]:
    @wraps(function)
    def watched(*arguments: Any, **options: Any) -> Any:
        moment(f"before {name}")
        result = function(*arguments, **options)
        moment(f"after {name}")
        return result

    return watched

"""A kill at a chosen moment: right before or right after the n-th call of a function that changes something outside."""

import os
import signal
from collections.abc import Callable, Iterable
from functools import wraps
from pkgutil import resolve_name
from typing import Any

Told = Callable[[int, str], None]


def watch(functions: Iterable[str], told: Told) -> None:
    """From now on `told` hears of each moment: its number, from 1, and its name, as "before Class.method".

    A function is named as package.module:Class.method.
    """
    number = 0

    def moment(name: str) -> None:
        nonlocal number
        number += 1
        told(number, name)

    for name in functions:
        owner_name, _, attribute = name.rpartition(".")
        owner = resolve_name(owner_name)
        setattr(owner, attribute, _watched(getattr(owner, attribute), name.partition(":")[2], moment))


def kill_at(chosen: int) -> Told:
    """Ends this process, as if the power went, at the moment of that number."""

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

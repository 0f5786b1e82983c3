"""What is given with --vars must be a variable of the project, and of its kind: dbt would render anything into SQL, and
ignore a name that nothing reads.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any


def faults(given: Mapping[str, Any], declared: Mapping[str, Any]) -> Iterator[str]:
    for name, value in given.items():
        if name not in declared:
            yield f"--vars: {name} is not a variable of this project: dbt_project.yml lists them"
        elif kind(value) != (wanted := kind(declared[name])):
            yield f"--vars: {name} is {wanted}, such as {declared[name]}, and {value!r} is not"


def kind(value: object) -> str:
    """Texts with a number or a day are of that kind: dbt renders them all into SQL."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, Mapping | list) or value is None:
        return type(value).__name__
    for kind_of, name in ((float, "a number"), (date.fromisoformat, "a day")):
        try:
            kind_of(str(value))
        except ValueError:
            continue
        return name
    return "a text"

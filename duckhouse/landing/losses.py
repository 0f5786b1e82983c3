"""What a delivery lost that its counts do not show: columns, records, the order of dates."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches

from duckhouse.landing.drop import visible
from duckhouse.landing.manifest import Delivery, SourceFile
from duckhouse.sources import Entity, Source

_FEW = 3


def losses(source: Source, delivery: Delivery, earlier: Sequence[Delivery]) -> list[tuple[str, str]]:
    """The files of a delivery that lost something, and what they lost; `earlier` are the deliveries before it."""
    tables = {entity.name: entity for entity in source.entities}
    lost: list[tuple[str, str]] = []
    for file in delivery.files:
        if file.records_rejected * 2 > file.records_read - file.records_blank:
            lost.append((file.name, _most_records(delivery, file)))
        lost += [(file.name, reason) for reason in _undecided_dates(delivery, file, tables[file.entity])]
        columns = _columns(tables[file.entity], file, _no_longer_there(delivery, file, earlier))
        if columns and file.records_landed:
            others = ", ".join(map(visible, file.unmapped_columns[:_FEW]))
            hint = f"; not declared are {others}: is one of them a new name? Declare it as an alias" if others else ""
            lost.append((file.name, f"no record of {file.entity} has {', '.join(columns)}{hint}"))
    return lost


def _most_records(delivery: Delivery, file: SourceFile) -> str:
    from duckhouse.landed_rows import first_rejected

    row, reason, text = first_rejected(delivery.rejected_path(file))
    told = f"{file.records_rejected:,} of {file.records_read:,} records are rejected, the first in row {row}: {reason}"
    is_array = file.format == "jsonl" and text.lstrip().startswith("[")
    return f"{told}; JSONL is one object a line, and this is an array: convert the file" if is_array else told


def _undecided_dates(delivery: Delivery, file: SourceFile, table: Entity) -> Iterator[str]:
    from duckhouse.landed_rows import undecided_date

    for column in table.columns:
        date = undecided_date(delivery.path / file.landed_as, column.name) if column.type == "date" else None
        if date:
            yield (
                f"{column.name} has dates such as {date}, and the others do not tell whether the day or the month is "
                "first; they are read with the day first: have them written as 2026-02-13"
            )


def _columns(table: Entity, file: SourceFile, gone: set[str]) -> list[str]:
    """The missing columns that are a loss: keys; columns that may now have another name (any unknown name for the day
    and the amounts, a similar one for others); and, where records replace earlier ones of their key, columns that files
    like it had before.
    """
    missing = file.missing_columns or ()
    by_any_name = (table.day, *table.keep_last) if file.unmapped_columns else ()
    renamed = {name for name in missing if get_close_matches(name, file.unmapped_columns, 1)}
    lost = {*table.keys, *by_any_name, *renamed, *(gone if table.keys else ())}
    return [name for name in missing if name in lost]


def _no_longer_there(delivery: Delivery, file: SourceFile, earlier: Sequence[Delivery]) -> set[str]:
    """The columns that no file of this table and format has, and that a file of the previous delivery had.

    JSONL records leave out columns without a value, so a missing column means nothing there.
    """
    if file.format == "jsonl":
        return set()
    for each in sorted(earlier, key=lambda each: each.delivered_at, reverse=True):
        before = _in_none(each, file)
        if before is not None and each.delivered_at < delivery.delivered_at:
            return (_in_none(delivery, file) or set()) - before
    return set()


def _in_none(delivery: Delivery, like: SourceFile) -> set[str] | None:
    """The declared columns that no file of this table and format has; None where there is no such file."""
    missing = [
        set(file.missing_columns)
        for file in delivery.files
        if (file.entity, file.format) == (like.entity, like.format) and file.missing_columns is not None
    ]
    return set.intersection(*missing) if missing else None

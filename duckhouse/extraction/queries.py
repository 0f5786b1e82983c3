"""The SQL that selects rows of a table, their hashes and their digests.

Names may contain a percent sign, which psycopg takes for a parameter: so values are written into the SQL instead.
"""

from collections.abc import Iterable

from psycopg import sql

from duckhouse.extraction.ranges import FIRST_KEY, KeySpan
from duckhouse.extraction.tables import SourceTable
from duckhouse.extraction.values import CONVERSIONS, SPELLED, SPELLED_EXACTLY


def rows(table: SourceTable, span: KeySpan) -> sql.Composed:
    """Selects one row of arrays, which is far less work for both sides than one message per row: an array for each
    column, one for _unmapped where the table has extra columns, and one for the hashes; all in the order of the key.
    """
    asked = [_asked(CONVERSIONS[data_type].asked, name) for name, data_type in table.columns.items()]
    asked += [*([unmapped(table)] if table.extra else []), hashed(table)]
    names = [sql.Identifier(f"f{number}") for number in range(len(asked))]
    return sql.SQL("select {} from (select {} from {} as t where {} order by t.{}) as r").format(
        _listed(sql.SQL("array_agg({})").format(name) for name in names),
        _listed(sql.SQL("{} as {}").format(value, name) for value, name in zip(asked, names, strict=True)),
        table.name.identifier,
        _within(table, span),
        sql.Identifier(table.key),
    )


def hashed(table: SourceTable) -> sql.Composed:
    """A 64-bit hash of a row as it lands, computed by PostgreSQL; extra columns that are NULL do not change it."""
    own = sql.SQL("hash_record_extended(row({}), 0)").format(
        _listed(_asked(SPELLED_EXACTLY if name in table.unlike else "{}", name) for name in table.columns)
    )
    if not table.extra:
        return own
    return sql.SQL("({} # coalesce(hashtextextended({}, {}), 0))").format(
        own, unmapped(table), sql.Identifier(table.key)
    )


def unmapped(table: SourceTable) -> sql.Composed:
    """What does not fit in the declared columns, as a JSON object of texts; NULL where everything fits."""
    fields = {
        name: sql.SQL("case when {} then {}::text end").format(_asked(unfit, name), sql.Identifier(name))
        for name, data_type in table.columns.items()
        if (unfit := CONVERSIONS[data_type].unfit)
    }
    fields |= {name: _asked(SPELLED, name) for name in table.extra}
    return sql.SQL(  # arrays, as a function takes no more than 100 arguments
        "nullif(jsonb_strip_nulls(jsonb_object(array[{}]::text[], array[{}]::text[]))::text, '{{}}')"
    ).format(_listed(map(sql.Literal, fields)), _listed(fields.values()))


def unmapped_of(table: SourceTable, keys: Iterable[int]) -> sql.Composed:
    return sql.SQL("select {}, {} from {} where {}").format(
        sql.Identifier(table.key), unmapped(table), table.name.identifier, _among(table, keys)
    )


def spelled(table: SourceTable, keys: Iterable[int]) -> sql.Composed:
    """For each of the keys that exists: the key, the hash of the row, and all its values as the log spells them."""
    return sql.SQL("select {}, {}, {} from {} where {}").format(
        sql.Identifier(table.key),
        hashed(table),
        _listed(_asked(SPELLED, name) for name in table.names),
        table.name.identifier,
        _among(table, keys),
    )


def count(table: SourceTable, span: KeySpan) -> sql.Composed:
    return sql.SQL("select count(*) from {} where {}").format(table.name.identifier, _within(table, span))


def digest(table: SourceTable, span: KeySpan) -> sql.Composed:
    return sql.SQL("select count(*), coalesce(bit_xor({}), 0) from {} where {}").format(
        hashed(table), table.name.identifier, _within(table, span)
    )


def digests(table: SourceTable, span: KeySpan, lows: Iterable[int]) -> sql.Composed:
    """The digests of the parts into which `lows` (ascending) divide a span, by their position."""
    return sql.SQL("select width_bucket({}::bigint, {}), count(*), bit_xor({}) from {} where {} group by 1").format(
        sql.Identifier(table.key), _bigints(lows), hashed(table), table.name.identifier, _within(table, span)
    )


def key_at(table: SourceTable, span: KeySpan, place: int) -> sql.Composed:
    """The key of a span that has a given number of keys below it."""
    return sql.SQL("select {key} from {} where {} order by {key} offset {} limit 1").format(
        table.name.identifier, _within(table, span), place, key=sql.Identifier(table.key)
    )


def _within(table: SourceTable, span: KeySpan) -> sql.Composable:
    key, conditions = sql.Identifier(table.key), []
    if span.low > FIRST_KEY:
        conditions.append(sql.SQL("{} >= {}").format(key, _bigint(span.low)))
    if span.high is not None:
        conditions.append(sql.SQL("{} < {}").format(key, _bigint(span.high)))
    return sql.SQL(" and ").join(conditions) if conditions else sql.SQL("true")


def _among(table: SourceTable, keys: Iterable[int]) -> sql.Composed:
    return sql.SQL("{} = any({})").format(sql.Identifier(table.key), _bigints(keys))


def _bigint(number: int) -> sql.Composed:
    """The lowest key cannot be written as a number: PostgreSQL reads its digits before the sign."""
    return sql.SQL("{}::bigint").format(str(number))


def _bigints(numbers: Iterable[int]) -> sql.Composed:
    return sql.SQL("{}::bigint[]").format(f"{{{','.join(map(str, numbers))}}}")


def _asked(template: str, name: str) -> sql.Composed:
    return sql.SQL(template).format(sql.Identifier(name))


def _listed(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)

"""The SQL that sorts arrived rows into tables: the first message of a key is the reading, others are repeats.

Rows are in the temporary table `arrived`. Those that are not inserted at once go to `rest`, together with the existing
readings of their keys: then the first one in `rest` becomes the reading. One writer at a time runs these statements.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from duckhouse.streaming.rows import PLACE
from duckhouse.streaming.store.shape import alike, listed

NEAR = """"timestamp" >= _consumed_at - interval '366 days' and "timestamp" < _consumed_at + interval '2 days'"""
"""Readings in this range get a partition per day: so a device with a wrong clock cannot create more partitions."""
FAR = f"not ({NEAR})"
WITHIN = " and ".join(f'{row}."timestamp" >= %(first)s and {row}."timestamp" < %(end)s' for row in "rw")
"""A span of days. The planner knows its bounds if the statement is not prepared, and then reads no other day."""
TEMPORARY = """
    create temporary table arrived (like readings_far) on commit delete rows;
    create temporary table rest (like readings_far, is_reading boolean not null default false) on commit delete rows;
    create temporary table refused (like dead_letters) on commit delete rows;
    create temporary table asked (
        number bigint, _topic_id text collate "C", _partition integer, _offset bigint
    ) on commit delete rows;
"""
MISSING = """
    select number from asked as r
    where not exists (select from readings as w where {same_place} and w._offset between %s and %s)
        and not exists (select from reading_repeats as w where {same_place})
        and not exists (select from dead_letters as w where {same_place})
"""
REPAIRED = "delete from dead_letters as w using asked as r where {same_place} returning r.number"
_ORDER = "coalesce({0}._produced_at, 'infinity'), {0}._topic_id, {0}._partition, {0}._offset"
_PLACE = [field.name for field in PLACE]


def asked(query: str) -> sql.Composed:
    """MISSING or REPAIRED: the numbers of the rows in the temporary table `asked`."""
    return sql.SQL(query).format(same_place=_equal(_PLACE))


@dataclass(frozen=True)
class Settling:
    """The statements for readings with these columns and keys."""

    columns: Sequence[str]
    keys: Sequence[str]

    def bring(self, readings: str, table: str) -> sql.Composed:
        """Copies the readings of keys in a temporary table to `rest`. For readings_near see WITHIN."""
        return self._made(
            "insert into rest ({columns}, is_reading) select {of_w}, true from {readings} as w "
            "join (select distinct {keys} from {table} where {condition}) as r using ({keys}) "
            "where {within} and ({of_w_keys}) not in (select {keys} from rest where is_reading)",
            readings=sql.Identifier(readings),
            table=sql.Identifier(table),
            condition=sql.SQL(FAR if table == "arrived" else "not is_reading"),
            within=sql.SQL(WITHIN if readings == "readings_near" else "true"),
        )

    @property
    def place(self) -> sql.Composed:
        """Inserts the first message of each key that has no reading; all other rows go to `rest`."""
        insert = (
            "insert into {table} ({columns}) select {columns} from firsts as r where {condition} "
            "and not exists (select from {other} as w where {same_key}) on conflict do nothing returning {place}"
        )
        near, far = (
            self._made(insert, table=sql.Identifier(table), other=sql.Identifier(other), condition=sql.SQL(condition))
            for table, other, condition in (("readings_near", "readings_far", NEAR), ("readings_far", "rest", FAR))
        )
        return self._made(
            "with firsts as materialized {firsts}, near as ({near}), far as ({far}) "
            "insert into rest ({columns}) select {columns} from arrived "
            "where ({place}) not in (select {place} from near union all select {place} from far)",
            firsts=self._firsts("arrived"),
            near=near,
            far=far,
        )

    @property
    def keep_repeats(self) -> sql.Composed:
        """Stores all but the first as repeats; returns how many of them equal the first, how many differ from it, and
        how many were a reading until now.
        """
        return self._made(
            "with split as materialized (select {of_r}, r.is_reading, {alike} as is_alike from rest as r "
            "join {firsts} as w using ({keys}) where not {same_place}), "
            "kept as (insert into reading_repeats ({columns}) select {columns} from split on conflict do nothing) "
            "select count(*) filter (where is_alike), count(*) filter (where not is_alike), "
            "count(*) filter (where is_reading) from split",
            firsts=self._firsts("rest"),
            alike=alike(self.columns, self.keys),
        )

    def replace(self, readings: str) -> sql.Composed:
        """Makes the first one in `rest` the reading in the place of another. For readings_near see WITHIN."""
        others = [name for name in self.columns if name not in self.keys]
        return self._made(
            "update {readings} as w set ({others}) = row({others_of_r}) from {firsts} as r "
            "where {same_key} and not {same_place} and {within}",
            readings=sql.Identifier(readings),
            others=listed(others),
            others_of_r=listed(others, "r"),
            firsts=self._firsts("rest"),
            within=sql.SQL(WITHIN if readings == "readings_near" else "true"),
        )

    def _made(self, text: str, **others: sql.Composable) -> sql.Composed:
        return sql.SQL(text).format(
            columns=listed(self.columns),
            of_r=listed(self.columns, "r"),
            of_w=listed(self.columns, "w"),
            keys=listed(self.keys),
            of_w_keys=listed(self.keys, "w"),
            place=listed(_PLACE),
            same_key=_equal(self.keys),
            same_place=_equal(_PLACE),
            **others,
        )

    def _firsts(self, table: str) -> sql.Composed:
        """The first message of each key in a temporary table."""
        return sql.SQL("(select distinct on ({keys}) * from {table} as r order by {keys}, {order})").format(
            keys=listed(self.keys, "r"), table=sql.Identifier(table), order=sql.SQL(_ORDER.format("r"))
        )


def _equal(names: Sequence[str]) -> sql.Composed:
    equal = (sql.SQL("{} = {}").format(sql.Identifier("r", name), sql.Identifier("w", name)) for name in names)
    return sql.SQL("({})").format(sql.SQL(" and ").join(equal))

"""The SQL by which rows that arrived find their place: the first message of a key is the reading, others are repeats.

Rows are in the temporary table `arrived`, and those that are not inserted at once in `rest`. Statements run in the
order in which they stand here, by one writer at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from duckhouse.streaming.rows import PLACE
from duckhouse.streaming.store.shape import alike, listed

NEAR = """"timestamp" >= _consumed_at - interval '366 days' and "timestamp" < _consumed_at + interval '2 days'"""
"""Readings of these days have a partition of their day: no device can make more of them, whatever its clock says."""
TEMPORARY = """
    create temporary table arrived (like readings_far) on commit delete rows;
    create temporary table rest (like readings_far) on commit delete rows;
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

    @property
    def place(self) -> sql.Composed:
        """Inserts the first message of each key that has no reading; all other rows go to `rest`."""
        return sql.SQL(
            "with firsts as materialized {firsts}, near as ({near}), far as ({far}) "
            "insert into rest ({columns}) select {columns} from arrived "
            "where ({place}) not in (select {place} from near union all select {place} from far)"
        ).format(
            firsts=self._firsts("arrived"),
            near=self._insert("readings_near", "readings_far", NEAR),
            far=self._insert("readings_far", "readings_near", f"not ({NEAR})"),
            columns=listed(self.columns),
            place=listed(_PLACE),
        )

    @property
    def displace(self) -> sql.Composed:
        """Readings after which a message arrived that is before them."""
        return self._made(
            "insert into rest ({columns}) select {of_w} from {firsts} as r join readings as w using ({keys}) "
            "where {precedes}"
        )

    def replace(self, table: str) -> sql.Composed:
        """Puts those messages in their place."""
        return self._made(
            "update {table} as w set ({others}) = row({others_of_r}) from {firsts} as r "
            "where {same_key} and {precedes}",
            table,
        )

    @property
    def keep_repeats(self) -> sql.Composed:
        """Keeps all others; how many of them say the same as the reading, and how many something else."""
        return self._made(
            "with split as materialized (select {of_r}, {alike} as is_alike from rest as r "
            "join readings as w using ({keys}) where {elsewhere}), "
            "kept as (insert into reading_repeats ({columns}) select {columns} from split on conflict do nothing) "
            "select count(*) filter (where is_alike), count(*) filter (where not is_alike) from split"
        )

    def _insert(self, table: str, other: str, condition: str) -> sql.Composed:
        return sql.SQL(
            "insert into {table} ({columns}) select {columns} from firsts as r where {condition} "
            "and not exists (select from {other} as w where {same_key}) on conflict do nothing returning {place}"
        ).format(
            table=sql.Identifier(table),
            other=sql.Identifier(other),
            condition=sql.SQL(condition),
            columns=listed(self.columns),
            same_key=_equal(self.keys),
            place=listed(_PLACE),
        )

    def _made(self, text: str, table: str = "readings") -> sql.Composed:
        others = [name for name in self.columns if name not in self.keys]
        return sql.SQL(text).format(
            table=sql.Identifier(table),
            columns=listed(self.columns),
            of_r=listed(self.columns, "r"),
            of_w=listed(self.columns, "w"),
            others=listed(others),
            others_of_r=listed(others, "r"),
            keys=listed(self.keys),
            alike=alike(self.columns, self.keys),
            firsts=self._firsts("rest"),
            same_key=_equal(self.keys),
            elsewhere=sql.SQL("not ({})").format(_equal(_PLACE)),
            precedes=sql.SQL(f"({_ORDER.format('r')}) < ({_ORDER.format('w')})"),
        )

    def _firsts(self, table: str) -> sql.Composed:
        """The first message of each key in a temporary table."""
        return sql.SQL("(select distinct on ({keys}) * from {table} as r order by {keys}, {order})").format(
            keys=listed(self.keys, "r"), table=sql.Identifier(table), order=sql.SQL(_ORDER.format("r"))
        )


def _equal(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(" and ").join(
        sql.SQL("{} = {}").format(sql.Identifier("r", name), sql.Identifier("w", name)) for name in names
    )

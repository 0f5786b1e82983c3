"""The replication slot from which changes are read: made, found whole or lost, advanced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from duckhouse.cli import UserError
from duckhouse.extraction.database import Database

PUBLICATION = "duckhouse"
PLUGIN = "pgoutput"
MESSAGES_AT_A_TIME = 10_000
SECONDS_TO_CREATE = 60
NOT_THERE = "is not there"
# the tables of whose updated and deleted rows the log does not carry the id
_NAMELESS = """
    select listed.name
    from unnest(%s::text[]) as listed (name)
    join pg_class on pg_class.oid = to_regclass(quote_ident(listed.name))
    where relreplident <> 'f' and not exists (
        select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
        where indrelid = pg_class.oid and indnkeyatts = 1 and attname = 'id'
        and case relreplident when 'd' then indisprimary else indisreplident end
    )
"""
_UNPUBLISHED = """
    select listed.name
    from unnest(%(tables)s::text[]) as listed (name)
    where not exists (
        select from pg_publication_tables
        where pubname = %(publication)s and rowfilter is null
        and to_regclass(format('%%I.%%I', schemaname, tablename)) = to_regclass(quote_ident(listed.name))
        and cardinality(attnames) = (
            select count(*) from pg_attribute
            where attrelid = to_regclass(quote_ident(listed.name)) and attnum > 0
            and not attisdropped and attgenerated = ''
        )
    )
"""
_VERSION = """
    select string_agg(concat(parts.oid, '.', parts.xmin), ' ' order by parts.oid)
    from pg_publication
    cross join lateral (
        select pg_publication.oid, pg_publication.xmin
        union all select oid, xmin from pg_publication_rel where prpubid = pg_publication.oid
        union all select oid, xmin from pg_publication_namespace where pnpubid = pg_publication.oid
    ) as parts
    where pubname = %(publication)s
"""


@dataclass(frozen=True)
class Slot:
    """A slot of a database, by name."""

    database: Database
    name: str

    def publish(self, tables: Sequence[str]) -> str:
        """Makes the publication of the tables where there is none; a text that changes whenever somebody changes it.

        Raises UserError where the log would not tell every change of the tables.
        """
        with self.database.connect(autocommit=True) as connection:
            nameless = connection.execute(_NAMELESS, [list(tables)]).fetchone()
            if nameless:
                raise UserError(
                    f"{self.database.address}: the log would not tell which rows of {nameless[0]} change: alter table "
                    f"{nameless[0]} add primary key (id), or replica identity default"
                )
            found = connection.execute(
                "select pubinsert and pubupdate and pubdelete and pubtruncate from pg_publication where pubname = %s",
                [PUBLICATION],
            ).fetchone()
            if found is None:
                names = sql.SQL(", ").join(map(sql.Identifier, tables))
                query = sql.SQL("create publication {} for table {}").format(sql.Identifier(PUBLICATION), names)
                connection.execute(query)
            missing = connection.execute(_UNPUBLISHED, {"tables": list(tables), "publication": PUBLICATION}).fetchone()
            if missing or found == (False,):
                what = f"does not publish all of {missing[0]}" if missing else "does not publish every operation"
                raise UserError(
                    f"{self.database.address}: publication {PUBLICATION} {what}: drop publication {PUBLICATION}, and "
                    "run again, which makes it anew and compares every row"
                )
            return connection.execute(_VERSION, {"publication": PUBLICATION}).fetchone()[0]

    def fault(self, confirmed: str | None, *, is_published: bool) -> str | None:
        """Why changes since `confirmed` cannot be had from the slot; None where they can. `is_published` says that the
        publication stayed as it was since then.
        """
        with self.database.connect(autocommit=True) as connection:
            row = connection.execute(
                "select plugin, database = current_database(), active_pid, wal_status, "
                "confirmed_flush_lsn > %s::pg_lsn from pg_replication_slots where slot_name = %s",
                [confirmed, self.name],
            ).fetchone()
        if row is None:
            return NOT_THERE
        plugin, is_ours, reader, status, is_ahead = row
        if plugin != PLUGIN or not is_ours:
            raise UserError(f"{self.database.address}: slot {self.name} is not ours: name another one with --slot")
        if reader is not None:
            raise UserError(f"{self.database.address}: slot {self.name} is read by process {reader}: wait for its end")
        if status == "lost":
            return "has lost the log that it needs"
        if confirmed is None:
            return "is not of these deliveries"
        if is_ahead:
            return "was read by somebody else"
        return None if is_published else f"misses changes, as publication {PUBLICATION} was changed"

    def create(self) -> str:
        """Makes the slot anew; where its stream begins. Transactions that are open now must end first."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [self.name]
            )
            connection.execute(f"set statement_timeout = '{SECONDS_TO_CREATE}s'")
            try:
                row = connection.execute(
                    "select lsn::text from pg_create_logical_replication_slot(%s, %s)", [self.name, PLUGIN]
                ).fetchone()
            except psycopg.errors.QueryCanceled:
                raise UserError(
                    f"{self.database.address}: slot {self.name} cannot be made while a transaction is open, "
                    f"{SECONDS_TO_CREATE} seconds were waited: end it (see pg_stat_activity) and run again"
                ) from None
        return row[0]

    def flush(self) -> str:
        """Brings the log of all that is committed to the disk, from where it can be decoded; its end."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute("set synchronous_commit = on")
            connection.execute("select pg_logical_emit_message(true, 'duckhouse', '')")
            return connection.execute("select pg_current_wal_flush_lsn()::text").fetchone()[0]

    def stream(self) -> Iterator[bytes]:
        """The messages of all that is committed and not confirmed; they stay in the slot."""
        with (
            self.database.connect() as connection,
            connection.cursor("changes", binary=True) as cursor,
        ):
            cursor.itersize = MESSAGES_AT_A_TIME
            cursor.execute(
                "select data from pg_logical_slot_peek_binary_changes"
                "(%s, null, null, 'proto_version', '1', 'publication_names', %s)",
                [self.name, PUBLICATION],
            )
            for (data,) in cursor:
                yield data

    def confirm(self, position: str) -> None:
        """Lets the server forget what precedes the position."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute(
                "select pg_replication_slot_advance(slot_name, %s::pg_lsn) from pg_replication_slots "
                "where slot_name = %s and confirmed_flush_lsn < %s::pg_lsn",
                [position, self.name, position],
            )

    def lag(self, position: str) -> int:
        """Bytes of log behind the position."""
        with self.database.connect(autocommit=True) as connection:
            query = "select greatest(0, pg_current_wal_flush_lsn() - %s::pg_lsn)::bigint"
            return connection.execute(query, [position]).fetchone()[0]

    def kept(self) -> int | None:
        """Bytes of log that the server keeps for the slot; None where it is not there."""
        with self.database.connect(autocommit=True) as connection:
            row = connection.execute(
                "select (pg_current_wal_flush_lsn() - restart_lsn)::bigint from pg_replication_slots "
                "where slot_name = %s and restart_lsn is not null",
                [self.name],
            ).fetchone()
        return row and row[0]


def lsn(position: int) -> str:
    """As PostgreSQL writes a position in its log."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"

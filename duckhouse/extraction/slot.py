"""The replication slot from which changes are read: created, checked, advanced."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from duckhouse.cli import UserError
from duckhouse.extraction.database import Database, only_row

PLUGIN = "pgoutput"
MESSAGES_AT_A_TIME = 10_000
SECONDS_TO_CREATE = 60
NOT_THERE = "is not there"


@dataclass(frozen=True)
class Slot:
    """A named slot of a database, and the publication that says which tables it reports."""

    database: Database
    name: str
    publication: str

    def fault(self, confirmed: str | None, *, is_published: bool) -> str | None:
        """Why the slot cannot deliver the changes since `confirmed`; None where it can. `is_published` says that the
        publication has not changed since then.
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
        return None if is_published else f"misses changes, as publication {self.publication} was changed"

    def create(self) -> str:
        """Recreates the slot; returns where its stream begins. Transactions that are open now must end first."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute(
                "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [self.name]
            )
            connection.execute(f"set statement_timeout = '{SECONDS_TO_CREATE}s'")
            try:
                create = "select lsn::text from pg_create_logical_replication_slot(%s, %s)"
                start: str = only_row(connection, create, self.name, PLUGIN)[0]
            except psycopg.errors.QueryCanceled:
                raise UserError(
                    f"{self.database.address}: slot {self.name} cannot be made while a transaction is open, "
                    f"{SECONDS_TO_CREATE} seconds were waited: end it (see pg_stat_activity) and run again"
                ) from None
        return start

    def flush(self) -> str:
        """Writes the log of all committed transactions to disk, so that it can be decoded; returns its end."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute("set synchronous_commit = on")
            connection.execute("select pg_logical_emit_message(true, 'duckhouse', '')")
            end: str = only_row(connection, "select pg_current_wal_flush_lsn()::text")[0]
        return end

    def stream(self) -> Iterator[bytes]:
        """The messages of all transactions that are committed and not confirmed; they stay in the slot."""
        with (
            self.database.connect() as connection,
            connection.cursor("changes", binary=True) as cursor,
        ):
            cursor.itersize = MESSAGES_AT_A_TIME
            cursor.execute(
                "select data from pg_logical_slot_peek_binary_changes"
                "(%s, null, null, 'proto_version', '1', 'publication_names', %s)",
                [self.name, self.publication],
            )
            for (data,) in cursor:
                yield data

    def confirm(self, position: str) -> None:
        """Lets the server discard everything before the position."""
        with self.database.connect(autocommit=True) as connection:
            connection.execute(
                "select pg_replication_slot_advance(slot_name, %s::pg_lsn) from pg_replication_slots "
                "where slot_name = %s and confirmed_flush_lsn < %s::pg_lsn",
                [position, self.name, position],
            )

    def lag(self, position: str) -> int:
        """Bytes of log after the position."""
        with self.database.connect(autocommit=True) as connection:
            query = "select greatest(0, pg_current_wal_flush_lsn() - %s::pg_lsn)::bigint"
            behind: int = only_row(connection, query, position)[0]
        return behind

    def kept(self) -> int | None:
        """Bytes of log that the server keeps for the slot; None where the slot does not exist."""
        with self.database.connect(autocommit=True) as connection:
            row = connection.execute(
                "select (pg_current_wal_flush_lsn() - restart_lsn)::bigint from pg_replication_slots "
                "where slot_name = %s and restart_lsn is not null",
                [self.name],
            ).fetchone()
        return row[0] if row else None


def lsn(position: int) -> str:
    """A position in the log as PostgreSQL writes it."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"

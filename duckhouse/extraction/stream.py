"""What changed since the last delivery, read from the write-ahead log: every change, in the order of commits.

A delivery holds the transactions that its snapshot sees and that the previous delivery's snapshot does not. So
deliveries have no gap or overlap, whatever the slot sends again, and however earlier deliveries found their changes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from duckhouse.extraction.followed import FollowedTable
from duckhouse.extraction.pgoutput import Begin, Commit, Delete, Message, Truncate, Upsert, messages
from duckhouse.extraction.slot import Slot, lsn
from duckhouse.extraction.snapshot import Snapshot
from duckhouse.extraction.tables import TableName


def follow(slot: Slot, tables: Iterable[FollowedTable], previous: Snapshot, current: Snapshot) -> str | None:
    """Writes the changes of the transactions that the current snapshot sees and the previous one does not.

    Returns the position up to which the slot may forget once the delivery is committed; None where it must keep all.
    """
    by_name = {followed.table.name: followed for followed in tables}
    keys = {name: followed.table.key for name, followed in by_name.items()}
    end_of_log = slot.flush()
    confirmed: str | None = None
    waits = False
    for transaction in _transactions(messages(slot.stream(), keys)):
        is_seen = current.sees(transaction.begin.xid)
        if is_seen and not previous.sees(transaction.begin.xid):
            for change in transaction.changes:
                _apply(change, by_name, transaction.begin)
        else:
            for _ in transaction.changes:
                pass
        waits = waits or not is_seen
        if not waits:
            confirmed = lsn(transaction.end)
    for followed in by_name.values():
        followed.flush()
    return confirmed if waits else max(filter(None, (confirmed, end_of_log)), key=_position)


@dataclass
class _Transaction:
    begin: Begin
    changes: Iterator[Message]
    end: int = 0


def _transactions(stream: Iterator[Message]) -> Iterator[_Transaction]:
    """The transactions of the log; read all changes of one before taking the next."""
    for message in stream:
        if isinstance(message, Begin):
            transaction = _Transaction(message, iter(()))
            transaction.changes = _until_commit(stream, transaction)
            yield transaction


def _until_commit(stream: Iterable[Message], transaction: _Transaction) -> Iterator[Message]:
    for message in stream:
        if isinstance(message, Commit):
            transaction.end = message.end
            return
        yield message


def _apply(change: Message, tables: Mapping[TableName, FollowedTable], begin: Begin) -> None:
    """A publication may hold other tables too."""
    if isinstance(change, Truncate):
        for name in change.tables:
            if name in tables:
                tables[name].truncate(begin.at)
    elif isinstance(change, Upsert) and change.table in tables:
        tables[change.table].upsert(change, begin.at)
    elif isinstance(change, Delete) and change.table in tables:
        tables[change.table].delete(change, begin.at)


def _position(text: str) -> int:
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)

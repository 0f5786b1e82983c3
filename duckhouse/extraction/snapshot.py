"""PostgreSQL's snapshots: which transactions a snapshot sees."""

from dataclasses import dataclass

XID_BITS = 32


@dataclass(frozen=True)
class Snapshot:
    """The result of pg_current_snapshot(): xmin:xmax:transactions in progress, all 64-bit."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.running)))}"

    def sees(self, xid: int) -> bool:
        """Whether the snapshot sees the committed transaction `xid`, of which the log keeps the lower 32 bits."""
        full = (self.xmax & ~(2**XID_BITS - 1)) | xid
        if full - self.xmax > 2 ** (XID_BITS - 1):
            full -= 2**XID_BITS
        elif self.xmax - full > 2 ** (XID_BITS - 1):
            full += 2**XID_BITS
        return full < self.xmin or (full < self.xmax and full not in self.running)

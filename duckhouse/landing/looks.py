"""When sources were last checked for data. Each zone keeps the time in a file, which dbt source freshness reads too.

A look is a run that landed a delivery, or that succeeded and found nothing new.
"""

from datetime import datetime
from pathlib import Path

LOOK = "looked_at.txt"


def looks_in(landing: Path) -> dict[str, datetime]:
    """The last look at each source of a landing zone; sources without a readable one are left out."""
    found = {path.parent.name: look_of(path) for path in sorted(landing.glob(f"*/{LOOK}"))}
    return {source: looked_at for source, looked_at in found.items() if looked_at}


def look_of(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(path.read_text(encoding="utf-8"))
    except ValueError:
        return None

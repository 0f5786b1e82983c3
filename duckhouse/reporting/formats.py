"""How figures are written: money, shares, counts and times. A missing figure is an empty text."""

from datetime import datetime
from decimal import Decimal

SIGNS = {"USD": "$"}


def dollars(amount: Decimal | None) -> str:
    return money(amount, "USD")


def money(amount: Decimal | None, currency: str | None) -> str:
    """An amount to the hundredth, an amount below 1 to the millionth, with its ISO currency."""
    if amount is None:
        return ""
    unit = SIGNS.get(currency or "") or (f"{currency} " if currency else "")
    digits = 2 if abs(amount) >= 1 or amount == 0 else 6
    return f"{'-' if amount < 0 else ''}{unit}{abs(amount):,.{digits}f}"


def change(amount: Decimal | None) -> str:
    """A difference in dollars, with its sign, to the micro-dollar."""
    return f"+{exact(amount)}" if amount is not None and amount >= 0 else exact(amount)


def exact(amount: Decimal | None) -> str:
    """An amount in dollars, to the micro-dollar."""
    return "" if amount is None else f"{'-' if amount < 0 else ''}${abs(amount):,.6f}"


def count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def counted(number: int, one: str, several: str = "") -> str:
    """A count with its noun: 1 record, 2 records."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def percent(fraction: float | Decimal | None, digits: int = 1) -> str:
    return "" if fraction is None else f"{fraction:.{digits}%}"


def share(part: int, whole: int) -> str:
    return percent(part / whole, 2) if whole else "none"


def moment(at: datetime | None) -> str:
    """A time in UTC, to the minute."""
    return "" if at is None else at.isoformat(sep=" ", timespec="minutes")


def words(name: str | None) -> str:
    """A name of the warehouse as people write it: ad_serving is ad serving."""
    return (name or "").strip("_").replace("_", " ")


def named(name: str | None, key: str | None) -> str:
    """A name; the key of what no delivery describes."""
    return name or (f"{key} (unknown)" if key else "(none)")

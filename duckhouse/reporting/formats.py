"""How figures are written: money, shares, counts and times. A missing figure is an empty text."""

from decimal import Decimal

from duckhouse.wording import counted as counted
from duckhouse.wording import duration as duration
from duckhouse.wording import moment as moment
from duckhouse.wording import words as words

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


def percent(fraction: float | Decimal | None, digits: int = 1) -> str:
    return "" if fraction is None else f"{fraction:.{digits}%}"


def share(part: int, whole: int) -> str:
    return percent(part / whole, 2) if whole else "none"


def named(name: str | None, key: str | None) -> str:
    """A name; the key of what no delivery describes."""
    return name or (f"{key} (unknown)" if key else "(none)")

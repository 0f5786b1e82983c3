"""What a period of the dashboard is compared with."""

from datetime import date

import pytest

from dashboard.filters import as_many_before


def january(day: int) -> date:
    return date(2026, 1, day)


@pytest.mark.parametrize(
    ("begin", "end", "before"),
    [
        (8, 14, (1, 7)),
        (7, 13, None),
        (2, 2, (1, 1)),
        (1, 1, None),
        (20, 26, (13, 19)),
    ],
)
def test_a_period_is_compared_with_as_many_days_where_all_are_known(
    begin: int, end: int, before: tuple[int, int] | None
) -> None:
    """The first day that is known is the first of January."""
    expected = before and (january(before[0]), january(before[1]))
    assert as_many_before(january(begin), january(end), january(1)) == expected

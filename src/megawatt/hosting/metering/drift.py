"""Two meters on one energy: within the tolerance the billing meter stands, outside it is a dispute; drift shows early.

Two meters never agree. Meters of classes c1 and c2 may differ by ``sqrt(c1^2 + c2^2)`` without either being wrong: 0.28 %
for two of class 0.2. A drift stays within that for weeks, so the daily difference is also summed up (CUSUM, Page 1954):

``S+ = max(0, S+ + x - reference - slack)``, and likewise downwards; above ``alarm`` the difference has moved.

The reference is the median of the first week: what the two differed by when both were last trusted. The sum answers
a jump of some tenths of a percent within days; what it costs in false alarms is measured in the tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from megawatt.core.errors import InputError
from megawatt.hosting.metering.register import Intervals

DAY = 86_400
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Band:
    """How far two meters may differ.

    Attributes:
        tolerance_ppm: Largest difference of a day [millionths of the billed energy].
        slack_ppm: Daily difference from the reference that the drift test lets pass.
        alarm_ppm: Sum of what is beyond it at which the drift test alarms.
    """

    tolerance_ppm: int = 2828
    slack_ppm: int = 400
    alarm_ppm: int = 2500

    def __post_init__(self) -> None:
        if min(self.tolerance_ppm, self.slack_ppm, self.alarm_ppm) < 0:
            raise InputError(f"{self}", "its limits are at least 0 ppm", "Write 2828 for 0.2828 %.")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two meters say of the same days.

    Attributes:
        difference_ppm: Per day, (check - billing) / billing; None where a meter has gaps or nothing was billed.
        outside: Days beyond the tolerance.
        drift: First day on which the drift test alarms, or None.
    """

    difference_ppm: tuple[float | None, ...]
    outside: tuple[int, ...]
    drift: int | None


def compare(billing: Intervals, check: Intervals, *, interval_seconds: int, band: Band) -> Comparison:
    """Compare two meters day by day; a day is 24 hours from the first interval on.

    Args:
        billing: Intervals of the meter that is billed.
        check: Intervals of the other meter, of the same time.
        interval_seconds: Length of an interval [s].
        band: How far they may differ.
    """
    size = DAY // interval_seconds
    days: list[float | None] = []
    for start in range(0, len(billing.amounts) - size + 1, size):
        day = slice(start, start + size)
        whole = billing.present[day].all() and check.present[day].all()
        billed = int(billing.amounts[day].sum())
        difference = int(check.amounts[day].sum()) - billed
        days.append(1e6 * difference / billed if whole and billed else None)
    outside = tuple(day for day, x in enumerate(days) if x is not None and abs(x) > band.tolerance_ppm)
    return Comparison(tuple(days), outside, first_alarm(days, band))


def first_alarm(difference_ppm: Sequence[float | None], band: Band) -> int | None:
    """The first day on which the sum of differences from the reference leaves the band, or None; days without pass."""
    known = [x for x in difference_ppm if x is not None and np.isfinite(x)]
    if len(known) <= _WEEK:
        return None
    reference = median(known[:_WEEK])
    up = down = 0.0
    for day, x in enumerate(difference_ppm):
        if x is None:
            continue
        up = max(0.0, up + x - reference - band.slack_ppm)
        down = max(0.0, down - x + reference - band.slack_ppm)
        if max(up, down) > band.alarm_ppm:
            return day
    return None

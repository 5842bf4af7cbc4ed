"""Two meters on one energy: what the tolerance and the drift test find, how late, and how often for nothing."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.hosting.metering.drift import Band, Comparison, compare
from megawatt.hosting.metering.register import Intervals, Kind

BAND = Band()
DAYS = 90


def meters(seed: int, bias_ppm: float, *, since: int = 30) -> tuple[Intervals, Intervals]:
    """Hourly Wh of a 20 MW hall, and of a check meter with daily noise of 0.02 % that drifts off from a day on."""
    rng = np.random.default_rng(seed)
    wh = rng.integers(18_000_000, 20_000_000, 24 * DAYS)
    offset = np.repeat(
        np.where(np.arange(DAYS) < since, 0, bias_ppm) + rng.normal(0, 200, DAYS) + rng.normal(0, 500), 24
    )
    kinds = np.full(len(wh), Kind.MEASURED, dtype=np.int8)
    return Intervals(wh, kinds), Intervals(np.round(wh * (1 + offset / 1e6)).astype(np.int64), kinds)


def compared(seed: int, bias_ppm: float) -> Comparison:
    billing, check = meters(seed, bias_ppm)
    return compare(billing, check, interval_seconds=3600, band=BAND)


def test_two_sound_meters_differ_without_alarm() -> None:
    """Held-out seeds: at most 2 of 200 quarters alarm for nothing, and no day is outside."""
    found = [compared(seed, 0) for seed in range(1000, 1200)]
    assert sum(one.drift is not None for one in found) <= 2
    assert not any(one.outside for one in found)


@pytest.mark.parametrize(("bias_ppm", "days"), [(1000, 12), (-1000, 12), (2000, 5), (5000, 2)])
def test_a_drift_is_found_within_days(bias_ppm: float, days: int) -> None:
    """0.1 % stays within the tolerance of two meters of class 0.2 for ever; the sum of differences finds it."""
    delays = [
        one.drift - 30 for one in (compared(seed, bias_ppm) for seed in range(2000, 2050)) if one.drift is not None
    ]
    assert len(delays) == 50
    assert min(delays) >= 0
    assert np.quantile(delays, 0.95) <= days


def test_a_day_beyond_the_tolerance_is_named() -> None:
    billing, check = meters(1, 0)
    check.amounts[24 * 5] += 3000 * int(billing.amounts[24 * 5 : 24 * 6].sum()) // 1_000_000 + 1000 * 10**6
    assert compare(billing, check, interval_seconds=3600, band=BAND).outside == (5,)


def test_a_day_with_a_gap_or_without_energy_is_not_compared() -> None:
    billing, check = meters(1, 0)
    check.kinds[24 * 3] = Kind.MISSING
    billing.amounts[24 * 4 : 24 * 5] = 0
    found = compare(billing, check, interval_seconds=3600, band=BAND)
    assert [day for day, x in enumerate(found.difference_ppm) if x is None] == [3, 4]


def test_a_band_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match="at least 0"):
        Band(tolerance_ppm=-1)

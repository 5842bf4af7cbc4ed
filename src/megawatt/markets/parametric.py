"""Parametric tests of a mean abnormal return.

Each function takes a `Panel` and a range of days relative to the event, and returns a `Statistic`. What each one assumes:

=================  =====================================================================================
brown_warner_1980  assets independent, variance of the estimation days holds
brown_warner_1985  dependence between assets allowed, variance holds
cross_section      variance of the event day itself, assets independent and of equal variance
patell             assets independent, each standardised, variance holds
bmp                as Patell, but the variance of the event day itself (Boehmer, Musumeci, Poulsen 1991)
kolari_pynnonen    as BMP, corrected for correlation between assets (Kolari, Pynnonen 2010)
lamb               the equal-weighted portfolio's forecast error (Lamb 1995)
=================  =====================================================================================

References: Brown, Warner (1980) JFE 8:205-258, (1985) JFE 14:3-31; Patell (1976) JAR 14:246-276; Boehmer, Musumeci, Poulsen
(1991) JFE 30:253-272; Lamb (1995) JRI 62:111-123; Kolari, Pynnonen (2010) RFS 23:3996-4025.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from megawatt.core.series import Floats
from megawatt.markets.normal import Panel


@dataclass(frozen=True, slots=True)
class Statistic:
    """Outcome of a test of 'no mean abnormal return'.

    Attributes:
        test: Name of the test.
        value: Test statistic; NaN where the test needs more events than there are.
        p_value: Two-sided p-value; 1 where the statistic is not defined.
        estimate: Mean cumulative abnormal return [log return].
        n: Events.
        method: How the p-value was made.
    """

    test: str
    value: float
    p_value: float
    estimate: float
    n: int
    method: str


def brown_warner_1980(panel: Panel, first: int, last: int) -> Statistic:
    """Mean CAR over sqrt(L sum s_i^2) / N: no dependence between assets."""
    length = last - first + 1
    sd = math.sqrt(length * float(np.sum(panel.residual_sd**2))) / panel.n_events
    return by_normal("Brown-Warner 1980", panel.cumulative(first, last), sd)


def brown_warner_1985(panel: Panel, first: int, last: int) -> Statistic:
    """Mean CAR over sqrt(L) x the sd of the mean residual through time: crude adjustment for dependence."""
    daily = np.nanmean(panel.estimation, axis=0)
    sd = math.sqrt(last - first + 1) * float(np.std(daily[np.isfinite(daily)], ddof=1))
    return by_normal("Brown-Warner 1985", panel.cumulative(first, last), sd)


def cross_section(panel: Panel, first: int, last: int) -> Statistic:
    """Student's t of the CARs: variance of the event itself."""
    return by_student("cross-sectional t", panel.cumulative(first, last), panel.cumulative(first, last))


def patell(panel: Panel, first: int, last: int) -> Statistic:
    """Sum of standardised CARs over sqrt(sum (n_i - p) / (n_i - p - 2)), the variance of Student's t."""
    scar = panel.standardised(first, last)
    df = panel.days_used - panel.parameters
    z = float(np.sum(scar) / math.sqrt(float(np.sum(df / (df - 2)))))
    return Statistic("Patell", z, normal_p(z), _mean(panel, first, last), panel.n_events, "normal")


def bmp(panel: Panel, first: int, last: int) -> Statistic:
    """Student's t of the standardised CARs: robust to variance that the event itself brings."""
    return by_student("BMP", panel.standardised(first, last), panel.cumulative(first, last))


def kolari_pynnonen(panel: Panel, first: int, last: int, event_days: NDArray[np.datetime64] | None = None) -> Statistic:
    """BMP x sqrt((1 - r) / (1 + (N - 1) r)), r the mean correlation between the residuals of two events.

    Args:
        panel: Abnormal returns.
        first: First day.
        last: Last day.
        event_days: Day 0 of each event, shape (N,). Two events of different days are taken as uncorrelated; without
            ``event_days`` all are of one day.
    """
    base = bmp(panel, first, last)
    r = mean_correlation(panel.estimation, event_days)
    n = panel.n_events
    if n < 2 or not 1 + (n - 1) * r > 0:
        return Statistic("Kolari-Pynnonen", math.nan, 1.0, base.estimate, n, "not defined for these events")
    t = base.value * math.sqrt((1 - r) / (1 + (n - 1) * r))
    return Statistic("Kolari-Pynnonen", t, student_p(t, n - 1), base.estimate, n, f"Student, mean correlation {r:.3f}")


def lamb(panel: Panel, first: int, last: int) -> Statistic:
    """The equal-weighted portfolio's CAR over its own forecast sd, with the leverage of the factors.

    For assets with the same estimation days this is the t-value of a dummy for the event in the regression of the
    portfolio on the factors: a second derivation that a test carries out.
    """
    daily = np.nanmean(panel.estimation, axis=0)
    daily = daily[np.isfinite(daily)]
    df = daily.size - panel.parameters
    at = panel.columns(first, last)
    scale = (at.stop - at.start) + float(np.mean(panel.leverage[:, at, at].sum(axis=(1, 2))))
    mean = _mean(panel, first, last)
    t = mean / math.sqrt(float(np.sum(daily**2)) / df * scale)
    return Statistic("Lamb", t, student_p(t, df), mean, panel.n_events, f"Student, {df} degrees of freedom")


def mean_correlation(residuals: Floats, event_days: NDArray[np.datetime64] | None = None) -> float:
    """Mean over all pairs of events of the correlation of their residuals; zero for events of different days.

    Residuals have mean zero by construction, so r_ij = sum e_i e_j / sqrt(sum e_i^2 sum e_j^2) over the days both have.
    """
    n = residuals.shape[0]
    if n < 2:
        return 0.0
    have = np.isfinite(residuals).astype(np.float64)
    e = np.where(have > 0, residuals, 0.0)
    squares = (e**2) @ have.T
    scale = np.sqrt(squares * squares.T)
    r = np.divide(e @ e.T, scale, out=np.zeros((n, n)), where=scale > 0)
    if event_days is not None:
        r = np.where(event_days[:, None] == event_days[None, :], r, 0.0)
    return float((np.sum(r) - np.trace(r)) / (n * (n - 1)))


def by_normal(test: str, car: Floats, sd: float) -> Statistic:
    """Mean CAR over a given sd, against the normal distribution."""
    z = float(np.mean(car)) / sd
    return Statistic(test, z, normal_p(z), float(np.mean(car)), car.size, "normal")


def by_student(test: str, sample: Floats, car: Floats) -> Statistic:
    """Mean over sd / sqrt(N) of ``sample``, against Student with N - 1; not defined for one event."""
    n = sample.size
    estimate = float(np.mean(car))
    sd = float(np.std(sample, ddof=1)) if n > 1 else 0.0
    if sd <= 1e-12 * (1 + abs(estimate)):
        # Copies of one event carry no information on the spread: an infinite t would be an error of the input.
        return Statistic(test, math.nan, 1.0, estimate, n, "not defined for one event or equal ones")
    t = float(np.mean(sample)) / (sd / math.sqrt(n))
    return Statistic(test, t, student_p(t, n - 1), estimate, n, f"Student, {n - 1} degrees of freedom")


def normal_p(z: float) -> float:
    """Two-sided p-value of a standard normal variable."""
    return float(2 * special.ndtr(-abs(z)))


def student_p(t: float, df: float) -> float:
    """Two-sided p-value of Student's t."""
    return float(2 * special.stdtr(df, -abs(t)))


def _mean(panel: Panel, first: int, last: int) -> float:
    return float(np.mean(panel.cumulative(first, last)))

"""Tests from ranks and signs: they ask no normal distribution of the returns.

A day's score of an asset is its rank, or its sign, among all its days (estimation and window). Under 'no effect' the event's
day is like any other day, so the spread of the daily mean score through time is the yardstick: dependence between
assets is inside it.

References: Corrado (1989) JFE 23:385-395; Corrado, Zivney (1992) JFQA 27:465-478; Cowan (1992) RQFA 2:343-358; Wilcoxon (1945).
"""

import math

import numpy as np
from scipy import stats

from megawatt.core.series import Floats
from megawatt.markets.normal import Panel, Quirk
from megawatt.markets.parametric import Statistic, normal_p

NORMAL_FROM = 5
"""Below this number of events the mean score is far from normal, and the p-value is the share of days as extreme."""


def rank(panel: Panel, first: int, last: int) -> Statistic:
    """Corrado's rank test: score = rank less mean rank."""
    ranks, n = _ranks(_all_days(panel))
    return _by_scores("Corrado rank", panel, ranks - (n[:, None] + 1) / 2, first, last, missing_power=1.0)


def modified_rank(panel: Panel, first: int, last: int) -> Statistic:
    """Corrado-Zivney's rank test for missing returns: score = rank / (1 + days of the asset) - 1/2."""
    ranks, n = _ranks(_all_days(panel))
    return _by_scores("modified rank", panel, ranks / (1 + n[:, None]) - 0.5, first, last, missing_power=0.5)


def rank_standardised(panel: Panel, first: int, last: int) -> Statistic:
    """Corrado-Zivney's guard against variance that the event brings.

    Each return is over its own sd, and on the window's days also over the sd across assets of that day, so that a wider
    spread alone moves no rank. A value over an estimated sd has the variance (n - 1) / (n - 3), which is divided out: without
    it the test rejects 6.5 % in place of 5 % for ten events.
    """
    z = _all_days(panel) / panel.residual_sd[:, None]
    if panel.n_events >= NORMAL_FROM:
        days = panel.window.shape[1]
        n_events = panel.n_events
        z[:, -days:] /= np.std(z[:, -days:], axis=0, ddof=1) * math.sqrt((n_events - 1) / (n_events - 3))
    ranks, n = _ranks(z)
    return _by_scores("standardised rank", panel, ranks / (1 + n[:, None]) - 0.5, first, last, missing_power=0.5)


def corrado_sign(panel: Panel, first: int, last: int) -> Statistic:
    """Corrado-Zivney's sign test: score = sign of the return less the asset's median."""
    ar = _all_days(panel)
    return _by_scores(
        "Corrado sign", panel, np.sign(ar - np.nanmedian(ar, axis=1, keepdims=True)), first, last, missing_power=0.5
    )


def sign(panel: Panel, first: int, last: int) -> Statistic:
    """Binomial sign test against one half."""
    return _sign_test("sign", panel, 0.5, first, last)


def generalised_sign(panel: Panel, first: int, last: int) -> Statistic:
    """Cowan's sign test against the share of positive days in the estimation window."""
    positive = np.nansum(panel.estimation > 0, axis=1).astype(np.float64)
    share = float(np.mean(positive / panel.days_used))
    if Quirk.POOLED_SIGN_SHARE in panel.quirks:
        share = float(np.sum(positive) / np.sum(panel.days_used))
    return _sign_test("generalised sign", panel, share, first, last)


def wilcoxon(panel: Panel, first: int, last: int) -> Statistic:
    """Wilcoxon's signed-rank sum of the CARs; exact p-value up to 50 events without ties."""
    car = panel.cumulative(first, last)
    sizes = stats.rankdata(np.abs(car))
    value = float(np.sum(sizes[car > 0]))
    p = float(stats.wilcoxon(car).pvalue) if car.size > 1 else 1.0
    return Statistic("Wilcoxon", value, p, float(np.mean(car)), car.size, "signed ranks")


def _all_days(panel: Panel) -> Floats:
    return np.hstack([panel.estimation, panel.window])


def _ranks(ar: Floats) -> tuple[Floats, Floats]:
    """Rank of each day within its asset, ties shared, NaN where missing; and the days of each asset."""
    have = np.isfinite(ar)
    ranks = np.asarray(stats.rankdata(np.where(have, ar, np.inf), axis=1), dtype=np.float64)
    return np.where(have, ranks, np.nan), have.sum(axis=1).astype(np.float64)


def _by_scores(test: str, panel: Panel, scores: Floats, first: int, last: int, *, missing_power: float) -> Statistic:
    """Mean score of the days ``first`` to ``last`` over its sd through time.

    A day's value is sum of scores / n_t^q, q = 1 (mean) or 1/2 (unit variance whatever n_t).
    """
    present = np.isfinite(scores).sum(axis=0)
    total = np.nansum(scores, axis=0)
    days = np.divide(total, present**missing_power, out=np.zeros_like(total), where=present > 0)
    divisor = float(np.count_nonzero(present))
    if Quirk.MISSING_DAYS_SCALED in panel.quirks:
        days = days * np.divide(panel.n_events, present, out=np.zeros_like(total), where=present > 0)
        divisor = float(np.mean(np.isfinite(scores).sum(axis=1)))
    sd = math.sqrt(float(np.sum(days**2)) / divisor)
    at = panel.columns(first, last)
    offset = panel.estimation.shape[1]
    length = last - first + 1
    estimate = float(np.mean(panel.cumulative(first, last)))
    if not sd > 0:
        return Statistic(test, math.nan, 1.0, estimate, panel.n_events, "not defined: the scores never vary")
    z = float(np.sum(days[offset + at.start : offset + at.stop])) / (sd * math.sqrt(length))
    if panel.n_events < NORMAL_FROM:
        rolled = np.convolve(days, np.ones(length), mode="valid") / (sd * math.sqrt(length))
        p = float(np.mean(np.abs(rolled) >= abs(z) - 1e-12))
        return Statistic(test, z, p, estimate, panel.n_events, "share of days as extreme")
    return Statistic(test, z, normal_p(z), estimate, panel.n_events, "normal")


def _sign_test(test: str, panel: Panel, share: float, first: int, last: int) -> Statistic:
    car = panel.cumulative(first, last)
    n = car.size
    if not 0 < share < 1:
        return Statistic(test, math.nan, 1.0, float(np.mean(car)), n, "not defined: every day has the same sign")
    z = (float(np.sum(car > 0)) - n * share) / math.sqrt(n * share * (1 - share))
    return Statistic(test, z, normal_p(z), float(np.mean(car)), n, f"normal, positive share {share:.3f}")

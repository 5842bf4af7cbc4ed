"""Present values, rates of return and payback of equally spaced flows.

A flow is positive when the operator receives it. ``flows[0]`` is paid now, ``flows[k]`` at the end of period k. A rate is per
period: turn a yearly one with ``periodic_rate``.
"""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

_LOWEST, _HIGHEST = -0.99, 100.0
"""Rates per period between which a return is looked for."""


def npv(flows: ArrayLike, rate: float) -> float:
    """``sum of flows[k] / (1 + rate)^k`` [USD]; the first flow is not discounted."""
    values = _flows(flows)
    return float(values @ discount_factors(len(values) - 1, rate))


def discount_factors(periods: int, rate: float) -> Floats:
    """Value now of one dollar at the end of period 0, 1, ... ``periods``, shape (periods + 1,)."""
    if not rate > -1:
        raise InputError(f"a rate of {rate} per period", "it is above -1", "Write 0.10 for 10 %.")
    out: Floats = np.power(1.0 + rate, -np.arange(periods + 1.0))
    return out


def annuity_factor(rate: float, periods: float) -> float:
    """Value now of one dollar at the end of each of ``periods`` periods: ``(1 - (1 + r)^-n) / r``, n at r = 0."""
    if not (rate > -1 and periods >= 0):
        raise InputError(f"{periods} periods at {rate}", "periods are at least 0 and the rate above -1", "Check both.")
    return periods if rate == 0 else -math.expm1(-periods * math.log1p(rate)) / rate


def periodic_rate(yearly: float, periods_per_year: int) -> float:
    """The rate per period that compounds to a yearly one: ``(1 + r)^(1/m) - 1``."""
    return math.expm1(math.log1p(yearly) / periods_per_year)


def irr(flows: ArrayLike) -> float:
    """The rate per period at which the flows are worth nothing today.

    Raises:
        InputError: The flows never change sign, or they do so more than once: then several rates may fit and none of them
            is a return. Use ``mirr``.
    """
    values = _flows(flows)
    signs = np.sign(values[values != 0])
    changes = int((signs[1:] != signs[:-1]).sum()) if len(signs) else 0
    if changes != 1:
        raise InputError(
            f"flows that change sign {changes} times",
            "a rate of return is defined where they do so once",
            "Use the present value, or mirr.",
        )
    # The sum in powers of 1 / (1 + r) has one positive root by Descartes' rule; it may lie outside the range searched.
    if _signed(_LOWEST, values) * _signed(_HIGHEST, values) > 0:
        raise InputError(
            "flows without a rate of return between -99 % and 10,000 %", "there is one", "Check the units of the flows."
        )
    return float(brentq(_signed, _LOWEST, _HIGHEST, args=(values,), xtol=1e-14))


def _signed(rate: float, values: Floats) -> float:
    """The present value over its largest discount factor: the same sign, and no overflow over decades of months."""
    growth = math.log1p(rate) * np.arange(len(values))
    return float(values @ np.exp(-growth - max(0.0, -float(growth[-1]))))


def mirr(flows: ArrayLike, *, finance_rate: float, reinvest_rate: float) -> float:
    """Modified rate of return: what is paid is financed at one rate, what is received reinvested at another."""
    values = _flows(flows)
    n = len(values) - 1
    paid = npv(np.minimum(values, 0.0), finance_rate)
    received = npv(np.maximum(values, 0.0), reinvest_rate)
    if not (paid < 0 < received):
        raise InputError("flows of one sign", "a return needs both signs", "Use the present value.")
    return float((received / -paid) ** (1 / n) * (1 + reinvest_rate) - 1)


def payback_periods(flows: ArrayLike) -> float | None:
    """Periods until what was paid has come back, undiscounted, linear within a period; None when it never stays back."""
    total = np.cumsum(_flows(flows))
    if total[-1] < 0:
        return None
    below = np.flatnonzero(total < 0)
    if not len(below):
        return 0.0
    last = int(below[-1])
    return last + float(-total[last] / (total[last + 1] - total[last]))


def irr_by_path(flows_usd: Floats) -> Floats:
    """Rate per period of every row at which it is worth nothing, shape (paths,); NaN where no rate is a return.

    A row has one positive rate where its running total changes sign once and ends above zero (Norstrom 1972), which bears single
    months that lose money later, as mines have. Rows that never pay back have none.
    """
    total = np.cumsum(flows_usd, axis=1)
    sign = np.where(total == 0, 0, np.sign(total))
    filled = np.where(sign == 0, -1, sign)
    single = ((filled[:, 1:] != filled[:, :-1]).sum(axis=1) == 1) & (total[:, -1] > 0) & (sign == -1).any(axis=1)
    out = np.full(len(flows_usd), np.nan)
    rows, k = flows_usd[single], np.arange(flows_usd.shape[1])
    low, high = np.zeros(len(rows)), np.full(len(rows), math.log1p(_HIGHEST))
    for _ in range(60):
        middle = (low + high) / 2
        above = np.einsum("pk,pk->p", rows, np.exp(-middle[:, None] * k)) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    out[single] = np.expm1((low + high) / 2)
    return out


def payback_by_path(flows_usd: Floats) -> Floats:
    """Periods until each row's running total stays at zero or above, linear within a period, shape (paths,); infinite where never."""
    total = np.cumsum(flows_usd, axis=1)
    below = total < 0
    last = below.shape[1] - 1 - np.argmax(below[:, ::-1], axis=1)
    rows = np.arange(len(total))
    after = np.minimum(last + 1, total.shape[1] - 1)
    step = total[rows, after] - total[rows, last]
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = last + np.where(step > 0, -total[rows, last] / step, np.inf)
    return np.where(~below.any(axis=1), 0.0, np.where(below[:, -1], np.inf, out))


def _flows(flows: ArrayLike) -> Floats:
    values = np.asarray(flows, dtype=np.float64)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise InputError(
            f"flows of shape {values.shape} with {int((~np.isfinite(values)).sum())} values missing",
            "they are one row of finite numbers, one per period",
            "Fill or cut the gap before valuing it.",
        )
    return values

"""What an AI hall will draw: a blend of the last value and the same time on earlier days, and quantiles of the ramp.

A training hall under contract is nearly flat: what is known is the contract and how much of it is used. An inference
hall follows its users through day and week. For the grid what matters is the step (a job starts, a checkpoint is
written), so beside the level stand quantiles of the *change* over the horizon, taken from the residuals of the same lead
time: a better mean does not show a step, a quantile does.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

LEAST_DAYS = 2


def contracted_load_mw(contract_mw: float, used_mw: Floats) -> float:
    """Expected draw of a training hall: contract x utilisation, the median of what it used of it [MW].

    Args:
        contract_mw: Contracted IT power [MW].
        used_mw: Power drawn in known intervals [MW], shape (n,); may be empty for a hall that is new: then all of it.
    """
    known = used_mw[np.isfinite(used_mw)]
    share = float(np.median(known)) / contract_mw if len(known) else 1.0
    return contract_mw * min(share, 1.0)


@dataclass(frozen=True, slots=True)
class HallLoadModel:
    """A fitted blend for one lead time.

    Attributes:
        steps_per_day: Intervals in a day.
        lead: Intervals from the last known one to the one forecast, at least 1.
        last_weight: Weight of the last value; the rest is on the mean of the same time on earlier days.
        residual: Sorted residuals of the past, shape (n,), in the unit of the load.
    """

    steps_per_day: int
    lead: int
    last_weight: float
    residual: Floats

    @classmethod
    def fit(cls, load: Floats, *, steps_per_day: int, lead: int) -> "HallLoadModel":
        """Fit by least squares on known loads in order of time.

        Raises:
            InputError: Fewer than two days, or a lead of none or more than a day.
        """
        if len(load) < LEAST_DAYS * steps_per_day + lead or not 1 <= lead <= steps_per_day:
            raise InputError(
                f"{len(load)} intervals of load for a lead of {lead}",
                f"the same time on earlier days needs {LEAST_DAYS} days and a lead of at most one",
                "Hand in a longer load, or a shorter lead.",
            )
        last, usual = _members(load, steps_per_day, lead)
        gap, target = last - usual, load[steps_per_day + lead :] - usual
        there = np.isfinite(gap + target)
        square = float(gap[there] @ gap[there])
        weight = float(np.clip(gap[there] @ target[there] / square, 0.0, 1.0)) if square > 0 else 1.0
        return cls(steps_per_day, lead, weight, np.sort((target - weight * gap)[there]))

    def predict(self, load: Floats) -> Floats:
        """The load ``lead`` intervals after each one from the second day on, shape (n - steps_per_day,)."""
        padded = np.concatenate((load, np.full(self.lead, np.nan)))
        last, usual = _members(padded, self.steps_per_day, self.lead)
        out: Floats = self.last_weight * last + (1 - self.last_weight) * usual
        return out

    def quantiles(self, point: Floats, levels: tuple[float, ...]) -> Floats:
        """Quantiles of the load around a forecast, shape (n, levels)."""
        out: Floats = point[:, np.newaxis] + np.quantile(self.residual, levels)
        return out

    def ramp_quantiles(self, point: Floats, last: Floats, levels: tuple[float, ...]) -> Floats:
        """Quantiles of the change from the last known value, shape (n, levels)."""
        return self.quantiles(point - last, levels)


def _members(load: Floats, day: int, lead: int) -> tuple[Floats, Floats]:
    """For each target from one day and ``lead`` on: the last known value, and the mean of its time on known days."""
    n = len(load)
    targets = np.arange(day + lead, n)
    total, count = np.zeros(len(targets)), np.zeros(len(targets))
    for back in range(1, 8):
        at = targets - back * day
        there = (at >= 0) & np.isfinite(load[np.maximum(at, 0)])
        total += np.where(there, load[np.maximum(at, 0)], 0.0)
        count += there
    usual = np.divide(total, count, out=np.full(len(targets), np.nan), where=count > 0)
    return load[targets - lead], usual

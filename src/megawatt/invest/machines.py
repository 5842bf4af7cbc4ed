"""Machines over the years: how worn they are, and whether the worn ones are replaced.

Operations of a mine (from its dispatch, or from monthly means) assume that machines are always renewed at the end of their life. Whether
they are is decided here, path by path: where the margin of the year before, had the machines been new, would pay for the new ones
over their life. Where it would not, mining ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats

MONTHS = 12


@dataclass(frozen=True, slots=True)
class Machines:
    """A fleet.

    Attributes:
        price_usd: Of replacing all of it [USD].
        life_years: After which it is replaced by an equal one, new.
        age_years: Today.
        degradation_per_year: Share of the hash rate lost a year.
    """

    price_usd: float
    life_years: float
    age_years: float = 0.0
    degradation_per_year: float = 0.0

    def ages(self, months: int) -> Floats:
        """Age in each month if machines are always replaced, shape (months,) [years]."""
        out: Floats = (self.age_years + np.arange(months) / MONTHS) % self.life_years
        return out

    def hash_factor(self, months: int) -> Floats:
        """Hash rate in each month / hash rate when new, shape (months,)."""
        out: Floats = (1 - self.degradation_per_year) ** self.ages(months)
        return out

    def renewed(self, margin_usd: Floats) -> tuple[NDArray[np.bool_], Floats]:
        """Whether the machines still run, and what new ones cost, by path and month.

        Args:
            margin_usd: What they would earn after running costs if always replaced, shape (paths, months) [USD].

        Returns:
            Whether they stand, and the price paid in the months of replacement [USD, at least 0], each (paths, months).
        """
        ages = self.ages(margin_usd.shape[1])
        stand, bought = np.ones(margin_usd.shape, dtype=np.bool_), np.zeros(margin_usd.shape)
        worn = (1 - self.degradation_per_year) ** max(self.life_years - 1, 0.0)
        for month in np.flatnonzero(np.diff(ages, prepend=ages[0]) < 0):
            year_before = (margin_usd * stand - bought)[:, max(month - MONTHS, 0) : month].mean(axis=1) * MONTHS / worn
            pays = stand[:, month] & (year_before * self.life_years >= self.price_usd)
            stand[:, month:] &= pays[:, None]
            bought[:, month] = np.where(pays, self.price_usd, 0.0)
        return stand, bought

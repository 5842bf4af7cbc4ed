"""Quantile tables: a distribution per cell, as the parameters of a price model.

A table maps a standard normal score z and a cell (season and hour, or a range of a driving price) to a value. Between
two knots the value is linear in z; beyond the outer knots it stays at the outermost value, so that no price is made
that lies beyond what the fitted year has seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from megawatt.core.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class QuantileTable:
    """Quantiles of one quantity in several cells.

    Attributes:
        levels: Shape (K,), probabilities of the knots, rising, within (0, 1).
        values: Shape (cells, K), not falling along a row; in the unit of the quantity.
        edges: Shape (bins - 1,): limits of the driving price's ranges; empty when cells are not ranges of a price.
    """

    levels: Floats
    values: Floats
    edges: Floats

    def __post_init__(self) -> None:
        rising = bool((np.diff(self.levels) > 0).all()) and self.levels[0] > 0 and self.levels[-1] < 1
        if not rising or self.values.ndim != 2 or self.values.shape[1] != len(self.levels):
            raise InputError(
                f"a quantile table has {len(self.levels)} levels and values of shape {self.values.shape}",
                "levels rise within (0, 1) and each row has one value a level",
                "Fit the model again with scripts/fit_price_model.py.",
            )
        if not np.isfinite(self.values).all() or (np.diff(self.values, axis=1) < 0).any():
            raise InputError(
                "a row of a quantile table falls or has no value",
                "quantiles do not fall with their level",
                "Fit the model again with scripts/fit_price_model.py.",
            )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], levels: Sequence[float]) -> "QuantileTable":
        """Read ``{"values": [[...]], "edges": [...]}``."""
        return cls(
            np.asarray(levels, dtype=np.float64),
            np.asarray(data["values"], dtype=np.float64),
            np.asarray(data.get("edges", []), dtype=np.float64),
        )

    def at(self, cell: Ints, z: Floats) -> Floats:
        """Value of each cell at each normal score, shapes equal."""
        knots = ndtri(self.levels)
        right = np.clip(np.searchsorted(knots, z), 1, len(knots) - 1)
        share = np.clip((z - knots[right - 1]) / (knots[right] - knots[right - 1]), 0.0, 1.0)
        value: Floats = (1 - share) * self.values[cell, right - 1] + share * self.values[cell, right]
        return value

    def bins(self, driver: Floats) -> Ints:
        """Range of the driving price in which each value of ``driver`` lies."""
        return np.digitize(driver, self.edges).astype(np.int64)

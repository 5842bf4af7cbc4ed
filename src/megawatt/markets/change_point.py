"""Breaks of the mean, found exactly: the split into m + 1 segments with the smallest sum of squares.

Dynamic programming over all positions (Bellman; Auger, Lawrence 1989), O(m n^2): every day is a candidate. The number of breaks
is the one with the smallest BIC = n log(SS / n) + (2 m + 2) log n, unless it is given.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True)
class Breaks:
    """Segments of constant mean.

    Attributes:
        starts: First row of each segment after the first.
        means: Mean of each segment.
        sum_of_squares: Sum of squared deviations from them.
    """

    starts: tuple[int, ...]
    means: tuple[float, ...]
    sum_of_squares: float


def mean_breaks(values: Floats, breaks: int | None = None, *, most: int = 5, shortest: int = 2) -> Breaks:
    """Best split of ``values`` into segments of constant mean.

    Args:
        values: Shape (n,), finite.
        breaks: Number of breaks, or None to choose by BIC up to ``most``.
        most: Largest number that is tried.
        shortest: Fewest rows of a segment.
    """
    n = values.size
    count = most if breaks is None else breaks
    if not np.isfinite(values).all() or shortest < 1 or n < shortest * (count + 1):
        raise InputError(
            f"{n} values for {count} breaks", f"each segment has {shortest} finite values", "Ask for fewer breaks."
        )
    cost = _costs(values - float(np.mean(values)), shortest)
    best, back = [cost[0]], []
    for _ in range(count):
        # candidate[s, e]: the last segment is the rows s to e (exclusive).
        candidate = best[-1][:, None] + cost
        back.append(np.argmin(candidate, axis=0))
        best.append(np.min(candidate, axis=0))
    squares = np.array([row[n] for row in best])
    if breaks is None:
        floor = max(float(squares[0]) * 1e-15, 1e-300)
        bic = n * np.log(np.maximum(squares, floor) / n) + 2 * (np.arange(count + 1) + 1) * np.log(n)
        breaks = int(np.argmin(bic))
    starts: list[int] = []
    end = n
    for level in range(breaks - 1, -1, -1):
        end = int(back[level][end])
        starts.append(end)
    starts.reverse()
    means = tuple(float(np.mean(part)) for part in np.split(values, starts))
    return Breaks(tuple(starts), means, float(squares[breaks]))


def _costs(values: Floats, shortest: int) -> Floats:
    """Sum of squares about the mean of the rows s to e, shape (n + 1, n + 1); infinite where too short."""
    n = values.size
    total = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    length = np.arange(n + 1)[None, :] - np.arange(n + 1)[:, None]
    fits = length >= shortest
    safe = np.where(fits, length, 1)
    cost = (squares[None, :] - squares[:, None]) - (total[None, :] - total[:, None]) ** 2 / safe
    return np.asarray(np.where(fits, np.maximum(cost, 0.0), np.inf))

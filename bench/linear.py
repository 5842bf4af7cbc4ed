"""A mixed-integer linear programme as growing lists of columns and rows: what every general solver is handed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_COLUMN = -1
"""Stands in a term for 'nothing here'."""

Term = tuple[Ints, Floats | float]
"""Columns, one a row, and their coefficients."""


@dataclass(slots=True)
class Linear:
    """Minimise ``cost x + constant`` over ``lower <= A x <= upper``, ``least <= x <= most``, some columns whole."""

    constant: float = 0.0
    _columns: list[tuple[Floats, ...]] = field(default_factory=list)
    _rows: list[tuple[Floats, Floats]] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    width: int = 0
    height: int = 0

    def columns(
        self, n: int, *, cost: ArrayLike = 0.0, least: ArrayLike = 0.0, most: ArrayLike = np.inf, whole: bool = False
    ) -> Ints:
        """Add n columns; their numbers."""
        self._columns.append(tuple(_filled(one, n) for one in (cost, least, most, float(whole))))
        self.width += n
        return np.arange(self.width - n, self.width)

    def rows(self, n: int, terms: Iterable[Term], *, lower: ArrayLike = -np.inf, upper: ArrayLike = np.inf) -> None:
        """Add n rows ``lower <= sum of coefficient * column <= upper``; each term has n columns."""
        for columns, coefficient in terms:
            there = columns != NO_COLUMN
            value = _filled(coefficient, n)
            there &= value != 0
            self._entries.append((self.height + np.flatnonzero(there), columns[there], value[there]))
        self._rows.append((_filled(lower, n), _filled(upper, n)))
        self.height += n

    def sums(self, n: int, row: Ints, columns: Ints, *, lower: ArrayLike, upper: ArrayLike) -> None:
        """Add n rows, each the plain sum of the columns that name it in ``row``."""
        self._entries.append((self.height + row, columns, np.ones(len(columns))))
        self._rows.append((_filled(lower, n), _filled(upper, n)))
        self.height += n

    def add_cost(self, columns: Ints, cost: ArrayLike) -> None:
        """Raise the cost of columns."""
        extra = np.zeros(self.width)
        np.add.at(extra, columns, cost)
        at = 0
        for own, *_ in self._columns:
            np.add(own, extra[at : at + len(own)], out=own)
            at += len(own)

    @property
    def cost(self) -> Floats:
        """Cost of each column."""
        return np.concatenate([one[0] for one in self._columns])

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Least and most of each column."""
        return np.concatenate([one[1] for one in self._columns]), np.concatenate([one[2] for one in self._columns])

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which columns are whole numbers."""
        return np.concatenate([one[3] for one in self._columns]) > 0

    @property
    def limits(self) -> tuple[Floats, Floats]:
        """Lower and upper side of each row."""
        return np.concatenate([one[0] for one in self._rows]), np.concatenate([one[1] for one in self._rows])

    @property
    def matrix(self) -> sparse.csr_array:
        """Coefficients by row; entries that name the same place add up."""
        row, column, value = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        return sparse.csr_array(sparse.coo_array((value, (row, column)), shape=(self.height, self.width)))


def before(columns: Ints, steps: int) -> Ints:
    """The column of ``steps`` intervals earlier, `NO_COLUMN` where that lies before the horizon."""
    if steps == 0:
        return columns
    return np.concatenate([np.full(min(steps, len(columns)), NO_COLUMN), columns[:-steps]])


def _filled(value: ArrayLike, n: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), n))

"""A sparse mixed-integer programme put together by named groups of columns and rows, and handed to HiGHS.

Every group of rows has a name a person would use ("meter limit"), so that an infeasible site can be explained by the
names of the limits that conflict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INF = highspy.kHighsInf

Entry = tuple[ArrayLike, ArrayLike, ArrayLike]
"""Row within the group, column, coefficient; the three broadcast to one shape."""


@dataclass(slots=True)
class Programme:
    """Minimise ``cost x`` over ``lower <= A x <= upper`` and bounds, some columns integer."""

    columns: int = 0
    rows: int = 0
    _lo: list[Floats] = field(default_factory=list)
    _hi: list[Floats] = field(default_factory=list)
    _cost: list[Floats] = field(default_factory=list)
    _integer: list[NDArray[np.bool_]] = field(default_factory=list)
    _row_lo: list[Floats] = field(default_factory=list)
    _row_hi: list[Floats] = field(default_factory=list)
    _entries: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    row_groups: list[tuple[str, int, int]] = field(default_factory=list)
    column_groups: list[tuple[str, int, int]] = field(default_factory=list)

    def add_columns(
        self, name: str, n: int, *, lo: ArrayLike = 0.0, hi: ArrayLike = INF, cost: ArrayLike = 0.0, whole: bool = False
    ) -> Ints:
        """Add ``n`` columns and return their numbers, shape (n,)."""
        self._lo.append(_full(lo, n))
        self._hi.append(_full(hi, n))
        self._cost.append(_full(cost, n))
        self._integer.append(np.full(n, whole))
        self.column_groups.append((name, self.columns, n))
        numbers = np.arange(self.columns, self.columns + n)
        self.columns += n
        return numbers

    def add_rows(
        self,
        name: str,
        n: int,
        entries: Sequence[Entry],
        *,
        lo: ArrayLike,
        hi: ArrayLike,
    ) -> Ints:
        """Add ``n`` rows; each entry is (row within the group, column, coefficient), broadcast to one shape."""
        for row, column, value in entries:
            r, c, v = np.broadcast_arrays(
                np.asarray(row, dtype=np.int64), np.asarray(column, dtype=np.int64), np.asarray(value, dtype=np.float64)
            )
            self._entries.append((self.rows + r.ravel(), c.ravel(), v.ravel()))
        self._row_lo.append(_full(lo, n))
        self._row_hi.append(_full(hi, n))
        self.row_groups.append((name, self.rows, n))
        numbers = np.arange(self.rows, self.rows + n)
        self.rows += n
        return numbers

    def extend_rows(self, rows: Ints, column: ArrayLike, value: ArrayLike) -> None:
        """Add an entry to each of these rows; columns and coefficients broadcast to their shape."""
        r, c, v = np.broadcast_arrays(rows, np.asarray(column, dtype=np.int64), np.asarray(value, dtype=np.float64))
        self._entries.append((r.ravel(), c.ravel(), v.ravel()))

    def absorb(self, other: "Programme", *, weight: float) -> int:
        """Append another programme as a block of its own, its cost times ``weight``; returns its first column."""
        column, row = self.columns, self.rows
        for name in ("_lo", "_hi", "_integer", "_row_lo", "_row_hi"):
            getattr(self, name).extend(getattr(other, name))
        self._cost.append(weight * other.cost)
        matrix = sparse.coo_array(other.matrix())
        r, c = matrix.coords
        self._entries.append((row + r.astype(np.int64), column + c.astype(np.int64), matrix.data))
        self.column_groups += [(name, column + first, n) for name, first, n in other.column_groups]
        self.row_groups += [(name, row + first, n) for name, first, n in other.row_groups]
        self.columns += other.columns
        self.rows += other.rows
        return column

    @property
    def cost(self) -> Floats:
        """Cost of every column, shape (columns,)."""
        return np.concatenate(self._cost)

    def row_name(self, row: int) -> tuple[str, int]:
        """Group of a row and its place in the group."""
        for name, first, n in self.row_groups:
            if first <= row < first + n:
                return name, row - first
        raise IndexError(row)

    def column_name(self, column: int) -> tuple[str, int]:
        """Group of a column and its place in the group."""
        for name, first, n in self.column_groups:
            if first <= column < first + n:
                return name, column - first
        raise IndexError(column)

    @property
    def whole(self) -> NDArray[np.bool_]:
        """Which columns are integer, shape (columns,)."""
        return np.concatenate(self._integer)

    def lp(self, *, relax: bool = False, fixed: Floats | None = None) -> highspy.HighsLp:
        """The programme as HiGHS takes it.

        Args:
            relax: Leave out the integrality.
            fixed: Values at which the integer columns are fixed, shape (columns,); implies ``relax``.
        """
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.columns, self.rows
        lo, hi, whole = np.concatenate(self._lo), np.concatenate(self._hi), self.whole
        if fixed is not None:
            lo, hi = np.where(whole, fixed, lo), np.where(whole, fixed, hi)
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = self.cost, lo, hi
        lp.row_lower_ = np.concatenate(self._row_lo) if self.rows else np.zeros(0)
        lp.row_upper_ = np.concatenate(self._row_hi) if self.rows else np.zeros(0)
        matrix = self.matrix()
        lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
        if not relax and fixed is None and whole.any():
            kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
            lp.integrality_ = [kinds[int(w)] for w in whole]
        return lp

    def matrix(self) -> sparse.csr_array:
        """The coefficients, shape (rows, columns)."""
        if not self._entries:
            return sparse.csr_array((self.rows, self.columns))
        r, c, v = (np.concatenate(part) for part in zip(*self._entries, strict=True))
        return sparse.csr_array(sparse.coo_array((v, (r, c)), shape=(self.rows, self.columns)))


def _full(value: ArrayLike, n: int) -> Floats:
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)))

"""The formulation given to the peers that take a matrix: equal blocks as one count, switches in the tight form.

Per class with n blocks and columns N (running), V (started), W (stopped), each in [0, n]:

    N_t - N_{t-1} - V_t + W_t = 0                    N_{-1} = n
    V_{t-U+1} + .. + V_t <= N_t                      a started block still runs
    W_{t-D+1} + .. + W_t <= n - N_t                  a stopped block still rests

(Rajan and Takriti 2005, IBM RC23628, on counts.) Its linear relaxation is integral here, so that the linear programme
is the better model; the plan that comes out is checked for whole numbers. Tried and slower with HiGHS: cumulative
starts and stops (the dual of a network flow), primal simplex, the interior point, and the presolve, without which the
dual simplex needs a quarter of the time or less.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bench.instances import Class, Instance
from bench.plan_check import Counts

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Minimise ``cost x`` over ``lower <= A x <= upper``, ``0 <= x <= most``."""

    cost: Floats
    most: Floats
    a: sparse.csr_array
    lower: Floats
    upper: Floats
    whole: NDArray[np.bool_]


def matrix(instance: Instance) -> Matrix:
    """The whole site; classes one after the other."""
    parts = [_class(instance, c) for c in instance.classes()]
    a = sparse.csr_array(sparse.block_diag([p.a for p in parts], format="csr"))
    vectors = [np.concatenate([getattr(p, name) for p in parts]) for name in ("cost", "most")]
    rows = [np.concatenate([getattr(p, name) for p in parts]) for name in ("lower", "upper", "whole")]
    return Matrix(vectors[0], vectors[1], a, *rows)


def counts(instance: Instance, x: Floats) -> Counts:
    """Running blocks from the columns, shape (C, T)."""
    out: Counts = x.reshape(-1, 3, instance.T)[:, 0]
    return out


def _class(instance: Instance, c: Class) -> Matrix:
    T, n = instance.T, float(c.blocks)
    eye = sparse.eye_array(T, format="csr")
    started = _band(T, instance.min_up)
    stopped = _band(T, instance.min_down)
    none, change = sparse.csr_array((T, T)), sparse.csr_array(eye - sparse.eye_array(T, k=-1))
    groups: list[list[Any]] = [[change, -eye, eye], [-eye, started, none], [eye, none, stopped]]
    a = sparse.vstack([sparse.hstack(group) for group in groups], format="csr")
    before = np.zeros(T)
    before[0] = n
    free = np.full(2 * T, -np.inf)
    return Matrix(
        np.concatenate([-c.margin_usd, np.full(T, c.start_usd), np.full(T, c.stop_usd)]),
        np.full(3 * T, n),
        a,
        np.concatenate([before, free]),
        np.concatenate([before, np.zeros(T), np.full(T, n)]),
        np.repeat([True, False, False], T),
    )


def _band(T: int, steps: int) -> sparse.dia_array:
    """Sum over the last ``steps`` intervals as a matrix."""
    return sparse.diags_array(
        [np.ones(max(T - i, 0)) for i in range(steps)], offsets=list(range(0, -steps, -1)), shape=(T, T)
    )

"""The kernels against the conditions that define a lasso, closed forms, and another library."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from megawatt.forecast.lasso import aic_penalties, lasso

Floats = NDArray[np.float64]


def problem(seed: int, n: int, p: int, H: int = 3, alike: float = 0.0) -> tuple[Floats, Floats]:
    """Centred columns, as alike as neighbouring hours when asked, and targets that a few of them explain."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) + alike * rng.normal(size=(n, 1))
    Y = X[:, :H] + X[:, 1 : H + 1] - 0.5 * X[:, 2 : H + 2] + rng.normal(size=(n, H))
    return X - X.mean(axis=0), Y - Y.mean(axis=0)


def broken(X: Floats, Y: Floats, penalties: Floats, w: Floats) -> float:
    """By how much the conditions of the optimum are broken, in units of the penalty: X'(y - Xw) lies within it, and on its sign where w is not zero."""
    slope = X.T @ (Y - X @ w)
    inside = np.maximum(np.abs(slope) - penalties, 0)
    return float((np.where(w == 0, inside, np.abs(slope - penalties * np.sign(w))) / penalties).max())


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(6, 60),
    p=st.integers(5, 40),
    share=st.floats(0.001, 0.9),
    alike=st.sampled_from([0.0, 3.0]),
)
def test_the_coefficients_meet_the_conditions_of_the_optimum(
    seed: int, n: int, p: int, share: float, alike: float
) -> None:
    X, Y = problem(seed, n, p, alike=alike)
    cross = X.T @ Y
    penalties, w = share * np.abs(cross).max(axis=0), np.zeros(cross.shape)
    lasso(X.T @ X, cross, penalties, w)
    assert broken(X, Y, penalties, w) < 1e-6


def test_a_start_from_yesterday_gives_what_a_start_from_nothing_gives() -> None:
    X, Y = problem(1, 200, 60, alike=2.0)
    gram, cross = X.T @ X, X.T @ Y
    cold, warm = np.zeros(cross.shape), np.zeros(cross.shape)
    lasso(X[:-5].T @ X[:-5], X[:-5].T @ Y[:-5], np.full(3, 4.0), warm)
    slow = lasso(gram, cross, np.full(3, 5.0), cold)
    quick = lasso(gram, cross, np.full(3, 5.0), warm)
    np.testing.assert_allclose(warm, cold, atol=1e-8)
    assert quick < slow


def test_a_penalty_above_every_correlation_leaves_nothing() -> None:
    X, Y = problem(2, 50, 10)
    cross, w = X.T @ Y, np.ones((10, 3))
    lasso(X.T @ X, cross, 1.01 * np.abs(cross).max(axis=0), w)
    assert not w.any()


def test_the_same_column_twice_is_used_once() -> None:
    X, Y = problem(3, 50, 10)
    X = np.hstack([X, X[:, :1]])
    cross, w = X.T @ Y, np.zeros((11, 3))
    lasso(X.T @ X, cross, np.full(3, 1.0), w)
    assert broken(X, Y, np.full(3, 1.0), w) < 1e-6


def test_on_orthogonal_columns_the_path_is_known() -> None:
    """The knots are the correlations in falling order, and each step lowers the residual by a sum of squares."""
    rng = np.random.default_rng(4)
    n, p = 40, 8
    X = np.linalg.qr(rng.normal(size=(n, p)))[0]
    c = np.sort(rng.normal(0, 1, p))[::-1] ** 3
    y = X @ c + 0.05 * rng.normal(size=n)
    c = X.T @ y
    levels = np.append(np.sort(np.abs(c))[::-1], 0.0)
    criterion = [
        n * (y @ y - (np.maximum(np.abs(c) ** 2 - level**2, 0)).sum()) / (y @ y) + 2 * (np.abs(c) > level + 1e-12).sum()
        for level in levels
    ]
    got = aic_penalties(X.T @ X, c[:, None], np.array([y @ y]), n, np.zeros(1))
    assert got[0] == pytest.approx(levels[int(np.argmin(criterion))], abs=1e-9)


@pytest.mark.parametrize(("n", "p", "alike"), [(120, 40, 0.0), (120, 40, 3.0), (30, 60, 1.0)])
def test_the_penalties_are_those_of_the_path_of_another_library(n: int, p: int, alike: float) -> None:
    linear = pytest.importorskip("sklearn.linear_model")
    X, Y = problem(5, n, p, alike=alike)
    X /= np.sqrt((X**2).sum(axis=0))
    squares = (Y**2).sum(axis=0)
    floor = np.zeros(3)
    if n > p:
        floor[:] = 0.999 * np.linalg.lstsq(X, Y, rcond=None)[1]
    got = aic_penalties(X.T @ X, X.T @ Y, squares, n, floor)
    for h in range(3):
        alphas, _, path = linear.lars_path(X, Y[:, h], method="lasso")
        rss = ((Y[:, h : h + 1] - X @ path) ** 2).sum(axis=0)
        best = np.argmin(n * rss / squares[h] + 2 * (np.abs(path) > 1e-12).sum(axis=0))
        assert got[h] == pytest.approx(alphas[best] * n, rel=1e-6)
